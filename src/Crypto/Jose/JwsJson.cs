using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace Bauta.Crypto.Jose;

/// <summary>
/// One payload under one or more signatures: JWS general JSON serialization (RFC 7515 section 7.2.1), always ES256,
/// all signatures of one typ, each by another key, no unprotected header. Immutable and thread-safe.
/// </summary>
public sealed class JwsJson
{
    private readonly byte[] payloadText;
    private readonly JwsSignature[] signatures;

    private JwsJson(byte[] payloadText, byte[] payload, JwsSignature[] signatures)
    {
        this.payloadText = payloadText;
        this.signatures = signatures;
        Payload = payload;
    }

    /// <summary>What kind of statement this claims to be: compare it before believing the payload.</summary>
    public string Typ => signatures[0].Typ;

    /// <summary>The payload; do not write to it.</summary>
    public byte[] Payload { get; }

    /// <summary>At least one signature, each by another key, in the order received.</summary>
    public IReadOnlyList<JwsSignature> Signatures => signatures;

    /// <summary>
    /// Signs <paramref name="payload"/> with every key, written without white space and in this order:
    /// <c>{"payload":P,"signatures":[{"protected":H,"signature":S},...]}</c>.
    /// </summary>
    /// <exception cref="ArgumentException">There is no key, one stands twice, or the typ is malformed.</exception>
    public static string Sign(string typ, ReadOnlySpan<byte> payload, IReadOnlyList<ISigner> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.Count == 0 || keys.DistinctBy(key => key.PublicKey.Thumbprint).Count() != keys.Count)
            throw new ArgumentException("Sign with one key or more, each once.", nameof(keys));
        var payloadText = Base64Url.Encode(payload);
        var json = new StringBuilder($$"""{"payload":"{{payloadText}}","signatures":[""");
        foreach (var key in keys)
        {
            var header = JwsHeader.EncodeText(typ, key.PublicKey.Thumbprint);
            var signature = Base64Url.Encode(key.Sign(Encoding.ASCII.GetBytes($"{header}.{payloadText}")));
            json.Append(json[^1] == '}' ? "," : "")
                .Append($$"""{"protected":"{{header}}","signature":"{{signature}}"}""");
        }

        return json.Append("]}").ToString();
    }

    /// <summary>
    /// Reads a statement without verifying it: at most <paramref name="maxLength"/> bytes of strict JSON with exactly
    /// the members that <see cref="Sign"/> writes, 1 to <paramref name="maxSignatures"/> signatures of one typ by
    /// different keys.
    /// </summary>
    public static bool TryParse(
        ReadOnlySpan<byte> utf8, int maxLength, int maxSignatures, [NotNullWhen(true)] out JwsJson? jws)
    {
        jws = null;
        try
        {
            jws = utf8.Length <= maxLength ? Read(utf8, maxSignatures) : null;
        }
        catch (JsonException)
        {
            // Not JSON: refused below like any other text.
        }

        return jws is not null;
    }

    /// <summary>Whether <paramref name="key"/> is the key named by that signature and made it.</summary>
    public bool Verify(int index, P256PublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var signature = signatures[index];
        if (!string.Equals(signature.KeyId, key.Thumbprint, StringComparison.Ordinal))
            return false;
        byte[] signed = [.. signature.HeaderText, (byte)'.', .. payloadText];
        return key.Verify(signed, signature.Value);
    }

    private static JwsJson? Read(ReadOnlySpan<byte> utf8, int maxSignatures)
    {
        var reader = new Utf8JsonReader(utf8);
        byte[]? payloadText = null;
        List<JwsSignature>? signatures = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // An escaped name would be a second spelling of the same thing.
            if (reader.ValueIsEscaped)
                return null;
            var isRead = reader.ValueTextEquals("payload"u8) ? TryReadText(ref reader, ref payloadText)
                : reader.ValueTextEquals("signatures"u8) && signatures is null
                    && TryReadSignatures(ref reader, maxSignatures, out signatures);
            if (!isRead)
                return null;
        }

        // The last read finds anything that follows the object.
        if (reader.TokenType != JsonTokenType.EndObject || reader.Read() || payloadText is null
            || !Base64Url.TryDecode(payloadText.AsSpan(), out var payload) || signatures is not { Count: > 0 })
            return null;
        var isOfOneTyp = signatures.TrueForAll(signature => signature.Typ == signatures[0].Typ);
        var isByDifferentKeys = signatures.DistinctBy(signature => signature.KeyId).Count() == signatures.Count;
        return isOfOneTyp && isByDifferentKeys ? new JwsJson(payloadText, payload, [.. signatures]) : null;
    }

    private static bool TryReadSignatures(
        ref Utf8JsonReader reader, int maxSignatures, out List<JwsSignature> signatures)
    {
        signatures = [];
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            if (signatures.Count == maxSignatures || ReadSignature(ref reader) is not { } signature)
                return false;
            signatures.Add(signature);
        }

        return reader.TokenType == JsonTokenType.EndArray;
    }

    private static JwsSignature? ReadSignature(ref Utf8JsonReader reader)
    {
        byte[]? headerText = null, valueText = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isRead = !reader.ValueIsEscaped
                && (reader.ValueTextEquals("protected"u8) ? TryReadText(ref reader, ref headerText)
                    : reader.ValueTextEquals("signature"u8) && TryReadText(ref reader, ref valueText));
            if (!isRead)
                return null;
        }

        if (reader.TokenType != JsonTokenType.EndObject || headerText is null || valueText is null
            || !Base64Url.TryDecode(headerText.AsSpan(), out var headerJson)
            || !JwsHeader.TryParse(headerJson, out var header)
            || !Base64Url.TryDecode(valueText.AsSpan(), out var value) || value.Length != P256PublicKey.SignatureSize)
            return null;
        return new JwsSignature(header, headerText, value);
    }

    // False for a member that stands twice.
    private static bool TryReadText(ref Utf8JsonReader reader, ref byte[]? member)
    {
        if (member is not null || !reader.Read() || reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped)
            return false;
        member = reader.ValueSpan.ToArray();
        return true;
    }
}

/// <summary>One of the signatures of a <see cref="JwsJson"/>.</summary>
public sealed class JwsSignature
{
    internal JwsSignature(JwsHeader header, byte[] headerText, byte[] value)
    {
        Typ = header.Typ;
        KeyId = header.KeyId;
        HeaderText = headerText;
        Value = value;
    }

    /// <summary>RFC 7638 thumbprint of the signing key, 43 characters.</summary>
    public string KeyId { get; }

    internal string Typ { get; }

    internal byte[] HeaderText { get; }

    internal byte[] Value { get; }
}
