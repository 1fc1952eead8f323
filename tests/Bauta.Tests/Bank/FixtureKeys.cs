using Bauta.Bank.Denominations;
using Bauta.Crypto.BlindRsa;

namespace Bauta.Tests.Bank;

/// <summary>Keeps private keys in memory, taken from files made once. Counts what is destroyed.</summary>
public sealed class FixtureKeys(params string[] names) : IDenominationKeys
{
    public static string[] Twelve { get; } = [.. Enumerable.Range(1, 12).Select(i => $"denomination-{i:D2}")];

    private readonly List<RsaPrivateKey> unused = [.. names.Select(Load)];
    private readonly Dictionary<string, RsaPrivateKey> made = [];

    public List<RsaPublicKey> Passed { get; } = [];

    public List<string> Destroyed { get; } = [];

    /// <summary>All that the bank ever had in memory.</summary>
    public List<RsaPrivateKey> Handed { get; } = [];

    /// <summary>Leaves the test of an offered key's private half to a thief.</summary>
    public Dictionary<string, RsaPrivateKey> Stolen { get; } = [];

    public IBlindSigner Create(Func<RsaPublicKey, bool> isWanted)
    {
        lock (unused)
        {
            foreach (var key in unused.ToArray())
            {
                if (!isWanted(key.PublicKey))
                {
                    Passed.Add(key.PublicKey);
                    continue;
                }

                unused.Remove(key);
                made.Add(key.PublicKey.ToString(), key);
                Stolen.Add(key.PublicKey.ToString(), key);
                return Hand(key);
            }
        }

        throw new InvalidOperationException("The fixture has no key left that is wanted.");
    }

    public IBlindSigner? TryOpen(ReadOnlySpan<byte> keyId)
    {
        lock (unused)
            return made.TryGetValue(Convert.ToHexStringLower(keyId), out var key) ? Hand(key) : null;
    }

    public void Destroy(ReadOnlySpan<byte> keyId)
    {
        lock (unused)
        {
            Destroyed.Add(Convert.ToHexStringLower(keyId));
            made.Remove(Convert.ToHexStringLower(keyId));
        }
    }

    public void Sweep()
    {
        // Nothing is ever half written here.
    }

    // The bank disposes of what it was given.
    private RsaPrivateKey Hand(RsaPrivateKey key)
    {
        var copy = RsaPrivateKey.FromPkcs8Pem(key.ToPkcs8Pem());
        Handed.Add(copy);
        return copy;
    }

    private static RsaPrivateKey Load(string name) => RsaPrivateKey.FromPkcs8Pem(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Bank", "Keys", name + ".pem")));
}
