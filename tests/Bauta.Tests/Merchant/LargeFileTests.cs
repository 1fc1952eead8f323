using System.Security.Cryptography;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Merkle;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Merchant;

[CollectionDefinition("Alone", DisableParallelization = true)]
public sealed class AloneCollection;

/// <summary>Measures the memory of the whole process, so nothing else runs meanwhile.</summary>
[Collection("Alone")]
public sealed class LargeFileTests : IDisposable
{
    private const long FileBytes = 64L << 20;
    private const long AllowedBytes = 24L << 20;

    private readonly TemporaryDirectory directory = new();

    [Fact]
    public async Task A_large_file_is_stored_hashed_and_delivered_in_the_memory_of_a_few_chunks()
    {
        await using var world = await MerchantWorld.OpenAsync(directory.File("merchant.db"));
        var before = Live();
        var stored = (await world.Shop.Desk.StoreFileAsync(new Pattern(FileBytes), default)).Value;
        var peak = Live();
        var offer = (await world.Shop.Desk.AddOfferAsync(
            new NewOffer(OfferId.Generate(), "Large", "", Amount.FromMinorUnits(1), "large.bin", stored.ContentHash),
            default)).Value;
        Assert.Equal(FileBytes, offer.SizeBytes);
        var p1 = await world.BuyAsync(offer);
        peak = Math.Max(peak, Live());
        var verifier = new GoodsVerifier(new GoodsLayout(FileBytes), MerkleHash.FromBytes(p1.Content.GoodsRoot));
        for (long i = 0; i < p1.Content.ChunkCount; i++)
        {
            var chunk = (await world.Shop.ChunkAsync(DeliveryId.Derive(p1.Content.Secret), i, default)).Value;
            Assert.True(verifier.VerifyChunk(i, chunk.Ciphertext, MerchantWorld.Path(chunk)));
            if (i % 8 == 0)
                peak = Math.Max(peak, Live());
        }

        Assert.InRange(peak - before, long.MinValue, AllowedBytes);
        using var expected = new Pattern(FileBytes);
        Assert.Equal(await SHA256.HashDataAsync(expected), offer.ContentHash);
    }

    public void Dispose() => directory.Dispose();

    private static long Live() => GC.GetTotalMemory(forceFullCollection: true);

    /// <summary>A file of any size that is nowhere: bytes that follow from their place.</summary>
    private sealed class Pattern(long length) : Stream
    {
        private long position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get => position; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Min(buffer.Length, length - position);
            for (var i = 0; i < count; i++)
                buffer[i] = unchecked((byte)((position + i) * 31 >> 3));
            position += count;
            return count;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
