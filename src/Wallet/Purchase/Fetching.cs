using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Wallet.Purchase;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    private const int ChunkTries = 3;

    /// <summary>Fetches the ciphertext chunk by chunk, each checked against the root in P1 before it is kept.</summary>
    private async Task<PurchaseState> FetchAsync(
        Offered state, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        if (state.Merchandise.Content.Later is not null)
            return await Store.AdvanceAsync(new Fetched(state.Order, state.Merchandise), cancellation);
        if (await FetchGoodsAsync(
            new GoodsFile(Store.Folder, state.Order.Id, state.Merchandise.Content), ShopChunks(state), progress,
            cancellation) is { } breach)
            return await AbandonAsync(state, breach, cancellation);
        progress?.Report(new WalletStep("goods",
            $"{state.Merchandise.Content.ChunkCount} encrypted chunk(s) fetched, each matches the root that the shop "
            + "signed"));
        return await Store.AdvanceAsync(new Fetched(state.Order, state.Merchandise), cancellation);
    }

    /// <summary>Where the shop gives out the ciphertext of a purchase.</summary>
    private Func<long, CancellationToken, Task<(GoodsChunk? Chunk, string Refusal)>> ShopChunks(PurchaseState state)
    {
        var merchant = network.Merchant(Shop(state.Order));
        var delivery = DeliveryId.Derive(Statements(state).P1!.Content.Secret);
        return async (index, cancellation) =>
        {
            var answer = await merchant.ChunkAsync(delivery, index, cancellation);
            return answer.IsOk ? (answer.Value, "") : (null, Refusals<MerchantError>.Meaning(answer.Error.Value));
        };
    }

    /// <summary>Fetches what is missing of the ciphertext; null when all is here, else why it cannot be.</summary>
    private async Task<string?> FetchGoodsAsync(
        GoodsFile goods, Func<long, CancellationToken, Task<(GoodsChunk? Chunk, string Refusal)>> source,
        IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        try
        {
            using var file = goods.OpenForWriting();
            for (var index = goods.ChunksKept(file); index < goods.ChunkCount; index++)
            {
                GoodsChunk? chunk = null;
                for (var tries = 0; chunk is null && tries < ChunkTries; tries++)
                {
                    var (given, refusal) = await source(index, cancellation);
                    if (given is null)
                        return refusal;
                    chunk = goods.Matches(index, given) ? given : null;
                }

                if (chunk is null)
                    return "The goods do not match the hash that the shop signed.";
                await GoodsFile.AppendAsync(file, chunk, cancellation);
                progress?.Report(WalletStep.UnderWay("goods", "fetching chunk", index + 1, goods.ChunkCount));
            }

            file.Close();
            if (await goods.IsWholeAsync(new ReadingStep("goods", "checking the goods", progress), cancellation))
                return null;
        }
        catch (IOException full) when (full is not PartyUnreachableException and not ProtocolViolationException)
        {
            throw new WalletException(WalletError.Refused,
                $"The goods cannot be stored in {Store.Folder}: {full.Message} Make room and resume.", full);
        }

        // A chunk kept from before a crash was damaged since: the next run fetches all of them again.
        goods.Delete();
        throw new WalletException(WalletError.Damaged,
            $"The goods kept in {Store.Folder} were damaged on this disk. Resume fetches them again.");
    }
}
