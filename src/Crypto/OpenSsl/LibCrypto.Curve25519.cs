using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Bauta.Crypto.OpenSsl;

/// <summary>
/// An X25519 or Ed25519 key inside libcrypto (EVP_PKEY). libcrypto counts references and zeroes private keys when it
/// frees them; any number of threads may use one key at a time.
/// </summary>
internal sealed class Curve25519Key : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>For the marshaller; use the methods of <see cref="LibCrypto"/>.</summary>
    public Curve25519Key() : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_PKEY_free(handle);
        return true;
    }
}

internal static partial class LibCrypto
{
    internal const int Curve25519KeySize = 32;
    internal const int Ed25519SignatureSize = 64;

    private const int X25519Type = 1034; // NID_X25519
    private const int Ed25519Type = 1087; // NID_ED25519

    internal static Curve25519Key X25519PrivateKey(ReadOnlySpan<byte> key) => PrivateKey(X25519Type, key);

    internal static Curve25519Key X25519PublicKey(ReadOnlySpan<byte> key) => PublicKey(X25519Type, key);

    internal static Curve25519Key Ed25519PrivateKey(ReadOnlySpan<byte> seed) => PrivateKey(Ed25519Type, seed);

    internal static Curve25519Key Ed25519PublicKey(ReadOnlySpan<byte> key) => PublicKey(Ed25519Type, key);

    /// <summary>The 32 bytes of the public key that belongs to <paramref name="key"/>.</summary>
    internal static byte[] RawPublicKey(Curve25519Key key)
    {
        var bytes = new byte[Curve25519KeySize];
        nuint length = Curve25519KeySize;
        Check(EVP_PKEY_get_raw_public_key(key, bytes, ref length), nameof(EVP_PKEY_get_raw_public_key));
        if (length != Curve25519KeySize)
            throw new CryptographicException("A Curve25519 public key is not 32 bytes.");
        return bytes;
    }

    /// <summary>
    /// RFC 7748 section 6.1: the shared secret, 32 bytes. False when it is all zero, which happens for every peer key
    /// of small order and would let an outsider know the secret (RFC 9180 section 7.1.4).
    /// </summary>
    internal static bool TryX25519(Curve25519Key privateKey, Curve25519Key peer, Span<byte> sharedSecret)
    {
        if (sharedSecret.Length != Curve25519KeySize)
            throw new ArgumentException("An X25519 shared secret is 32 bytes.", nameof(sharedSecret));
        var context = EVP_PKEY_CTX_new(privateKey, 0);
        if (context == 0)
            throw Failure(nameof(EVP_PKEY_CTX_new));
        try
        {
            Check(EVP_PKEY_derive_init(context), nameof(EVP_PKEY_derive_init));
            // Unchecked: any 32 bytes are an X25519 key, and the check below is the one that counts.
            Check(EVP_PKEY_derive_set_peer_ex(context, peer, 0), nameof(EVP_PKEY_derive_set_peer_ex));
            nuint length = Curve25519KeySize;
            if (EVP_PKEY_derive(context, sharedSecret, ref length) != 1)
            {
                // With both keys imported, libcrypto fails here for one reason: the result is all zero.
                ForgetErrors();
                sharedSecret.Clear();
                return false;
            }

            // Kept beside libcrypto's own check, so that a build without it is caught.
            return length == Curve25519KeySize && sharedSecret.IndexOfAnyExcept((byte)0) >= 0;
        }
        finally
        {
            EVP_PKEY_CTX_free(context);
        }
    }

    /// <summary>RFC 8032 section 5.1.6 (pure Ed25519): a signature of 64 bytes.</summary>
    internal static byte[] Ed25519Sign(Curve25519Key privateKey, ReadOnlySpan<byte> message)
    {
        using var context = Check(EVP_MD_CTX_new(), nameof(EVP_MD_CTX_new));
        Check(EVP_DigestSignInit(context, 0, 0, 0, privateKey), nameof(EVP_DigestSignInit));
        var signature = new byte[Ed25519SignatureSize];
        nuint length = Ed25519SignatureSize;
        Check(
            EVP_DigestSign(context, signature, ref length, NeverNull(message), (nuint)message.Length),
            nameof(EVP_DigestSign));
        return signature;
    }

    /// <summary>RFC 8032 section 5.1.7. False for any signature that does not verify, however malformed.</summary>
    internal static bool Ed25519Verify(
        Curve25519Key publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != Ed25519SignatureSize)
            return false;
        using var context = Check(EVP_MD_CTX_new(), nameof(EVP_MD_CTX_new));
        Check(EVP_DigestVerifyInit(context, 0, 0, 0, publicKey), nameof(EVP_DigestVerifyInit));
        var valid = EVP_DigestVerify(
            context, signature, (nuint)signature.Length, NeverNull(message), (nuint)message.Length) == 1;
        if (!valid)
            ForgetErrors();
        return valid;
    }

    // libcrypto reads a null message as a question for the length; an empty span marshals as null.
    private static ReadOnlySpan<byte> NeverNull(ReadOnlySpan<byte> message) => message.IsEmpty ? [0] : message;

    private static Curve25519Key PrivateKey(int type, ReadOnlySpan<byte> key)
    {
        if (key.Length != Curve25519KeySize)
            throw new CryptographicException("A Curve25519 private key is 32 bytes.");
        return Check(
            EVP_PKEY_new_raw_private_key(type, 0, key, (nuint)key.Length), nameof(EVP_PKEY_new_raw_private_key));
    }

    private static Curve25519Key PublicKey(int type, ReadOnlySpan<byte> key)
    {
        if (key.Length != Curve25519KeySize)
            throw new CryptographicException("A Curve25519 public key is 32 bytes.");
        return Check(
            EVP_PKEY_new_raw_public_key(type, 0, key, (nuint)key.Length), nameof(EVP_PKEY_new_raw_public_key));
    }

    [LibraryImport(Library)]
    internal static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Library)]
    private static partial Curve25519Key EVP_PKEY_new_raw_private_key(
        int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Library)]
    private static partial Curve25519Key EVP_PKEY_new_raw_public_key(
        int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_get_raw_public_key(Curve25519Key key, Span<byte> bytes, ref nuint length);

    [LibraryImport(Library)]
    private static partial nint EVP_PKEY_CTX_new(Curve25519Key key, nint engine);

    [LibraryImport(Library)]
    private static partial void EVP_PKEY_CTX_free(nint context);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_derive_init(nint context);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_derive_set_peer_ex(nint context, Curve25519Key peer, int validate);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_derive(nint context, Span<byte> secret, ref nuint length);

    [LibraryImport(Library)]
    private static partial int EVP_DigestSignInit(
        DigestContext context, nint keyContext, nint digest, nint engine, Curve25519Key key);

    [LibraryImport(Library)]
    private static partial int EVP_DigestSign(
        DigestContext context, Span<byte> signature, ref nuint length, ReadOnlySpan<byte> message, nuint messageLength);

    [LibraryImport(Library)]
    private static partial int EVP_DigestVerifyInit(
        DigestContext context, nint keyContext, nint digest, nint engine, Curve25519Key key);

    [LibraryImport(Library)]
    private static partial int EVP_DigestVerify(
        DigestContext context, ReadOnlySpan<byte> signature, nuint length, ReadOnlySpan<byte> message,
        nuint messageLength);
}
