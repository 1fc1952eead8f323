namespace Bauta.Storage;

/// <summary>Reads a file from its beginning and says how much of it was read, for whoever watches.</summary>
public sealed class MeteredStream : Stream
{
    private readonly FileStream inner;
    private readonly IProgress<double>? progress;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="progress">Told after each read: 0 to 1.</param>
    public MeteredStream(string path, IProgress<double>? progress) => (inner, this.progress) = (
        new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16), progress);

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => inner.Length;

    /// <inheritdoc/>
    public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Tell(inner.Read(buffer, offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) => Tell(inner.Read(buffer));

    /// <summary>Reads on the caller's thread: a file that is not opened for it is never read otherwise, only on
    /// another one.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Tell(inner.Read(buffer.Span)));
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(
        byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private int Tell(int read)
    {
        progress?.Report(inner.Length == 0 ? 1 : (double)inner.Position / inner.Length);
        return read;
    }
}
