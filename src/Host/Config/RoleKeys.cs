using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Notes;
using Bauta.Storage;

namespace Bauta.Host.Config;

/// <summary>Private keys in files that only their owner may read. Made once, never overwritten.</summary>
internal static class RoleKeys
{
    public const string Identity = "identity.pem";
    public const string Account = "account.pem";
    public const string Gateway = "gateway.json";
    public const string Log = "log.skey";
    public const string Witness = "witness.skey";
    public const string Sealing = "sealing.key";
    public const string Denominations = "denominations";

    private const int MaxLength = 4096;
    private const int MaxCertificateLength = 256 * 1024;

    /// <summary>A P-256 key.</summary>
    public static P256PrivateKey OpenSigner(string path)
    {
        var pem = ReadSecret(path);
        try
        {
            return P256PrivateKey.FromPkcs8Pem(pem);
        }
        catch (FormatException malformed)
        {
            throw new InvalidDataException($"{path} is not a P-256 private key in PEM.", malformed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pem);
        }
    }

    /// <summary>The certificate that a port shows, with its private key from a file of its own or from the same
    /// one.</summary>
    public static X509Certificate2 OpenCertificate(string certificatePath, string? keyPath)
    {
        var key = DurableFile.ReadSecret(keyPath ?? certificatePath, MaxCertificateLength);
        var certificate = keyPath is null ? key : DurableFile.Read(certificatePath, MaxCertificateLength);
        if (certificate is null || key is null)
            throw new HostException(
                ExitCode.BadFile, $"{(certificate is null ? certificatePath : keyPath)} is missing.");
        var keyText = Encoding.UTF8.GetChars(key);
        try
        {
            return X509Certificate2.CreateFromPem(
                keyPath is null ? keyText : Encoding.UTF8.GetChars(certificate), keyText);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            Array.Clear(keyText);
        }
    }

    /// <summary>The log's key.</summary>
    public static NoteSigner OpenLog(string path) => NoteSigner.TryParse(ReadText(path), out var signer)
        ? signer
        : throw new InvalidDataException($"{path} is not a note key of type 0x01.");

    /// <summary>A witness's key.</summary>
    public static Cosigner OpenWitness(string path, TimeProvider time) =>
        Cosigner.TryParse(ReadText(path), time, out var signer)
            ? signer
            : throw new InvalidDataException($"{path} is not a note key of type 0x04.");

    /// <summary>Makes a P-256 key unless it is there.</summary>
    public static P256PrivateKey MakeSigner(string path)
    {
        if (!File.Exists(path))
        {
            using var key = P256PrivateKey.Generate();
            CreateZeroing(path, key.ToPkcs8Pem());
        }

        return OpenSigner(path);
    }

    /// <summary>Makes a log's key unless it is there.</summary>
    public static NoteSigner MakeLog(string path, string name)
    {
        if (!File.Exists(path))
        {
            using var key = NoteSigner.Generate(name);
            CreateZeroing(path, Encoding.ASCII.GetBytes(key.ExportSecretKey()));
        }

        return OpenLog(path);
    }

    /// <summary>Makes a witness's key unless it is there.</summary>
    public static Cosigner MakeWitness(string path, string name, TimeProvider time)
    {
        if (!File.Exists(path))
        {
            using var key = Cosigner.Generate(name, time);
            CreateZeroing(path, Encoding.ASCII.GetBytes(key.ExportSecretKey()));
        }

        return OpenWitness(path, time);
    }

    private static void CreateZeroing(string path, byte[] secret)
    {
        try
        {
            DurableFile.CreateSecret(path, secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static string ReadText(string path)
    {
        var bytes = ReadSecret(path);
        var text = Encoding.ASCII.GetString(bytes).TrimEnd('\n');
        CryptographicOperations.ZeroMemory(bytes);
        return text;
    }

    private static byte[] ReadSecret(string path) =>
        DurableFile.ReadSecret(path, MaxLength) ?? throw new HostException(ExitCode.BadFile,
            $"{path} is missing. Make the role's keys with bauta init, or put them back from a backup.");
}
