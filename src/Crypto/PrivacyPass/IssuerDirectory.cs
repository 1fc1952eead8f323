using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;

namespace Bauta.Crypto.PrivacyPass;

/// <summary>A key in an <see cref="IssuerDirectory"/>, in force from a time on or, without one, at once.</summary>
public sealed record IssuerKey(RsaPublicKey Key, DateTimeOffset? NotBefore);

/// <summary>
/// Where an issuer takes requests and under which keys, RFC 9578 section 4: JSON of at most 256 KiB with at most 1024
/// keys. Members that this does not know and keys of other token types are passed over. Immutable.
/// </summary>
public sealed record IssuerDirectory(string RequestUri, IReadOnlyList<IssuerKey> Keys)
{
    /// <summary>Most bytes of a directory.</summary>
    public const int MaxSize = 256 * 1024;

    /// <summary>Most keys in a directory, of all token types.</summary>
    public const int MaxKeys = 1024;

    private const int MaxUriLength = 2048;

    private static readonly JsonDocumentOptions strict = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    // { "issuer-request-uri": URI,
    //   "token-keys": [ { "token-type": 2, "token-key": base64url(SPKI), "not-before": seconds } ] }

    /// <summary>Writes the directory.</summary>
    public byte[] Encode()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("issuer-request-uri", RequestUri);
            writer.WriteStartArray("token-keys");
            foreach (var key in Keys)
            {
                writer.WriteStartObject();
                writer.WriteNumber("token-type", PrivateTokenNames.TokenType);
                writer.WriteString("token-key", Base64Url.Encode(key.Key.Spki));
                if (key.NotBefore is { } notBefore)
                    writer.WriteNumber("not-before", notBefore.ToUnixTimeSeconds());
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>
    /// Reads a directory; refuses one with a doubled member, without a URI or keys, or with a key of type 0x0002 that
    /// is not exactly of its form.
    /// </summary>
    public static bool TryDecode(ReadOnlyMemory<byte> utf8, [NotNullWhen(true)] out IssuerDirectory? directory)
    {
        directory = null;
        if (utf8.Length > MaxSize)
            return false;
        try
        {
            using var document = JsonDocument.Parse(utf8, strict);
            directory = Read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Not JSON, or text that is not UTF-8: refused below like any other bytes.
        }

        return directory is not null;
    }

    /// <summary>
    /// The URI for requests, which may be relative to the directory's own; null unless it leads to http or https.
    /// </summary>
    public Uri? ResolveRequestUri(Uri directoryUri) =>
        Uri.TryCreate(directoryUri, RequestUri, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)
            ? uri
            : null;

    private static IssuerDirectory? Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object
            || ReadText(root, "issuer-request-uri") is not { Length: > 0 and <= MaxUriLength } uri
            || !root.TryGetProperty("token-keys", out var list) || list.ValueKind != JsonValueKind.Array
            || list.GetArrayLength() > MaxKeys)
            return null;
        var keys = new List<IssuerKey>();
        foreach (var entry in list.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("token-type", out var type)
                || type.ValueKind != JsonValueKind.Number || !type.TryGetUInt16(out var number))
                return null;
            if (number != PrivateTokenNames.TokenType)
                continue;
            if (ReadKey(entry) is not { } key)
                return null;
            keys.Add(key);
        }

        return new IssuerDirectory(uri, keys);
    }

    private static IssuerKey? ReadKey(JsonElement entry)
    {
        if (!Base64Url.TryDecode(ReadText(entry, "token-key"), out var spki)
            || !RsaPublicKey.TryFromSpki(spki, out var key))
            return null;
        if (!entry.TryGetProperty("not-before", out var time))
            return new IssuerKey(key, null);
        return time.ValueKind == JsonValueKind.Number && time.TryGetInt64(out var seconds)
            && seconds >= 0 && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
                ? new IssuerKey(key, DateTimeOffset.FromUnixTimeSeconds(seconds))
                : null;
    }

    private static string? ReadText(JsonElement element, string member) =>
        element.TryGetProperty(member, out var text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : null;
}
