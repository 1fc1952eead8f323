using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Bauta.Wallet.Purchase;

namespace Bauta.Wallet;

/// <summary>
/// A running session with one shop: each item is paid for after it has come in encrypted form, and opened with the key
/// that is given for it. Whatever is agreed to is durable before the shop sees it. One item at a time; safe for
/// concurrent use.
/// </summary>
public sealed class WalletSession : IDisposable
{
    private const int Tries = 3;
    private const long ClockMarginSeconds = 20;
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(200);

    private readonly Wallet wallet;
    private readonly IMerchant shop;
    private readonly P256PrivateKey key;
    private readonly P256PublicKey releaseKey;
    private readonly DeliveryId session;
    private readonly SemaphoreSlim turn = new(1, 1);
    private Locked state;

    internal WalletSession(Wallet wallet, IMerchant shop, Locked state)
    {
        (this.wallet, this.shop, this.state) = (wallet, shop, state);
        using var secret = wallet.Store.Seed.Session(state.Order.Id);
        key = secret.Key();
        releaseKey = P256PublicKey.FromSpki(Promise.ReleaseKey);
        session = DeliveryId.Derive(Promise.Secret);
    }

    /// <summary>Its purchase.</summary>
    public RequestId Purchase => state.Order.Id;

    /// <summary>What is owed for all items so far.</summary>
    public Amount Total => Progress.Total;

    /// <summary>The most that the session may cost.</summary>
    public Amount Limit => Promise.Contract.Price;

    /// <summary>When it ends by itself.</summary>
    public UnixTime ExpiresAt => Promise.ExpiresAt;

    /// <summary>Where an item went that was paid for when its buyer was gone; null when there was none.</summary>
    public string? Saved { get; private set; }

    /// <summary>How many items there were.</summary>
    public long Count => Progress.Count;

    private SessionProgress Progress => state.Session!;

    private Merchandise Promise => state.Merchandise.Content;

    /// <summary>Whether the sum covers one more item.</summary>
    public bool HasRoom => Total + Promise.Contract.Tariff!.Price <= Limit;

    /// <summary>Buys one item.</summary>
    /// <param name="request">What is asked for, at most <see cref="SessionStep.MaxRequestLength"/> bytes.</param>
    /// <param name="cancellation">Gives up; nothing is lost.</param>
    /// <returns>The item.</returns>
    /// <exception cref="WalletException">The shop refused or broke its word; with nothing agreed to, nothing is
    /// owed.</exception>
    public async Task<byte[]> AskAsync(byte[] request, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            // One that was agreed to, and whose key did not come: it comes first.
            if (Progress is { Last: { } owed, IsOpened: false })
                await SaveAsync(owed);
            var index = Count + 1;
            var step = await StepAsync(new SessionStep(null, index, request), cancellation);
            var answer = step.IsOk ? step.Value : throw RefusedItem(step);
            if (BreachOf(answer, index, request) is { } breach)
                throw new WalletException(WalletError.Distrusted,
                    $"The shop's item {breach}. Nothing was agreed to, so nothing is owed for it.");
            var piece = new SessionPiece(answer.Item!, Agree(answer.Item!), answer.Ciphertext!);
            state = await wallet.KeepAsync(
                state with { Session = Progress with { Last = piece, IsOpened = false } }, CancellationToken.None);
            // From here on it is paid for: whoever gives up now would lose it.
            var content = await OpenAsync(piece, CancellationToken.None);
            await OpenedAsync(piece);
            return content;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Ends the session and waits for the decision.</summary>
    /// <returns>The state reached: opened, returned, or one that resume goes on with.</returns>
    public async Task<PurchaseState> CloseAsync(
        TimeSpan patience, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            return await wallet.EndAsync(state, patience, progress, cancellation);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        key.Dispose();
        turn.Dispose();
    }

    private string? BreachOf(SessionAnswer answer, long index, byte[] request)
    {
        if (answer.Item is not { Content: var item } signed || answer.Ciphertext is not { } ciphertext)
            return "is missing";
        var tariff = Promise.Contract.Tariff!;
        if (!signed.IsSignedBy(releaseKey))
            return "is not signed by the session's key";
        if (!item.Transaction.Equals(Promise.Transaction()) || item.Index != index
            || !item.RequestHash.AsSpan().SequenceEqual(SHA256.HashData(request)))
            return "is another one than was asked for";
        if (item.Price != tariff.Price && !(tariff.Per == Tariff.Minute && item.Price == Amount.Zero))
            return "has another price";
        if (tariff.Per == Tariff.Minute && BreachOfMinute(item) is { } minute)
            return minute;
        if (item.Total != Total + item.Price || item.Total > Limit)
            return "adds up to another total";
        return MerkleHash.Leaf(ciphertext) == MerkleHash.FromBytes(item.GoodsRoot)
            ? null
            : "does not match the hash that the shop signed";
    }

    // The clocks of the two may differ a little.
    private string? BreachOfMinute(SessionItem item)
    {
        var now = wallet.Time;
        if (item.Price > Amount.Zero && Progress.PaidUntil is { } paid && now.AddSeconds(ClockMarginSeconds) < paid)
            return "costs something within a minute that is paid for";
        return item.Price > Amount.Zero && !(item.PaidUntil > now.AddSeconds(ClockMarginSeconds))
            ? "pays for less than a minute"
            : null;
    }

    private Signed<ItemAcknowledgement> Agree(Signed<SessionItem> item) =>
        Signed<ItemAcknowledgement>.Sign(key, new ItemAcknowledgement(
            key.PublicKey.Spki, item.Content.Transaction, item.Content.Commitment,
            SealedTotal.Seal(Promise.Session!.TotalKey, item.Content.Commitment, item.Content.Total),
            item.PayloadHash()));

    /// <summary>R7 to R8. A shop that was restarted in between takes no agreement to an item that it has lost; then the
    /// session can only be ended, since with two agreements out it would be the shop's choice which one is
    /// paid.</summary>
    private async Task<byte[]> OpenAsync(SessionPiece piece, CancellationToken cancellation)
    {
        var step = await StepAsync(new SessionStep(piece.Acknowledgement), cancellation);
        var answer = step.IsOk ? step.Value : throw RefusedItem(step);
        if (answer.MaskedKey is not { } masked || !Pieces.TryOpen(Promise, piece, masked, out var content))
            throw new WalletException(WalletError.Distrusted,
                "The shop was paid for an item and gave another key than it promised. End the session: the key that it "
                + "must publish opens the item, or the evidence proves the shop at fault.");
        return content!;
    }

    /// <summary>What was handed over needs no ciphertext any more.</summary>
    private async Task OpenedAsync(SessionPiece piece)
    {
        var item = piece.Item.Content;
        state = await wallet.KeepAsync(
            state with
            {
                Session = new SessionProgress(item.Index, item.Total, piece with { Ciphertext = [] }, item.PaidUntil),
            },
            CancellationToken.None);
    }

    /// <summary>An item that was paid for when its buyer was gone.</summary>
    private async Task SaveAsync(SessionPiece owed)
    {
        var path = $"{state.Order.OutputPath}-{owed.Item.Content.Index}";
        await File.WriteAllBytesAsync(path, await OpenAsync(owed, CancellationToken.None), CancellationToken.None);
        await OpenedAsync(owed);
        Saved = path;
    }

    private static WalletException RefusedItem(Result<SessionAnswer, MerchantError> step) => new(
        WalletError.Refused,
        $"The shop refused the item: {Refusals<MerchantError>.Meaning(step.Error!.Value)}"
        + (step.Detail.Length > 0 ? $" {step.Detail}" : ""));

    private async Task<Result<SessionAnswer, MerchantError>> StepAsync(
        SessionStep step, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await shop.StepAsync(session, step, cancellation);
            }
            catch (PartyUnreachableException) when (tries < Tries)
            {
                await Task.Delay(pause, cancellation);
            }
        }
    }
}
