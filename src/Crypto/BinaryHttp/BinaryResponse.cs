using System.Diagnostics.CodeAnalysis;

namespace Bauta.Crypto.BinaryHttp;

/// <summary>An informational (1xx) response in front of a final one (RFC 9292 section 3.5.1). Always valid.</summary>
public sealed record InformationalResponse
{
    /// <summary>Makes an informational response.</summary>
    /// <exception cref="ArgumentException">The status is not 100 to 199, or a field speaks of a connection.</exception>
    public InformationalResponse(int status, IEnumerable<BinaryField>? headers = null)
        : this(status, [.. headers ?? []])
    {
        if (status is < 100 or > 199 || MessageRules.CheckFields(Headers, []) != BinaryHttpError.None)
            throw new ArgumentException("Not an informational response.");
    }

    private InformationalResponse(int status, BinaryField[] headers)
    {
        Status = status;
        Headers = headers;
    }

    /// <summary>100 to 199.</summary>
    public int Status { get; }

    /// <summary>The header section in order.</summary>
    public IReadOnlyList<BinaryField> Headers { get; }

    internal static InformationalResponse Decoded(int status, BinaryField[] headers) => new(status, headers);
}

/// <summary>
/// An HTTP response as one self-contained message, <c>message/bhttp</c> (RFC 9292). Immutable and always valid.
/// </summary>
public sealed record BinaryResponse
{
    private const int KnownLength = 1;
    private const int IndeterminateLength = 3;
    private const int FirstFinalStatus = 200;

    /// <summary>Makes a response.</summary>
    /// <exception cref="ArgumentException">
    /// It would be malformed; the message names the <see cref="BinaryHttpError"/>.
    /// </exception>
    public BinaryResponse(
        int status,
        IEnumerable<BinaryField>? headers = null,
        ReadOnlyMemory<byte> content = default,
        IEnumerable<BinaryField>? trailers = null,
        IEnumerable<InformationalResponse>? informational = null)
        : this(status, [.. headers ?? []], content, [.. trailers ?? []], [.. informational ?? []])
    {
        var error = status is < FirstFinalStatus or > 599
            ? BinaryHttpError.BadStatus
            : MessageRules.CheckResponse(Headers, content.Length, Trailers);
        if (error != BinaryHttpError.None)
            throw new ArgumentException($"Not a response: {error}.");
    }

    private BinaryResponse(
        int status,
        BinaryField[] headers,
        ReadOnlyMemory<byte> content,
        BinaryField[] trailers,
        InformationalResponse[] informational)
    {
        Status = status;
        Headers = headers;
        Content = content;
        Trailers = trailers;
        Informational = informational;
    }

    /// <summary>200 to 599.</summary>
    public int Status { get; }

    /// <summary>The header section in order.</summary>
    public IReadOnlyList<BinaryField> Headers { get; }

    /// <summary>The content; after decoding, a part of the message that was decoded.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>The trailer section in order.</summary>
    public IReadOnlyList<BinaryField> Trailers { get; }

    /// <summary>Informational responses in front of this one.</summary>
    public IReadOnlyList<InformationalResponse> Informational { get; }

    /// <summary>Bytes of <see cref="Encode(Span{byte})"/> without padding.</summary>
    public int EncodedSize => SizeOf(0);

    /// <summary>
    /// Known-length encoding (RFC 9292 section 3.1) that fills <paramref name="destination"/> to its end with padding.
    /// </summary>
    /// <exception cref="ArgumentException">The destination is shorter than <see cref="EncodedSize"/>.</exception>
    public void Encode(Span<byte> destination)
    {
        if (destination.Length < EncodedSize)
            throw new ArgumentException("The response does not fit.", nameof(destination));
        Write(destination, KnownLength, 0);
    }

    /// <summary>Known-length encoding, padded with zero bytes up to <paramref name="paddedSize"/>.</summary>
    /// <exception cref="ArgumentException">
    /// The response is longer than <paramref name="paddedSize"/>, and that is not 0.
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
        Write(encoded, IndeterminateLength, chunkSize);
        return encoded;
    }

    /// <summary>Decodes either encoding. Strict: see <see cref="BinaryHttpError"/> for all that is refused.</summary>
    public static bool TryDecode(
        ReadOnlyMemory<byte> message,
        BinaryHttpLimits limits,
        [NotNullWhen(true)] out BinaryResponse? response,
        out BinaryHttpError error)
    {
        var reader = new MessageReader(message.Span, limits);
        response = Read(ref reader, message, limits);
        error = reader.Error;
        return response is not null;
    }

    /// <summary>The value of the header field with this lower-case name.</summary>
    /// <returns>False when it is absent or stands there more than once.</returns>
    public bool TryGetHeader(string name, [NotNullWhen(true)] out string? value) =>
        FieldSection.TryGetSingle(Headers, name, out value);

    /// <summary>The status only.</summary>
    public override string ToString() => $"{nameof(BinaryResponse)} {Status}";

    // Known-Length Response {                      Indeterminate-Length Response {
    //   Framing Indicator (i) = 1,                   Framing Indicator (i) = 3,
    //   { Status Code (i) = 100..199,                { Status Code (i) = 100..199,
    //     Known-Length Field Section (..) } ...,       Indeterminate-Length Field Section (..) } ...,
    //   Status Code (i) = 200..599,                  Status Code (i) = 200..599,
    //   Known-Length Field Section (..),             Indeterminate-Length Field Section (..),
    //   Known-Length Content (..),                   Indeterminate-Length Content (..),
    //   Known-Length Field Section (..),             Indeterminate-Length Field Section (..),
    //   Padding (..),                                Padding (..),
    // }                                            }
    private void Write(Span<byte> destination, int framing, int chunkSize)
    {
        var indeterminate = framing == IndeterminateLength;
        var writer = new MessageWriter(destination);
        writer.WriteInteger(framing);
        foreach (var earlier in Informational)
        {
            writer.WriteInteger(earlier.Status);
            writer.WriteFields(earlier.Headers, indeterminate);
        }

        writer.WriteInteger(Status);
        writer.WriteFields(Headers, indeterminate);
        writer.WriteContent(Content.Span, chunkSize);
        writer.WriteFields(Trailers, indeterminate);
        writer.Pad();
    }

    private static BinaryResponse? Read(
        ref MessageReader reader, ReadOnlyMemory<byte> message, BinaryHttpLimits limits)
    {
        if (!reader.TryReadFraming(response: true, out var indeterminate) || !reader.TryReadStatus(out var status))
            return null;
        var informational = new List<InformationalResponse>();
        while (status < FirstFinalStatus)
        {
            if (informational.Count == limits.MaxInformational)
                return Refuse(ref reader, BinaryHttpError.TooManyInformational);
            if (!reader.TryReadFields(indeterminate, out var early))
                return null;
            var invalid = MessageRules.CheckFields(early, []);
            if (invalid != BinaryHttpError.None)
                return Refuse(ref reader, invalid);
            informational.Add(InformationalResponse.Decoded(status, early));
            if (!reader.TryReadStatus(out status))
                return null;
        }

        if (!reader.TryReadFields(indeterminate, out var headers)
            || !reader.TryReadContent(indeterminate, message, out var content)
            || !reader.TryReadFields(indeterminate, out var trailers)
            || !reader.TryReadPadding())
            return null;
        var error = MessageRules.CheckResponse(headers, content.Length, trailers);
        return error == BinaryHttpError.None
            ? new BinaryResponse(status, headers, content, trailers, [.. informational])
            : Refuse(ref reader, error);
    }

    private static BinaryResponse? Refuse(ref MessageReader reader, BinaryHttpError error)
    {
        reader.Fail(error);
        return null;
    }

    private int SizeOf(int chunkSize)
    {
        var indeterminate = chunkSize > 0;
        var size = 1 + VariableInteger.SizeOf(Status);
        foreach (var earlier in Informational)
            size += VariableInteger.SizeOf(earlier.Status) + MessageWriter.SizeOfFields(earlier.Headers, indeterminate);
        return size
            + MessageWriter.SizeOfFields(Headers, indeterminate)
            + MessageWriter.SizeOfContent(Content.Length, chunkSize)
            + MessageWriter.SizeOfFields(Trailers, indeterminate);
    }
}
