using Bauta.Crypto.Notes;
using Bauta.Crypto.Signatures;

namespace Bauta.Tests.Crypto.Notes;

/// <summary>Fixed keys for logs and witnesses.</summary>
internal static class NoteKeys
{
    public const string Origin = "log.example/archive";

    public static NoteSigner Log(string name = Origin, byte seed = 1) => new(name, Key(seed));

    public static Cosigner Witness(int i) => new($"witness{i}.example", Key((byte)(100 + i)), TimeProvider.System);

    public static Ed25519PrivateKey Key(byte seed) =>
        Ed25519PrivateKey.FromSeed([.. Enumerable.Repeat(seed, 32)]);
}
