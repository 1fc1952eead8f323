using System.Security.Cryptography;
using Bauta.Crypto.Hpke;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Disputes;

namespace Bauta.Tests.Disputes;

/// <summary>An arbiter with its two keys.</summary>
public sealed class Arbiter : IDisposable
{
    public P256PrivateKey Key { get; } = P256PrivateKey.Generate();

    public HpkePrivateKey Cases { get; } = HpkePrivateKey.Generate(HpkeKem.X25519);

    public Signed<ArbiterCard> Card => Signed<ArbiterCard>.Sign(
        Key, new ArbiterCard("arbiter.example", Key.PublicKey.Spki, Cases.PublicKey.Bytes.ToArray()));

    /// <summary>A case that nobody opens.</summary>
    public static byte[] Box() => RandomNumberGenerator.GetBytes(1000);

    public Signed<Ruling> Rule(
        DisputeState dispute, long refund, string bank = "bank.example", UnixTime at = default) =>
        Signed<Ruling>.Sign(Key, new Ruling(
            dispute.Transaction, bank, dispute.Claim, Amount.FromMinorUnits(refund), at));

    public void Dispose()
    {
        Key.Dispose();
        Cases.Dispose();
    }
}
