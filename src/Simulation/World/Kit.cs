using Bauta.Bank.Denominations;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Notes;
using Bauta.Crypto.Signatures;
using Bauta.Protocol.Archive;

namespace Bauta.Simulation.World;

/// <summary>The keys of all worlds, made once from one seed. Nothing of it is secret.</summary>
internal sealed class Kit
{
    public const string Bank = "bank.example";
    public const string Shop = "shop.example";
    public const string Acquirer = "acquirer.example";

    // Any number; worlds differ by their own seeds.
    private const ulong Seed = 0xBA07A;
    private static readonly string[] witnesses = ["w1.example", "w2.example"];

    private readonly Ed25519PrivateKey[] cosigners;

    private Kit(int denominations)
    {
        BankKey = P256PrivateKey.Generate();
        ShopKey = P256PrivateKey.Generate();
        AccountKey = P256PrivateKey.Generate();
        AcquirerKey = P256PrivateKey.Generate();
        LogSigner = NoteSigner.Generate("archive.example/log");
        cosigners = [.. witnesses.Select(_ => Ed25519PrivateKey.Generate())];
        DenominationKeys = [.. Enumerable.Range(0, denominations).Select(_ =>
        {
            using var key = RsaPrivateKey.Generate();
            return System.Text.Encoding.ASCII.GetString(key.ToPkcs8Pem());
        })];
        Policy = ArchivePolicy.Create(
            LogSigner.Verifier, [.. Enumerable.Range(0, cosigners.Length).Select(i =>
                Cosigner(i, TimeProvider.System).Verifier)], cosigners.Length);
    }

    public P256PrivateKey BankKey { get; }

    public P256PrivateKey ShopKey { get; }

    public P256PrivateKey AccountKey { get; }

    public P256PrivateKey AcquirerKey { get; }

    public NoteSigner LogSigner { get; }

    public IReadOnlyList<string> DenominationKeys { get; }

    public ArchivePolicy Policy { get; }

    public int Witnesses => cosigners.Length;

    public static Kit Make(int denominations)
    {
        var before = SeededKeys.Use(new Chance(Seed, 0));
        try
        {
            return new Kit(denominations);
        }
        finally
        {
            SeededKeys.Use(before);
        }
    }

    public Cosigner Cosigner(int index, TimeProvider clock) => new(witnesses[index], cosigners[index], clock);
}

/// <summary>One world's denomination keys; made ones come from the kit, and none is ever lost.</summary>
internal sealed class KitKeys(Kit kit) : IDenominationKeys
{
    private int made;

    public IBlindSigner Create(Func<RsaPublicKey, bool> isWanted)
    {
        while (made < kit.DenominationKeys.Count)
        {
            var key = RsaPrivateKey.FromPkcs8Pem(kit.DenominationKeys[made++]);
            if (isWanted(key.PublicKey))
                return key;
            key.Dispose();
        }

        throw new InvalidOperationException("The simulation has no denomination key left.");
    }

    public IBlindSigner? TryOpen(ReadOnlySpan<byte> keyId)
    {
        foreach (var pem in kit.DenominationKeys)
        {
            var key = RsaPrivateKey.FromPkcs8Pem(pem);
            if (key.PublicKey.KeyId.AsSpan().SequenceEqual(keyId))
                return key;
            key.Dispose();
        }

        return null;
    }

    public void Destroy(ReadOnlySpan<byte> keyId)
    {
    }

    public void Sweep()
    {
    }
}
