using Bauta.Crypto.Goods;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Xunit;

namespace Bauta.Tests.Merchant;

public abstract partial class MerchantTests
{
    private const int MiB = 1024 * 1024;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(MiB - 1)]
    [InlineData(MiB)]
    [InlineData(MiB + 1)]
    [InlineData(5 * MiB + 12345)]
    public async Task A_file_of_any_size_arrives_as_it_was(int size)
    {
        await using var world = await OpenAsync();
        var content = Bytes(size);
        var p1 = await world.BuyAsync(await world.OfferAsync(content));
        var answer = (await world.Shop.PayAsync(world.Payment(p1), default)).Value;
        Assert.Equal(content, await world.OpenAsync(p1, answer.Decision!));
        await world.RestartAsync();
        Assert.Equal(content, await world.OpenAsync(p1, answer.Decision!));
    }

    [Fact]
    public async Task A_corrupted_chunk_is_noticed_and_comes_again_as_the_same_bytes()
    {
        await using var world = await OpenAsync();
        var p1 = (await world.BuyAsync(await world.OfferAsync(Bytes(3 * MiB)))).Content;
        var delivery = DeliveryId.Derive(p1.Secret);
        var verifier = new GoodsVerifier(
            new GoodsLayout(p1.Contract.SizeBytes), MerkleHash.FromBytes(p1.GoodsRoot));
        for (long i = 0; i < p1.ChunkCount; i++)
        {
            var chunk = (await world.Shop.ChunkAsync(delivery, i, default)).Value;
            var arrived = (byte[])chunk.Ciphertext.Clone();
            arrived[arrived.Length / 2] ^= 1;
            Assert.False(verifier.VerifyChunk(i, arrived, MerchantWorld.Path(chunk)));
            Assert.False(verifier.VerifyChunk((i + 1) % 3, chunk.Ciphertext, MerchantWorld.Path(chunk)));
            var again = (await world.Shop.ChunkAsync(delivery, i, default)).Value;
            Assert.Equal(chunk.Ciphertext, again.Ciphertext);
            Assert.True(verifier.VerifyChunk(i, again.Ciphertext, MerchantWorld.Path(again)));
        }
    }

    [Fact]
    public async Task Refuses_a_chunk_or_delivery_that_is_not_there()
    {
        await using var world = await OpenAsync();
        var p1 = (await world.BuyAsync(await world.OfferAsync(Bytes(MiB + 1)))).Content;
        var delivery = DeliveryId.Derive(p1.Secret);
        Assert.True((await world.Shop.ChunkAsync(delivery, 1, default)).IsOk);
        Refused(MerchantError.NoSuchChunk, await world.Shop.ChunkAsync(delivery, 2, default));
        Refused(MerchantError.NoSuchChunk, await world.Shop.ChunkAsync(delivery, -1, default));
        Refused(MerchantError.NoSuchChunk, await world.Shop.ChunkAsync(delivery, long.MaxValue, default));
        Refused(MerchantError.UnknownPurchase, await world.Shop.ChunkAsync(DeliveryId.Generate(), 0, default));
    }

    [Fact]
    public async Task Nothing_is_given_out_when_the_stored_file_is_not_what_it_was_at_its_sale()
    {
        await using var world = await OpenAsync();
        var content = Bytes(2000);
        var offer = await world.OfferAsync(content);
        var delivery = DeliveryId.Derive((await world.BuyAsync(offer)).Content.Secret);
        var path = Path.Combine(
            world.Options.GoodsDirectory, Convert.ToHexStringLower(offer.ContentHash));
        content[7] ^= 1;
        await File.WriteAllBytesAsync(path, content);
        await Assert.ThrowsAsync<InvalidDataException>(() => world.Shop.ChunkAsync(delivery, 0, default));
        await File.WriteAllBytesAsync(path, content[..1000]);
        await Assert.ThrowsAsync<InvalidDataException>(() => world.Shop.ChunkAsync(delivery, 0, default));
        content[7] ^= 1;
        await File.WriteAllBytesAsync(path, content);
        Assert.True((await world.Shop.ChunkAsync(delivery, 0, default)).IsOk);
    }
}
