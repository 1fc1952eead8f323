using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;
using Bauta.Wallet.Tokens;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    /// <summary>
    /// Turns tokens that are partly spent, doubtful, revoked or near their end into fresh ones that cannot be linked to
    /// them: each alone, in its own exchange and in random order.
    /// </summary>
    /// <param name="margin">Tokens that can be spent for less than this are refreshed too.</param>
    /// <param name="progress">Told after each token.</param>
    /// <param name="cancellation">Gives up; what was begun is resumed later.</param>
    /// <returns>How many tokens were turned into fresh ones.</returns>
    public async Task<int> RefreshAsync(
        TimeSpan margin, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        await IssuePlannedAsync(cancellation);
        var book = await DenominationsAsync(cancellation);
        var before = Now.AddSeconds((long)margin.TotalSeconds);
        var held = await Store.TokensAsync(TokenState.Held, cancellation);
        var chosen = (await Store.TokensAsync(TokenState.Doubtful, cancellation))
            .Concat(held.Where(token => token.Remaining < token.Value || NeedsFresh(token, book, before)))
            .ToArray();
        await BeginRefreshAsync(chosen, cancellation);
        return await ResumeRefreshesAsync(progress, cancellation);
    }

    /// <summary>
    /// Exchanges what is left of every token of a revoked key for fresh ones, at its whole value. Nothing is asked
    /// when there are no tokens.
    /// </summary>
    /// <param name="progress">Told when there is something to exchange.</param>
    /// <param name="cancellation">Gives up; what was begun is resumed later.</param>
    /// <returns>How many tokens were exchanged.</returns>
    public async Task<int> RecoupAsync(IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var kept = (await Store.TokensAsync(TokenState.Held, cancellation))
            .Concat(await Store.TokensAsync(TokenState.Doubtful, cancellation)).ToArray();
        if (kept.Length == 0)
            return 0;
        var book = await DenominationsAsync(cancellation);
        var revoked = kept.Where(token => book.Find(token.TokenKeyId) is { IsRevoked: true }).ToArray();
        if (revoked.Length == 0)
            return 0;
        var currency = await CurrencyAsync(cancellation);
        progress?.Report(new WalletStep("recoup",
            $"the bank revoked a key: {revoked.Length} token(s) worth {currency.Format(Sum(revoked))} are exchanged "
            + "for fresh ones"));
        await BeginRefreshAsync(revoked, cancellation);
        return await ResumeRefreshesAsync(progress, cancellation);
    }

    private static bool NeedsFresh(WalletToken token, DenominationBook book, UnixTime before) =>
        book.Find(token.TokenKeyId) is { } key && (key.IsRevoked || key.Terms.SpendUntil <= before);

    private Task BeginRefreshAsync(IReadOnlyCollection<WalletToken> tokens, CancellationToken cancellation) =>
        Store.Database.WriteAsync(
            transaction =>
            {
                foreach (var token in tokens)
                {
                    using var secret = Store.Seed.Token(token.TokenKeyId, token.Number);
                    using var reserveKey = secret.RefreshReserveKey();
                    TokenTable.SetState(transaction, token, TokenState.Refreshing, token.Remaining);
                    // Not open: until its refresh is done nobody reads it beside others, which would link them.
                    transaction.Execute(
                        "INSERT INTO reserves (name, token_key_id, token_number, open) VALUES ($1, $2, $3, $4) "
                        + "ON CONFLICT (name) DO NOTHING",
                        Store.NameOf(ReserveId.Of(reserveKey.PublicKey)), token.TokenKeyId, token.Number, false);
                }
            },
            cancellation);

    private async Task<int> ResumeRefreshesAsync(
        IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var tokens = (await Store.TokensAsync(TokenState.Refreshing, cancellation)).ToArray();
        if (tokens.Length == 0)
            return 0;
        RandomNumberGenerator.Shuffle(tokens.AsSpan());
        var book = await DenominationsAsync(cancellation);
        var refreshed = 0;
        WalletException? failed = null;
        foreach (var (done, token) in tokens.Index())
        {
            progress?.Report(WalletStep.UnderWay("refresh", "refreshing token", done + 1, tokens.Length));
            await PauseAsync(cancellation);
            try
            {
                if (await RefreshOneAsync(token, book, cancellation))
                    refreshed++;
            }
            catch (WalletException refused)
            {
                // One token that the bank refuses for now does not hold up the others.
                failed = refused;
            }
        }

        await IssuePlannedAsync(cancellation);
        return failed is null ? refreshed : throw failed;
    }

    /// <summary>One token, one exchange. The reserve derives from the token, so that its answer is found
    /// again.</summary>
    private async Task<bool> RefreshOneAsync(
        WalletToken token, DenominationBook book, CancellationToken cancellation)
    {
        using var secret = Store.Seed.Token(token.TokenKeyId, token.Number);
        using var key = secret.Key();
        using var reserveKey = secret.RefreshReserveKey();
        var reserve = ReserveId.Of(reserveKey.PublicKey);
        var answer = await AskRefreshAsync(token, secret, key, reserve, book, cancellation);
        if (answer.IsOk)
        {
            if (answer.Value.Notice is { } notice)
            {
                var funded = await network.Bank.FundAsync(new FundingRequest(notice), cancellation);
                if (!funded.IsOk)
                    throw Refused("The issuer refused the notice of a refresh", funded.Error.Value, funded.Detail);
            }
        }

        var state = answer.IsOk ? TokenState.Gone : EndOf(token, answer.Error.Value, book);
        if (state is null)
            throw Refused("The bank refused a refresh", answer.Error!.Value, answer.Detail);
        // Also after a refusal: the reserve may have been credited by an order whose answer was lost, before the key
        // was revoked. What is planned from it and the token's end are one write, so that it is planned once.
        var wallet = new WalletReserve(Store.NameOf(reserve), null, token.TokenKeyId, token.Number, false);
        var balance = state == TokenState.Gone ? await ReserveBalanceAsync(wallet, cancellation) : Amount.Zero;
        var plan = balance > Amount.Zero ? Plan(wallet, balance, book, isAll: true) : null;
        await Store.Database.WriteAsync(
            transaction =>
            {
                if (plan is not null)
                    Write(transaction, plan);
                TokenTable.SetState(
                    transaction, token, state, state == TokenState.Gone ? Amount.Zero : token.Remaining);
            },
            cancellation);
        return answer.IsOk;
    }

    /// <summary>
    /// What becomes of a token that the bank refuses to refresh; null when it is kept and asked for again. That it is
    /// bad is not believed, since its signature was verified here: the order was changed on the way, or somebody stole
    /// the key and has more tokens than were issued, and then it is recouped. Nor is its end, before it has come.
    /// </summary>
    private string? EndOf(WalletToken token, BankError refusal, DenominationBook book) => refusal switch
    {
        BankError.TokenSpent or BankError.SerialReused or BankError.NeverIssued => TokenState.Gone,
        BankError.KeyExpired when !(Now < book.Find(token.TokenKeyId)?.Terms.ExpiresAt) => TokenState.Gone,
        BankError.TokenLocked => TokenState.Doubtful,
        _ => null,
    };

    private async Task<Result<RefreshAnswer, BankError>> AskRefreshAsync(
        WalletToken token, Recovery.TokenSecret secret, P256PrivateKey key, ReserveId reserve,
        DenominationBook book, CancellationToken cancellation)
    {
        var spki = key.PublicKey.Spki;
        if (book.Find(token.TokenKeyId) is not { IsRevoked: true })
            return await AskAsync();
        Signed<ClosingNote>? closing = null;
        if (!ReferenceEquals(network.Bank, network.LockingBank))
        {
            var closed = await CloseAsync(token, key, cancellation);
            // It may have been refreshed before the revocation, and the answer lost: then it is answered again.
            if (closed.Error == BankError.TokenSpent)
                return await AskAsync() is { IsOk: true } answered ? answered : BankError.TokenSpent;
            if (!closed.IsOk)
                return Result<RefreshAnswer, BankError>.Refuse(closed.Error.Value, closed.Detail);
            closing = closed.Value.Note;
        }

        return await network.Bank.RecoupAsync(
            Signed<RecoupOrder>.Sign(
                key, new RecoupOrder(token.Token!, spki, secret.BlindingSeed(), reserve, closing)),
            cancellation);

        Task<Result<RefreshAnswer, BankError>> AskAsync() => network.LockingBank.RefreshAsync(
            Signed<RefreshOrder>.Sign(key, new RefreshOrder(token.Token!, spki, reserve)), cancellation);
    }

    /// <summary>Has the bank that locks close a token of a revoked key, without telling it the reserve.</summary>
    private async Task<Result<ClosingAnswer, BankError>> CloseAsync(
        WalletToken token, P256PrivateKey key, CancellationToken cancellation)
    {
        var answer = await network.LockingBank.CloseAsync(
            Signed<ClosingOrder>.Sign(key, new ClosingOrder(token.Token!, key.PublicKey.Spki)), cancellation);
        return answer.Error != BankError.KeyNotRevoked
            ? answer
            : throw new WalletException(WalletError.Refused,
                "The bank that locks has not read the issuer's revocation yet. The tokens are kept; try again in a "
                + "moment: bauta wallet resume");
    }

    /// <summary>A short random pause between exchanges that must not be told to belong together.</summary>
    private Task PauseAsync(CancellationToken cancellation) => MaxPause > TimeSpan.Zero
        ? Task.Delay(MaxPause * (RandomNumberGenerator.GetInt32(1, 1000) / 1000.0), clock, cancellation)
        : Task.CompletedTask;

    /// <summary>The longest random pause between exchanges that must not be told to belong together.</summary>
    public TimeSpan MaxPause { get; init; } = TimeSpan.FromSeconds(2);
}
