using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Bauta.Crypto.PrivacyPass;

/// <summary>
/// What a token is asked for, RFC 9577 section 2.1. A token carries only its digest (SHA-256, 32 bytes). Immutable.
/// </summary>
public sealed class TokenChallenge
{
    /// <summary>Most characters of an issuer's name, and of all origins' names together.</summary>
    public const int MaxNameLength = 1024;

    private const int ContextSize = 32;

    private readonly byte[] redemptionContext;

    /// <summary>Names an issuer, a redemption context of 0 or 32 bytes, and origins by commas, or none.</summary>
    /// <exception cref="ArgumentException">
    /// A name is too long or not printable ASCII, or the context has another size.
    /// </exception>
    public TokenChallenge(string issuerName, ReadOnlySpan<byte> redemptionContext, string originInfo)
    {
        if (!IsName(issuerName) || issuerName.Length == 0)
            throw new ArgumentException("An issuer's name is 1 to 1024 printable characters.", nameof(issuerName));
        if (!IsName(originInfo))
            throw new ArgumentException("Origins are at most 1024 printable ASCII characters.", nameof(originInfo));
        if (redemptionContext.Length is not 0 and not ContextSize)
            throw new ArgumentException("A redemption context has 0 or 32 bytes.", nameof(redemptionContext));
        IssuerName = issuerName;
        OriginInfo = originInfo;
        this.redemptionContext = redemptionContext.ToArray();
    }

    /// <summary>The issuer's name, a host name as a rule.</summary>
    public string IssuerName { get; }

    /// <summary>Binds a token to one redemption when it has 32 bytes; 0 or 32 bytes, a copy.</summary>
    public byte[] RedemptionContext => (byte[])redemptionContext.Clone();

    /// <summary>The origins, separated by commas; empty when any will do.</summary>
    public string OriginInfo { get; }

    /// <summary>SHA-256 of <see cref="Encode"/>, 32 bytes: challenge_digest of a token.</summary>
    public byte[] Digest => SHA256.HashData(Encode());

    // struct {
    //   uint16_t token_type = 0x0002;
    //   opaque issuer_name<1..2^16-1>;
    //   opaque redemption_context<0..32>;
    //   opaque origin_info<0..2^16-1>;
    // } TokenChallenge;

    /// <summary>Writes the struct.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[2 + 2 + IssuerName.Length + 1 + redemptionContext.Length + 2 + OriginInfo.Length];
        var rest = bytes.AsSpan();
        BinaryPrimitives.WriteUInt16BigEndian(rest, PrivateTokenNames.TokenType);
        rest = WriteName(rest[2..], IssuerName);
        rest[0] = (byte)redemptionContext.Length;
        redemptionContext.CopyTo(rest[1..]);
        WriteName(rest[(1 + redemptionContext.Length)..], OriginInfo);
        return bytes;
    }

    /// <summary>Reads the struct: this token type only, no trailing bytes.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TokenChallenge? challenge)
    {
        challenge = null;
        if (bytes.Length < 2 || BinaryPrimitives.ReadUInt16BigEndian(bytes) != PrivateTokenNames.TokenType)
            return false;
        var rest = bytes[2..];
        if (!TryReadName(ref rest, out var issuer) || issuer.Length == 0 || rest.Length == 0
            || rest[0] is not 0 and not ContextSize || rest.Length <= rest[0])
            return false;
        var context = rest.Slice(1, rest[0]);
        rest = rest[(1 + context.Length)..];
        if (!TryReadName(ref rest, out var origins) || rest.Length != 0)
            return false;
        challenge = new TokenChallenge(issuer, context, origins);
        return true;
    }

    private static Span<byte> WriteName(Span<byte> destination, string name)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)name.Length);
        return destination[(2 + Encoding.ASCII.GetBytes(name, destination[2..]))..];
    }

    private static bool TryReadName(ref ReadOnlySpan<byte> rest, [NotNullWhen(true)] out string? name)
    {
        name = null;
        if (rest.Length < 2)
            return false;
        var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (rest.Length - 2 < length)
            return false;
        var text = Encoding.Latin1.GetString(rest.Slice(2, length));
        rest = rest[(2 + length)..];
        name = IsName(text) ? text : null;
        return name is not null;
    }

    private static bool IsName(string text) =>
        text.Length <= MaxNameLength && !text.AsSpan().ContainsAnyExceptInRange('!', '~');
}
