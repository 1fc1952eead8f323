using Bauta.Merchant.Desk;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;

namespace Bauta.Host.ShopVerbs;

/// <summary>Puts a file on sale: stores a copy, then offers it.</summary>
internal static class Selling
{
    public static async Task<OfferTerms> OfferAsync(
        IShopDesk desk, FileInfo file, Amount price, string? title, string? description, IProgress<double>? progress,
        CancellationToken cancellation)
    {
        await using var content = new CountingStream(file, progress);
        var stored = OpenShop.ValueOf(await desk.StoreFileAsync(content, cancellation));
        return OpenShop.ValueOf(await desk.AddOfferAsync(
            new NewOffer(OfferId.Generate(), title ?? file.Name, description ?? string.Empty, price, file.Name,
                stored.ContentHash),
            cancellation));
    }

    /// <summary>Reads a file and says how far it is.</summary>
    private sealed class CountingStream(FileInfo file, IProgress<double>? progress) : Stream
    {
        private readonly FileStream inner = file.OpenRead();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count));

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Count(await inner.ReadAsync(buffer, cancellationToken));

        public override Task<int> ReadAsync(
            byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }

        private int Count(int read)
        {
            progress?.Report(inner.Length == 0 ? 1 : (double)inner.Position / inner.Length);
            return read;
        }
    }
}
