using System.Diagnostics.CodeAnalysis;

namespace Bauta.Crypto.BinaryHttp;

/// <summary>What a <see cref="BinaryRequest"/> and a <see cref="BinaryResponse"/> have in common.</summary>
public abstract record BinaryMessage
{
    // What the framing indicator of a message of indeterminate length is more than that of one of known length.
    private const int Indeterminate = 2;

    private protected BinaryMessage(BinaryField[] headers, ReadOnlyMemory<byte> content, BinaryField[] trailers)
    {
        Headers = headers;
        Content = content;
        Trailers = trailers;
    }

    /// <summary>The header section in order.</summary>
    public IReadOnlyList<BinaryField> Headers { get; }

    /// <summary>The content; after decoding, a part of the message that was decoded.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>The trailer section in order.</summary>
    public IReadOnlyList<BinaryField> Trailers { get; }

    /// <summary>Bytes of <see cref="Encode(Span{byte})"/> without padding.</summary>
    public int EncodedSize => SizeOf(0);

    /// <summary>The framing indicator of the known length: 0 for requests, 1 for responses.</summary>
    private protected abstract int Framing { get; }

    /// <summary>
    /// Known-length encoding (RFC 9292 section 3.1) that fills <paramref name="destination"/> to its end with padding.
    /// </summary>
    /// <exception cref="ArgumentException">The destination is shorter than <see cref="EncodedSize"/>.</exception>
    public void Encode(Span<byte> destination)
    {
        if (destination.Length < EncodedSize)
            throw new ArgumentException("The message does not fit.", nameof(destination));
        Write(destination, 0);
    }

    /// <summary>Known-length encoding, padded with zero bytes up to <paramref name="paddedSize"/>.</summary>
    /// <exception cref="ArgumentException">
    /// The message is longer than <paramref name="paddedSize"/>, and that is not 0.
    /// </exception>
    public byte[] Encode(int paddedSize = 0)
    {
        var encoded = new byte[paddedSize == 0 ? EncodedSize : paddedSize];
        Encode(encoded);
        return encoded;
    }

    /// <summary>
    /// Indeterminate-length encoding (RFC 9292 section 3.2) with the content in chunks, without padding.
    /// </summary>
    public byte[] EncodeIndeterminate(int chunkSize = 16 * 1024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkSize, 1);
        var encoded = new byte[SizeOf(chunkSize)];
        Write(encoded, chunkSize);
        return encoded;
    }

    /// <summary>The value of the header field with this lower-case name.</summary>
    /// <returns>False when it is absent or stands there more than once.</returns>
    public bool TryGetHeader(string name, [NotNullWhen(true)] out string? value) =>
        FieldSection.TryGetSingle(Headers, name, out value);

    /// <summary>Bytes of what stands between the framing indicator and the header section.</summary>
    private protected abstract int SizeOfStart(bool indeterminate);

    /// <summary>Writes what stands between the framing indicator and the header section.</summary>
    private protected abstract void WriteStart(ref MessageWriter writer, bool indeterminate);

    // Chunks of 0 bytes stand for the known length.
    private int SizeOf(int chunkSize)
    {
        var indeterminate = chunkSize > 0;
        return 1
            + SizeOfStart(indeterminate)
            + MessageWriter.SizeOfFields(Headers, indeterminate)
            + MessageWriter.SizeOfContent(Content.Length, chunkSize)
            + MessageWriter.SizeOfFields(Trailers, indeterminate);
    }

    private void Write(Span<byte> destination, int chunkSize)
    {
        var indeterminate = chunkSize > 0;
        var writer = new MessageWriter(destination);
        writer.WriteInteger(indeterminate ? Framing + Indeterminate : Framing);
        WriteStart(ref writer, indeterminate);
        writer.WriteFields(Headers, indeterminate);
        writer.WriteContent(Content.Span, chunkSize);
        writer.WriteFields(Trailers, indeterminate);
        writer.Pad();
    }
}
