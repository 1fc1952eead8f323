namespace Bauta.Crypto.OpenSsl;

/// <summary>
/// SHA-256 (FIPS 180-4) of public data, 32 bytes. The framework's own prepares a new state for each hash and empties
/// libcrypto's error queue, which costs several times a Merkle node; here each thread keeps one state. It holds what
/// was hashed last, so secrets are not hashed with it.
/// </summary>
internal static class PublicDigest
{
    private static readonly DigestHandle Sha256 =
        LibCrypto.Check(LibCrypto.EVP_MD_fetch(0, "SHA256", null), "EVP_MD_fetch");

    [ThreadStatic]
    private static DigestContext? thisThreads;

    /// <summary>The hash of one message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="digest">32 bytes.</param>
    public static void Hash(ReadOnlySpan<byte> message, Span<byte> digest) => Hash([], message, digest);

    /// <summary>The hash of a prefix and a message, as if they were one.</summary>
    /// <param name="prefix">The prefix.</param>
    /// <param name="message">The message.</param>
    /// <param name="digest">32 bytes.</param>
    public static void Hash(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> message, Span<byte> digest)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(digest.Length, 32);
        var context = Start();
        if (!prefix.IsEmpty)
            LibCrypto.Check(LibCrypto.EVP_DigestUpdate(context, prefix, (nuint)prefix.Length), "EVP_DigestUpdate");
        LibCrypto.Check(LibCrypto.EVP_DigestUpdate(context, message, (nuint)message.Length), "EVP_DigestUpdate");
        LibCrypto.Check(LibCrypto.EVP_DigestFinal_ex(context, digest, 0), "EVP_DigestFinal_ex");
    }

    private static DigestContext Start()
    {
        if (thisThreads is { } context)
        {
            LibCrypto.Check(LibCrypto.EVP_DigestInit_ex2(context, 0, 0), "EVP_DigestInit_ex2");
            return context;
        }

        context = LibCrypto.Check(LibCrypto.EVP_MD_CTX_new(), "EVP_MD_CTX_new");
        LibCrypto.Check(LibCrypto.EVP_DigestInit_ex2(context, Sha256, 0), "EVP_DigestInit_ex2");
        return thisThreads = context;
    }
}
