using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Bauta.Crypto.BinaryHttp;

/// <summary>
/// An HTTP request as one self-contained message, <c>message/bhttp</c> (RFC 9292). Immutable and always valid: what
/// would be malformed in HTTP/2 can neither be made nor decoded.
/// </summary>
public sealed record BinaryRequest
{
    /// <summary>The media type of an encoded request or response.</summary>
    public const string MediaType = "message/bhttp";

    private const int KnownLength = 0;
    private const int IndeterminateLength = 2;

    /// <summary>Makes a request.</summary>
    /// <exception cref="ArgumentException">
    /// It would be malformed; the message names the <see cref="BinaryHttpError"/>.
    /// </exception>
    public BinaryRequest(
        string method,
        string scheme,
        string authority,
        string path,
        IEnumerable<BinaryField>? headers = null,
        ReadOnlyMemory<byte> content = default,
        IEnumerable<BinaryField>? trailers = null)
        : this(method, scheme, authority, path, [.. headers ?? []], content, [.. trailers ?? []])
    {
        var ascii = Ascii.IsValid(method) && Ascii.IsValid(scheme) && Ascii.IsValid(authority) && Ascii.IsValid(path);
        var error = ascii
            ? MessageRules.CheckControlData(
                Encoding.ASCII.GetBytes(method),
                Encoding.ASCII.GetBytes(scheme),
                Encoding.ASCII.GetBytes(authority),
                Encoding.ASCII.GetBytes(path))
            : BinaryHttpError.BadControlData;
        if (error == BinaryHttpError.None)
            error = MessageRules.CheckRequest(authority, Headers, content.Length, Trailers);
        if (error != BinaryHttpError.None)
            throw new ArgumentException($"Not a request: {error}.");
    }

    private BinaryRequest(
        string method,
        string scheme,
        string authority,
        string path,
        BinaryField[] headers,
        ReadOnlyMemory<byte> content,
        BinaryField[] trailers)
    {
        Method = method;
        Scheme = scheme;
        Authority = authority;
        Path = path;
        Headers = headers;
        Content = content;
        Trailers = trailers;
    }

    /// <summary>The method, a token; never CONNECT.</summary>
    public string Method { get; }

    /// <summary>The scheme, in lower case.</summary>
    public string Scheme { get; }

    /// <summary>
    /// Host and port, without user information; may be empty when a <c>host</c> field stands in its place.
    /// </summary>
    public string Authority { get; }

    /// <summary>Path and query; begins with a slash, or is an asterisk for OPTIONS.</summary>
    public string Path { get; }

    /// <summary>The header section in order.</summary>
    public IReadOnlyList<BinaryField> Headers { get; }

    /// <summary>The content; after decoding, a part of the message that was decoded.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>The trailer section in order.</summary>
    public IReadOnlyList<BinaryField> Trailers { get; }

    /// <summary>Bytes of <see cref="Encode(Span{byte})"/> without padding.</summary>
    public int EncodedSize => SizeOf(0);

    /// <summary>
    /// Known-length encoding (RFC 9292 section 3.1) that fills <paramref name="destination"/> to its end with padding.
    /// </summary>
    /// <exception cref="ArgumentException">The destination is shorter than <see cref="EncodedSize"/>.</exception>
    public void Encode(Span<byte> destination)
    {
        if (destination.Length < EncodedSize)
            throw new ArgumentException("The request does not fit.", nameof(destination));
        Write(destination, KnownLength, 0);
    }

    /// <summary>Known-length encoding, padded with zero bytes up to <paramref name="paddedSize"/>.</summary>
    /// <exception cref="ArgumentException">
    /// The request is longer than <paramref name="paddedSize"/>, and that is not 0.
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
        [NotNullWhen(true)] out BinaryRequest? request,
        out BinaryHttpError error)
    {
        var reader = new MessageReader(message.Span, limits);
        request = Read(ref reader, message);
        error = reader.Error;
        return request is not null;
    }

    /// <summary>The value of the header field with this lower-case name.</summary>
    /// <returns>False when it is absent or stands there more than once.</returns>
    public bool TryGetHeader(string name, [NotNullWhen(true)] out string? value) =>
        FieldSection.TryGetSingle(Headers, name, out value);

    /// <summary>The method only: a path can name what nobody should read in a log.</summary>
    public override string ToString() => $"{nameof(BinaryRequest)} {Method}";

    // Known-Length Request {                       Indeterminate-Length Request {
    //   Framing Indicator (i) = 0,                   Framing Indicator (i) = 2,
    //   Method, Scheme, Authority, Path,             Method, Scheme, Authority, Path,
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
        writer.WriteText(Method);
        writer.WriteText(Scheme);
        writer.WriteText(Authority);
        writer.WriteText(Path);
        writer.WriteFields(Headers, indeterminate);
        writer.WriteContent(Content.Span, chunkSize);
        writer.WriteFields(Trailers, indeterminate);
        writer.Pad();
    }

    private static BinaryRequest? Read(ref MessageReader reader, ReadOnlyMemory<byte> message)
    {
        if (!reader.TryReadFraming(response: false, out var indeterminate)
            || !reader.TryReadControl(out var method)
            || !reader.TryReadControl(out var scheme)
            || !reader.TryReadControl(out var authority)
            || !reader.TryReadControl(out var path))
            return null;
        var error = MessageRules.CheckControlData(method, scheme, authority, path);
        if (error != BinaryHttpError.None)
        {
            reader.Fail(error);
            return null;
        }

        if (!reader.TryReadFields(indeterminate, out var headers)
            || !reader.TryReadContent(indeterminate, message, out var content)
            || !reader.TryReadFields(indeterminate, out var trailers)
            || !reader.TryReadPadding())
            return null;
        var request = new BinaryRequest(
            Encoding.ASCII.GetString(method),
            Encoding.ASCII.GetString(scheme),
            Encoding.ASCII.GetString(authority),
            Encoding.ASCII.GetString(path),
            headers,
            content,
            trailers);
        error = MessageRules.CheckRequest(request.Authority, headers, content.Length, trailers);
        return error == BinaryHttpError.None || reader.Fail(error) ? request : null;
    }

    private int SizeOf(int chunkSize) =>
        1
        + MessageWriter.SizeOfText(Method)
        + MessageWriter.SizeOfText(Scheme)
        + MessageWriter.SizeOfText(Authority)
        + MessageWriter.SizeOfText(Path)
        + MessageWriter.SizeOfFields(Headers, chunkSize > 0)
        + MessageWriter.SizeOfContent(Content.Length, chunkSize)
        + MessageWriter.SizeOfFields(Trailers, chunkSize > 0);
}
