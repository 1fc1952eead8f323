using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Wallet.Purchase;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    /// <summary>
    /// E4 to E5 (FIG. 5): fetches goods that were made after the lock, and signs for them once all of the ciphertext is
    /// here and on this disk. What the customer agreed to is durable before the shop sees it. Null when the goods are
    /// not what the shop signed: the shop may force the commit with what the archive then has, and the decision tells.
    /// </summary>
    private async Task<Locked?> AgreeAsync(
        Locked state, Signed<MadeGoods> made, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var promise = state.Merchandise.Content;
        if (!MadeGoods.Matches(made, promise))
            return null;
        progress?.Report(new WalletStep("E4", "shop -> customer: the goods are made; root of the ciphertext, signed"));
        var goods = new GoodsFile(Store.Folder, state.Order.Id, promise, made.Content);
        try
        {
            if (await FetchGoodsAsync(goods, ShopChunks(state), progress, cancellation) is not null)
                return null;
        }
        catch (Exception silent) when (silent is PartyUnreachableException or ProtocolViolationException)
        {
            return null;
        }

        goods.Sync();
        using var secret = Store.Seed.Session(state.Order.Id);
        using var key = secret.Key();
        var agreement = Signed<ItemAcknowledgement>.Sign(key, new ItemAcknowledgement(
            key.PublicKey.Spki, promise.Transaction(), made.Content.Commitment,
            SealedTotal.Seal(promise.LockFirst!.TotalKey, made.Content.Commitment, promise.Contract.Price),
            made.PayloadHash()));
        return await KeepAsync(state with { Made = new MadePiece(made, agreement) }, cancellation);
    }

    /// <summary>The goods that a commit was forced with.</summary>
    private static MadePiece? MadeIn(LogEntry commit) =>
        commit.Release?.Content.Made is { } made ? new MadePiece(made) : null;

    /// <summary>Fetches paid goods again: from the archive where the commit was forced, which says that it has them;
    /// else, or when it does not give them, from the shop. Null when they are here, else why not.</summary>
    private async Task<string?> FetchAgainAsync(
        Committed state, LogEntry commit, GoodsFile goods, IProgress<WalletStep>? progress,
        CancellationToken cancellation)
    {
        if (commit.Release?.Content.Made is not null)
        {
            try
            {
                if (await FetchGoodsAsync(goods, ArchiveChunks(commit.LockNote!), progress, cancellation) is null)
                    return null;
            }
            catch (Exception silent) when (silent is PartyUnreachableException or ProtocolViolationException)
            {
                progress?.Report(new WalletStep("goods", "the archive does not answer; the shop is asked"));
            }

            goods.Delete();
        }

        return await FetchGoodsAsync(goods, ShopChunks(state), progress, cancellation);
    }

    private Func<long, CancellationToken, Task<(GoodsChunk? Chunk, string Refusal)>> ArchiveChunks(
        Signed<LockNote> note) =>
        async (index, cancellation) =>
        {
            var answer = await network.Archive.KeptAsync(
                BankKeyId.Of(note), note.Content.Transaction, index, cancellation);
            return answer.IsOk ? (answer.Value, "") : (null, Refusals<ArchiveError>.Meaning(answer.Error.Value));
        };
}
