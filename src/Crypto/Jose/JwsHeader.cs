using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace Bauta.Crypto.Jose;

/// <summary>
/// The protected header of every statement: <c>{"alg":"ES256","typ":TYP,"kid":THUMBPRINT}</c>, written in that order
/// without spaces, read as strict JSON with exactly these members.
/// </summary>
internal sealed record JwsHeader(string Typ, string KeyId)
{
    internal const int MaxSize = 256;
    private const int MaxTypLength = 64;
    private const int KeyIdSize = 32;

    private static readonly SearchValues<char> typAlphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-+./_");

    internal static string EncodeText(string typ, string keyId)
    {
        if (!IsTyp(typ))
            throw new ArgumentException("A typ has 1 to 64 letters, digits or any of -+./_", nameof(typ));
        return Base64Url.Encode(Encoding.ASCII.GetBytes($$"""{"alg":"ES256","typ":"{{typ}}","kid":"{{keyId}}"}"""));
    }

    internal static bool TryParse(ReadOnlySpan<byte> json, [NotNullWhen(true)] out JwsHeader? header)
    {
        header = null;
        try
        {
            header = json.Length <= MaxSize ? Read(json) : null;
        }
        catch (JsonException)
        {
            // Not JSON: refused below like any other header.
        }

        return header is not null;
    }

    private static JwsHeader? Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        string? algorithm = null, typ = null, keyId = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // An escaped name or value would be a second spelling of the same thing.
            if (reader.ValueIsEscaped)
                return null;
            ref var member = ref algorithm;
            if (reader.ValueTextEquals("typ"u8))
                member = ref typ;
            else if (reader.ValueTextEquals("kid"u8))
                member = ref keyId;
            else if (!reader.ValueTextEquals("alg"u8))
                return null;
            if (member is not null || !reader.Read() || reader.TokenType != JsonTokenType.String
                || reader.ValueIsEscaped)
                return null;
            member = Encoding.Latin1.GetString(reader.ValueSpan);
        }

        // The last read finds anything that follows the object.
        var isComplete = reader.TokenType == JsonTokenType.EndObject && !reader.Read();
        return isComplete && algorithm == "ES256" && IsTyp(typ) && IsKeyId(keyId) ? new JwsHeader(typ, keyId) : null;
    }

    private static bool IsTyp([NotNullWhen(true)] string? typ) =>
        typ is { Length: > 0 and <= MaxTypLength } && !typ.AsSpan().ContainsAnyExcept(typAlphabet);

    private static bool IsKeyId([NotNullWhen(true)] string? keyId) =>
        keyId is { Length: P256PublicKey.ThumbprintLength } && Base64Url.TryDecode(keyId, out var bytes)
        && bytes.Length == KeyIdSize;
}
