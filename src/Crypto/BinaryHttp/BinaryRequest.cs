using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Bauta.Crypto.BinaryHttp;

/// <summary>
/// An HTTP request as one self-contained message, <c>message/bhttp</c> (RFC 9292). Immutable and always valid: what
/// would be malformed in HTTP/2 can neither be made nor decoded.
/// </summary>
public sealed record BinaryRequest : BinaryMessage
{
    /// <summary>The media type of an encoded request or response.</summary>
    public const string MediaType = "message/bhttp";

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
        : base(headers, content, trailers)
    {
        Method = method;
        Scheme = scheme;
        Authority = authority;
        Path = path;
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

    private protected override int Framing => 0;

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
    private protected override void WriteStart(ref MessageWriter writer, bool indeterminate)
    {
        writer.WriteText(Method);
        writer.WriteText(Scheme);
        writer.WriteText(Authority);
        writer.WriteText(Path);
    }

    private protected override int SizeOfStart(bool indeterminate) =>
        MessageWriter.SizeOfText(Method)
        + MessageWriter.SizeOfText(Scheme)
        + MessageWriter.SizeOfText(Authority)
        + MessageWriter.SizeOfText(Path);

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
}
