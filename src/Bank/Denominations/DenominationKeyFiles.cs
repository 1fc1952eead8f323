using System.Security.Cryptography;
using Bauta.Crypto.BlindRsa;
using Bauta.Storage;

namespace Bauta.Bank.Denominations;

/// <summary>Private denomination keys as PKCS#8 files that only their owner may read, named by the key's id.</summary>
public sealed class DenominationKeyFiles : IDenominationKeys
{
    private const string Prefix = "denomination-";
    private const string Suffix = ".pem";
    private const int MaxFileLength = 4096;

    // Of 256 last bytes at least 32 are wanted, so this many misses in a row is a bug.
    private const int MaxAttempts = 10_000;

    private readonly string directory;

    public DenominationKeyFiles(string directory)
    {
        this.directory = directory;
        DurableFile.CreateDirectory(directory);
    }

    /// <inheritdoc/>
    public IBlindSigner Create(Func<RsaPublicKey, bool> isWanted)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var key = RsaPrivateKey.Generate();
            if (!isWanted(key.PublicKey))
            {
                key.Dispose();
                continue;
            }

            var pem = key.ToPkcs8Pem();
            DurableFile.CreateSecret(PathOf(key.PublicKey.KeyId), pem);
            CryptographicOperations.ZeroMemory(pem);
            return key;
        }

        throw new CryptographicException("No denomination key of the form that is wanted was found.");
    }

    /// <inheritdoc/>
    public IBlindSigner? TryOpen(ReadOnlySpan<byte> keyId)
    {
        if (DurableFile.ReadSecret(PathOf(keyId), MaxFileLength) is not { } pem)
            return null;
        var key = Read(pem);
        if (key.PublicKey.KeyId.AsSpan().SequenceEqual(keyId))
            return key;
        key.Dispose();
        throw new CryptographicException("A denomination key file holds another key than its name says.");
    }

    /// <inheritdoc/>
    public void Destroy(ReadOnlySpan<byte> keyId)
    {
        var path = PathOf(keyId);
        if (File.Exists(path))
            DurableFile.Delete(path);
    }

    /// <inheritdoc/>
    public void Sweep()
    {
        foreach (var path in Directory.GetFiles(directory, Prefix + "*").Where(DurableFile.IsUnfinished))
            DurableFile.Delete(path);
    }

    private static RsaPrivateKey Read(byte[] pem)
    {
        try
        {
            return RsaPrivateKey.FromPkcs8Pem(pem);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pem);
        }
    }

    private string PathOf(ReadOnlySpan<byte> keyId) =>
        Path.Combine(directory, Prefix + Convert.ToHexStringLower(keyId) + Suffix);
}
