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
public sealed record BinaryResponse : BinaryMessage
{
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
        : base(headers, content, trailers)
    {
        Status = status;
        Informational = informational;
    }

    /// <summary>200 to 599.</summary>
    public int Status { get; }

    /// <summary>Informational responses in front of this one.</summary>
    public IReadOnlyList<InformationalResponse> Informational { get; }

    private protected override int Framing => 1;

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
    private protected override void WriteStart(ref MessageWriter writer, bool indeterminate)
    {
        foreach (var earlier in Informational)
        {
            writer.WriteInteger(earlier.Status);
            writer.WriteFields(earlier.Headers, indeterminate);
        }

        writer.WriteInteger(Status);
    }

    private protected override int SizeOfStart(bool indeterminate)
    {
        var size = VariableInteger.SizeOf(Status);
        foreach (var earlier in Informational)
            size += VariableInteger.SizeOf(earlier.Status) + MessageWriter.SizeOfFields(earlier.Headers, indeterminate);
        return size;
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
}
