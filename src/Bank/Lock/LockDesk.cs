using Bauta.Bank.Accounts;
using Bauta.Bank.Denominations;
using Bauta.Bank.Ledger;
using Bauta.Bank.Retain;
using Bauta.Bank.Tokens;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Lock;

/// <summary>P2 to P3 (FIG. 4): locks tokens to a transaction and signs the lock note and the payment note.</summary>
/// <remarks>
/// The order: one cheap read finds a repeated request and tokens that cannot move; then the tokens and their owners'
/// signatures are verified and both notes signed; then one short write checks the state again and locks. The notes
/// leave this process only after that write is durable, so for one <c>n</c> only one lock note is ever seen.
/// </remarks>
internal sealed class LockDesk(
    BankOptions options, BankDatabase database, ISigner statementKey, DenominationShelf shelf,
    AccountDirectory accounts, IReadOnlySet<PolicyId> policies, TimeProvider clock, Action<DenominationKey> forged)
{
    // Below this, handing verifications to other cores costs more than it saves.
    private const int MinParallelTokens = 8;

    private sealed record Spend(PresentedToken Token, Amount Amount);

    /// <summary>What the database says of a request: answered before, a token that cannot move, or nothing against
    /// it.</summary>
    private sealed record Seen(StoredLockAnswer? Known, BankError? Refusal, Dictionary<string, TokenRow> Rows);

    public async Task<Result<LockAnswer, BankError>> LockAsync(
        SignedAuthorization authorization, CancellationToken cancellation)
    {
        var content = authorization.Content;
        var payloadHash = authorization.PayloadHash();
        var presented = Present(content);
        var spends = presented.IsOk ? presented.Value : [];
        var seen = await database.ReadAsync(transaction => Look(transaction, content, spends), cancellation);
        if (seen.Known is { } known)
            return known.For(payloadHash);
        if (!presented.IsOk)
            return presented.Error.Value;
        var refusal = seen.Refusal ?? RefuseTerms(content) ?? await RefuseAccountAsync(content.Account, cancellation);
        if (refusal is { } error)
            return error;
        if (!AreGenuine(spends))
            return BankError.BadToken;
        if (!authorization.IsSignedByItsTokenKeys())
            return BankError.BadSignature;
        var answer = SignNotes(content);
        return await database.WriteAsync(
            (transaction, books) => Store(transaction, books, authorization, payloadHash, spends, answer),
            cancellation);
    }

    private Result<Spend[], BankError> Present(Authorization content)
    {
        var (set, now) = (shelf.Current, UnixTime.Now(clock));
        var spends = new Spend[content.Tokens.Count];
        for (var i = 0; i < spends.Length; i++)
        {
            var token = PresentedToken.Read(set, content.Tokens[i].Token, content.Tokens[i].Key);
            if (!token.IsOk)
                return token.Error.Value;
            if (token.Value.Key.RefusesToLock(now) is { } refusal)
                return refusal;
            // An abort after the key's end would give the value back to a token that is worth nothing.
            if (content.ExpiresAt >= token.Value.Key.Statement.Content.ExpiresAt)
                return BankError.BadExpiry;
            if (content.Tokens[i].Amount > token.Value.Key.Value)
                return BankError.TokenSpent;
            spends[i] = new Spend(token.Value, content.Tokens[i].Amount);
        }

        // Two tokens of one key would be one serial under two denominations.
        return spends.Select(spend => Convert.ToHexString(spend.Token.Serial)).Distinct().Count() == spends.Length
            ? spends
            : BankError.SerialReused;
    }

    private Seen Look(IReadTransaction transaction, Authorization content, Spend[] spends)
    {
        if (LockRows.FindAnswer(transaction, content.Transaction) is { } known)
            return new Seen(known, null, []);
        var rows = TokenRows.Find(transaction, [.. spends.Select(spend => spend.Token.Serial)]);
        foreach (var spend in spends)
        {
            if (!rows.TryGetValue(Convert.ToHexString(spend.Token.Serial), out var row))
                continue;
            if ((row.Refuses(spend.Token) ?? Refuse(row, spend.Amount)) is { } refusal)
                return new Seen(null, refusal, rows);
        }

        return new Seen(null, null, rows);
    }

    private BankError? Refuse(TokenRow row, Amount amount) =>
        amount > row.Left ? BankError.TokenSpent
        : row.Aborts >= options.MaxAbortsPerToken ? BankError.RefreshFirst
        : null;

    private BankError? RefuseTerms(Authorization content)
    {
        var now = UnixTime.Now(clock);
        return content.Currency != options.Currency.Code || options.SpentAt is not null ? BankError.WrongBank
            : !policies.Contains(content.Archive) ? BankError.UnknownArchive
            : content.ExpiresAt < now.AddSeconds(options.MinExpirySeconds)
                || content.ExpiresAt > now.AddSeconds(options.MaxExpirySeconds) ? BankError.BadExpiry
            : null;
    }

    private async Task<BankError?> RefuseAccountAsync(AccountId account, CancellationToken cancellation) =>
        await accounts.ExistsAsync(account, cancellation) ? null : BankError.UnknownAccount;

    private static bool AreGenuine(Spend[] spends)
    {
        if (spends.Length < MinParallelTokens)
            return Array.TrueForAll(spends, spend => spend.Token.IsGenuine());
        return Parallel.For(0, spends.Length, (index, loop) =>
        {
            if (!spends[index].Token.IsGenuine())
                loop.Stop();
        }).IsCompleted;
    }

    private LockAnswer SignNotes(Authorization content) => new(
        Signed<LockNote>.Sign(statementKey, content.ToLockNote()),
        Signed<PaymentNote>.Sign(statementKey, content.ToPaymentNote()));

    private Result<LockAnswer, BankError> Store(
        IWriteTransaction transaction, Books books, SignedAuthorization authorization, byte[] payloadHash,
        Spend[] spends, LockAnswer answer)
    {
        var content = authorization.Content;
        var seen = Look(transaction, content, spends);
        if (seen.Known is { } known)
            return known.For(payloadHash);
        if ((seen.Refusal ?? RefuseKeys(books, spends)) is { } error)
            return error;
        if (!books.HasAccount(content.Account))
            return BankError.UnknownAccount;
        if (books.OpenLocks(content.Account) >= options.MaxOpenLocksPerAccount)
            return BankError.TooMany;
        foreach (var spend in spends)
        {
            if (!spend.Token.Key.IsOwn && !seen.Rows.ContainsKey(Convert.ToHexString(spend.Token.Serial)))
                books.Admit(spend.Token.Key.Number, spend.Token.Key.Value);
            TokenRows.Lock(transaction, spend.Token, spend.Amount, content.Transaction);
            books.Lock(spend.Token.Key.Number, spend.Amount);
        }

        var tokens = spends.Select(spend => new LockedToken(spend.Token.Serial, spend.Token.Key.Number, spend.Amount));
        LockRows.Insert(transaction, payloadHash, content.Account, [.. tokens], answer);
        AuthorizationRows.Keep(
            transaction, content.Transaction, spends.Max(spend => spend.Token.Key.Statement.Content.ExpiresAt),
            authorization.Utf8);
        books.CountOpenLock(content.Account, 1);
        return answer;
    }

    private BankError? RefuseKeys(Books books, Spend[] spends)
    {
        foreach (var group in spends.GroupBy(spend => spend.Token.Key.Number))
        {
            var key = shelf.Current[group.Key];
            if (key.IsRevoked)
                return BankError.KeyRevoked;
            if (key.IsClosed || books.IsWrittenOff(group.Key))
                return BankError.KeyExpired;
            if (!key.IsOwn && !books.HasRoom)
                return BankError.TooMany;
            // All that was issued has come back and here is more: somebody else signs with this key.
            if (key.IsOwn && group.Sum(spend => spend.Amount.MinorUnits) > books.Unspent(group.Key))
            {
                forged(key);
                return BankError.BadToken;
            }
        }

        return null;
    }
}
