using System.Buffers;
using System.Globalization;

namespace Bauta.Crypto.BinaryHttp;

/// <summary>
/// What RFC 9292 takes from HTTP/2 (RFC 9113 sections 8.1.1, 8.2 and 8.3): which control data and which fields make a
/// message malformed. Where the RFC leaves a choice, the stricter one is taken.
/// </summary>
internal static class MessageRules
{
    private const string Lower = "abcdefghijklmnopqrstuvwxyz";
    private const string Digits = "0123456789";
    private const string TokenMarks = "!#$%&'*+-.^_`|~";

    private static readonly SearchValues<byte> nameBytes = Bytes(Lower + Digits + TokenMarks);

    private static readonly SearchValues<byte> tokenBytes =
        Bytes(Lower + Lower.ToUpperInvariant() + Digits + TokenMarks);

    private static readonly SearchValues<byte> schemeBytes = Bytes(Lower + Digits + "+-.");

    // No '@': an authority of http or https carries no user information.
    private static readonly SearchValues<byte> authorityBytes =
        Bytes(Lower + Lower.ToUpperInvariant() + Digits + "-._~%!$&'()*+,;=:[]");

    // Fields that speak of one connection (RFC 9113 section 8.2.2).
    private static readonly string[] connectionFields =
        ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

    // Framing, routing and authentication are settled before the content (RFC 9110 section 6.5.1).
    private static readonly string[] neverInTrailers =
        ["authorization", "content-encoding", "content-length", "content-type", "expect", "host", "te"];

    internal static BinaryHttpError CheckName(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
            return BinaryHttpError.BadFieldName;
        if (name[0] == ':')
            return BinaryHttpError.PseudoField;
        return name.ContainsAnyExcept(nameBytes) ? BinaryHttpError.BadFieldName : BinaryHttpError.None;
    }

    internal static BinaryHttpError CheckValue(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
            return BinaryHttpError.None;
        if (value[0] is (byte)' ' or (byte)'\t' || value[^1] is (byte)' ' or (byte)'\t')
            return BinaryHttpError.BadFieldValue;
        foreach (var b in value)
        {
            if (b is < 0x20 and not (byte)'\t' or 0x7f)
                return BinaryHttpError.BadFieldValue;
        }

        return BinaryHttpError.None;
    }

    internal static BinaryHttpError CheckControlData(
        ReadOnlySpan<byte> method, ReadOnlySpan<byte> scheme, ReadOnlySpan<byte> authority, ReadOnlySpan<byte> path)
    {
        // CONNECT would ask for a tunnel, which one message cannot carry.
        var valid = !method.IsEmpty && !method.ContainsAnyExcept(tokenBytes) && !method.SequenceEqual("CONNECT"u8);
        valid &= !scheme.IsEmpty && scheme[0] is >= (byte)'a' and <= (byte)'z'
            && !scheme.ContainsAnyExcept(schemeBytes);
        valid &= !authority.ContainsAnyExcept(authorityBytes);
        var asterisk = path.SequenceEqual("*"u8) && method.SequenceEqual("OPTIONS"u8);
        valid &= asterisk
            || (!path.IsEmpty && path[0] == '/' && !path.ContainsAnyExceptInRange((byte)0x21, (byte)0x7e)
            && !path.Contains((byte)'#'));
        return valid ? BinaryHttpError.None : BinaryHttpError.BadControlData;
    }

    internal static BinaryHttpError CheckRequest(
        string authority, IReadOnlyList<BinaryField> headers, int contentLength, IReadOnlyList<BinaryField> trailers)
    {
        var error = CheckFields(headers, trailers);
        if (error != BinaryHttpError.None)
            return error;
        string? host = null;
        foreach (var field in headers)
        {
            if (field.Name != "host")
                continue;
            // Two names for one target would let two readers of the message disagree about it.
            if (host is not null
                || (authority.Length > 0 && !authority.Equals(field.Value, StringComparison.OrdinalIgnoreCase)))
                return BinaryHttpError.BadHost;
            host = field.Value;
        }

        return CheckContentLength(headers, contentLength, mayStandAlone: false);
    }

    internal static BinaryHttpError CheckResponse(
        IReadOnlyList<BinaryField> headers, int contentLength, IReadOnlyList<BinaryField> trailers)
    {
        var error = CheckFields(headers, trailers);
        // An answer to HEAD, and a 304, name the length of content that they do not carry.
        return error != BinaryHttpError.None ? error : CheckContentLength(headers, contentLength, mayStandAlone: true);
    }

    internal static BinaryHttpError CheckFields(
        IReadOnlyList<BinaryField> headers, IReadOnlyList<BinaryField> trailers)
    {
        foreach (var field in headers)
        {
            if (IsOfConnection(field))
                return BinaryHttpError.ConnectionField;
        }

        foreach (var field in trailers)
        {
            if (IsOfConnection(field))
                return BinaryHttpError.ConnectionField;
            if (Array.IndexOf(neverInTrailers, field.Name) >= 0)
                return BinaryHttpError.BadTrailer;
        }

        return BinaryHttpError.None;
    }

    private static bool IsOfConnection(BinaryField field) =>
        Array.IndexOf(connectionFields, field.Name) >= 0 || (field.Name == "te" && field.Value != "trailers");

    private static BinaryHttpError CheckContentLength(
        IReadOnlyList<BinaryField> headers, int contentLength, bool mayStandAlone)
    {
        var seen = false;
        foreach (var field in headers)
        {
            if (field.Name != "content-length")
                continue;
            var parsed = ulong.TryParse(field.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var length);
            var fits = length == (ulong)contentLength || (mayStandAlone && contentLength == 0);
            if (seen || !parsed || !fits)
                return BinaryHttpError.ContentLengthMismatch;
            seen = true;
        }

        return BinaryHttpError.None;
    }

    private static SearchValues<byte> Bytes(string characters) =>
        SearchValues.Create([.. characters.Select(c => (byte)c)]);
}
