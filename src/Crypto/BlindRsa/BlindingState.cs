using System.Security.Cryptography;
using Bauta.Crypto.OpenSsl;

namespace Bauta.Crypto.BlindRsa;

/// <summary>
/// What the client keeps between blinding and finalizing, and the only thing that can finalize. Serves once; the
/// inverse of the blind, which would link request and signature, is zeroed then. Thread-safe.
/// </summary>
public sealed class BlindingState : IDisposable
{
    private readonly RawRsa key;
    private readonly byte[] preparedMessage;
    private readonly int saltSize;
    private readonly byte[] blindedMessage;
    private BigNumber? inverse;

    internal BlindingState(
        RawRsa key, ReadOnlySpan<byte> preparedMessage, int saltSize, BigNumber inverse, byte[] blindedMessage)
    {
        this.key = key;
        this.preparedMessage = preparedMessage.ToArray();
        this.saltSize = saltSize;
        this.inverse = inverse;
        this.blindedMessage = blindedMessage;
    }

    /// <summary>What the signer gets, 256 bytes, a copy.</summary>
    public byte[] BlindedMessage => (byte[])blindedMessage.Clone();

    /// <summary>Finalize of RFC 9474 section 4.4: the signature on the prepared message, 256 bytes.</summary>
    /// <exception cref="CryptographicException">The signer's answer does not make a valid signature.</exception>
    /// <exception cref="InvalidOperationException">This was called before, or the state was disposed.</exception>
    public byte[] Finalize(ReadOnlySpan<byte> blindSignature)
    {
        using var inv = Interlocked.Exchange(ref inverse, null)
            ?? throw new InvalidOperationException("A blinding finalizes one signature only.");

        // 1. If len(blind_sig) != modulus_len, raise "unexpected input size".
        if (!key.IsBelowModulus(blindSignature))
            throw new CryptographicException("The blind signature is not a number below the modulus.");

        // 2, 3, 4. sig = int_to_bytes(bytes_to_int(blind_sig) * inv mod n, modulus_len)
        using var context = BigNumberContext.Create();
        using var product = BigNumber.FromSecretBytes(blindSignature);
        LibCrypto.Check(LibCrypto.BN_mod_mul(product, product, inv, key.Modulus, context), "BN_mod_mul");
        var signature = product.ToBytes(key.Size);

        // 5, 6. If RSASSA-PSS-VERIFY(pk, msg, sig) is not valid, raise "invalid signature".
        return key.VerifyPss(preparedMessage, signature, saltSize)
            ? signature
            : throw new CryptographicException("The blind signature does not verify.");
    }

    /// <summary>Zeroes the inverse of the blind.</summary>
    public void Dispose() => Interlocked.Exchange(ref inverse, null)?.Dispose();
}
