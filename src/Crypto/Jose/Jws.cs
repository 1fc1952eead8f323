using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Bauta.Crypto.Jose;

/// <summary>
/// A signed statement: JWS compact serialization (RFC 7515 section 7.1), always ES256. The text is kept as it was
/// received and verified as it stands; nothing is written anew before a verification. Immutable and thread-safe.
/// </summary>
public sealed class Jws
{
    private readonly JwsHeader header;
    private readonly byte[] signature;
    private readonly int signedLength;

    private Jws(string text, JwsHeader header, byte[] payload, byte[] signature, int signedLength)
    {
        Text = text;
        Payload = payload;
        this.header = header;
        this.signature = signature;
        this.signedLength = signedLength;
    }

    /// <summary>What kind of statement this claims to be: compare it before believing the payload.</summary>
    public string Typ => header.Typ;

    /// <summary>RFC 7638 thumbprint of the signing key, 43 characters.</summary>
    public string KeyId => header.KeyId;

    /// <summary>The payload; do not write to it.</summary>
    public byte[] Payload { get; }

    /// <summary>The statement as it was received.</summary>
    public string Text { get; }

    /// <summary>Signs <paramref name="payload"/> as a statement of the kind <paramref name="typ"/>.</summary>
    /// <exception cref="ArgumentException">The typ is not 1 to 64 letters, digits or any of -+./_</exception>
    public static string Sign(ISigner key, string typ, ReadOnlySpan<byte> payload)
    {
        ArgumentNullException.ThrowIfNull(key);
        var signed = $"{JwsHeader.EncodeText(typ, key.PublicKey.Thumbprint)}.{Base64Url.Encode(payload)}";
        return $"{signed}.{Base64Url.Encode(key.Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>
    /// Reads a statement without verifying it: three parts of canonical base64url, at most
    /// <paramref name="maxLength"/> characters together, a header with exactly alg, typ and kid, and 64 bytes of
    /// signature.
    /// </summary>
    public static bool TryParse(string? text, int maxLength, [NotNullWhen(true)] out Jws? jws)
    {
        jws = null;
        if (text is null || text.Length > maxLength)
            return false;
        var first = text.IndexOf('.', StringComparison.Ordinal);
        var last = text.LastIndexOf('.');
        // A third dot lands in the payload and is refused there as no letter of base64url.
        if (first < 0 || last == first
            || !Base64Url.TryDecode(text.AsSpan(0, first), out var headerJson)
            || !JwsHeader.TryParse(headerJson, out var header)
            || !Base64Url.TryDecode(text.AsSpan(first + 1, last - first - 1), out var payload)
            || !Base64Url.TryDecode(text.AsSpan(last + 1), out var signature)
            || signature.Length != P256PublicKey.SignatureSize)
            return false;
        jws = new Jws(text, header, payload, signature, last);
        return true;
    }

    /// <summary>Whether <paramref name="key"/> is the key named and signed the text as received.</summary>
    public bool Verify(P256PublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!string.Equals(KeyId, key.Thumbprint, StringComparison.Ordinal))
            return false;
        var signed = ArrayPool<byte>.Shared.Rent(signedLength);
        try
        {
            var length = Encoding.ASCII.GetBytes(Text.AsSpan(0, signedLength), signed);
            return key.Verify(signed.AsSpan(0, length), signature);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(signed);
        }
    }
}
