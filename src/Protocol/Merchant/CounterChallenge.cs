using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Jose;

namespace Bauta.Protocol.Merchant;

/// <summary>
/// What a counter asks the holder of a receipt to sign: its name, its time and 16 random bytes, under a MAC of its own,
/// so that it knows its challenges again without keeping them. At most 160 characters:
/// <c>bauta-counter:NAME:SECONDS:NONCE:MAC</c>, nonce and MAC in base64url.
/// </summary>
public sealed class CounterChallenge
{
    /// <summary>How the text begins.</summary>
    public const string Prefix = "bauta-counter:";

    /// <summary>Bytes of a counter's own key.</summary>
    public const int KeySize = 32;

    private const int NonceSize = 16;
    private const int MaxLength = 160;

    private CounterChallenge(string text, string counter, UnixTime at) => (Text, Counter, At) = (text, counter, at);

    /// <summary>The text that is shown to the customer.</summary>
    public string Text { get; }

    /// <summary>The counter's name.</summary>
    public string Counter { get; }

    /// <summary>When, by the counter's clock.</summary>
    public UnixTime At { get; }

    /// <summary>Makes a new one.</summary>
    public static CounterChallenge Make(string counter, UnixTime at, ReadOnlySpan<byte> key)
    {
        if (!Names.IsPartyName(counter))
            throw new ArgumentException("A counter is named as a party is.", nameof(counter));
        var nonce = Base64Url.Encode(RandomNumberGenerator.GetBytes(NonceSize));
        var said = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{counter}:{at.Seconds}:{nonce}");
        return new CounterChallenge($"{said}:{Base64Url.Encode(Mac(said, key))}", counter, at);
    }

    /// <summary>Reads the one canonical form. Whose it is only its counter can tell.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out CounterChallenge? challenge)
    {
        challenge = null;
        if (text is null || text.Length > MaxLength || !text.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        var parts = text[Prefix.Length..].Split(':');
        if (parts.Length != 4 || !Names.IsPartyName(parts[0]) || !TryParseSeconds(parts[1], out var at)
            || !IsBase64Url(parts[2], NonceSize) || !IsBase64Url(parts[3], HMACSHA256.HashSizeInBytes))
            return false;
        challenge = new CounterChallenge(text, parts[0], at);
        return true;
    }

    /// <summary>Whether the counter that has this key made it.</summary>
    public bool IsMadeWith(ReadOnlySpan<byte> key)
    {
        var end = Text.LastIndexOf(':');
        return Base64Url.TryDecode(Text.AsSpan(end + 1), out var mac)
            && CryptographicOperations.FixedTimeEquals(mac, Mac(Text[..end], key));
    }

    private static byte[] Mac(string said, ReadOnlySpan<byte> key) => key.Length == KeySize
        ? HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(said))
        : throw new ArgumentException($"A counter's key has {KeySize} bytes.", nameof(key));

    private static bool TryParseSeconds(string text, out UnixTime at)
    {
        at = default;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || seconds.ToString(CultureInfo.InvariantCulture) != text || seconds > UnixTime.MaximumSeconds)
            return false;
        at = UnixTime.FromSeconds(seconds);
        return true;
    }

    private static bool IsBase64Url(string text, int size) =>
        Base64Url.TryDecode(text, out var bytes) && bytes.Length == size;
}
