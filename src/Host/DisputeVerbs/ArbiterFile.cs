using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Hpke;
using Bauta.Crypto.Jose;
using Bauta.Host.Config;
using Bauta.Protocol;
using Bauta.Protocol.Disputes;
using Bauta.Storage;

namespace Bauta.Host.DisputeVerbs;

/// <summary>The arbiter's card as its operator hands it to the bank's.</summary>
internal static class ArbiterFile
{
    public const string Name = "arbiter.card";

    /// <summary>Reads a card.</summary>
    /// <exception cref="HostException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is not one, or not signed by its key.</exception>
    public static Signed<ArbiterCard> Read(string path)
    {
        var bytes = DurableFile.Read(path, ArbiterCard.MaxLength + 1) ?? throw new HostException(ExitCode.BadFile,
            $"{path} is missing. It is the file that `bauta dispute init` wrote; get it from the arbiter.");
        return Signed<ArbiterCard>.TryParse(Encoding.ASCII.GetString(bytes).TrimEnd('\n'), out var card)
            && ArbiterCard.Holds(card)
            ? card
            : throw new InvalidDataException($"{path} is not an arbiter's card.");
    }
}

/// <summary>The arbiter's two keys, in files that only their owner may read.</summary>
internal sealed class ArbiterKeys : IDisposable
{
    private const string CaseFile = "case.key";

    private ArbiterKeys(P256PrivateKey identity, HpkePrivateKey cases) => (Identity, Cases) = (identity, cases);

    /// <summary>Signs card and rulings.</summary>
    public P256PrivateKey Identity { get; }

    /// <summary>Opens cases.</summary>
    public HpkePrivateKey Cases { get; }

    /// <summary>Makes what is not there yet.</summary>
    public static ArbiterKeys Make(string folder)
    {
        Directory.CreateDirectory(
            folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        RoleKeys.MakeSigner(Path.Combine(folder, RoleKeys.Identity)).Dispose();
        var path = Path.Combine(folder, CaseFile);
        if (!File.Exists(path))
        {
            using var key = HpkePrivateKey.Generate(HpkeKem.X25519);
            var secret = key.Export();
            DurableFile.CreateSecret(path, secret);
            CryptographicOperations.ZeroMemory(secret);
        }

        return Open(folder);
    }

    public static ArbiterKeys Open(string folder)
    {
        var path = Path.Combine(folder, CaseFile);
        var secret = DurableFile.ReadSecret(path, HpkePrivateKey.Size)
            ?? throw new HostException(ExitCode.BadFile, $"{path} is missing. Make the keys with: bauta dispute init");
        try
        {
            return HpkePrivateKey.TryFromBytes(HpkeKem.X25519, secret, out var cases)
                ? new ArbiterKeys(RoleKeys.OpenSigner(Path.Combine(folder, RoleKeys.Identity)), cases)
                : throw new InvalidDataException($"{path} is not a key that opens cases.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    public Signed<ArbiterCard> Card(string name) => Signed<ArbiterCard>.Sign(
        Identity, new ArbiterCard(name, Identity.PublicKey.Spki, Cases.PublicKey.Bytes.ToArray()));

    public void Dispose()
    {
        Identity.Dispose();
        Cases.Dispose();
    }
}
