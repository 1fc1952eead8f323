using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Wallet.Recovery;
using Xunit;

namespace Bauta.Tests.Wallet;

public class WalletSeedTests
{
    private static readonly byte[] keyA = [.. Enumerable.Repeat((byte)1, 32)];
    private static readonly byte[] keyB = [.. Enumerable.Repeat((byte)2, 32)];

    [Fact]
    public void Derivations_never_change()
    {
        // Whoever changes these loses every wallet that is restored from its phrase. Computed apart from this code.
        using var seed = Seed();
        using var reserve = seed.ReserveKey(3);
        using var token = seed.Token(keyA, 7);
        using var key = token.Key();
        using var refresh = token.RefreshReserveKey();
        Assert.Equal(
            [
                "XIpfz3q9sjniH_Pb2GcYINaJ8JOm0RaIgvvJkDu7Fwo",
                "VDVSlbeeWDAhO_FInb25-qqGzWlvb3bPIOJOY-ZOcLQ",
                "FWpoTEGW9_IqISU-ht2y-Ha4wkr5OOdTHukNS_TdjEY",
                "NKsfc37Xo7oER2gaQ7uIzQSBRZ0242XaeqqW-VFKwks",
            ],
            [reserve.PublicKey.Thumbprint, key.PublicKey.Thumbprint, refresh.PublicKey.Thumbprint,
                Base64Url.Encode(token.BlindingSeed())]);
    }

    [Fact]
    public void Keys_of_purchases_and_pseudonyms_never_change()
    {
        using var seed = Seed();
        using var purchase = seed.PurchaseKey(RequestId.FromBytes(keyA));
        using var pseudonym = seed.PseudonymKey("collector");
        Assert.Equal(
            ["7hHb6WIcjgPI1voi2Zar6GOTWpXxRa2L6aPhN3IpC8U", "4Un8rUpEyFhjgDjRdQTZ3zXR0Nec8IVO2ok4kxTbN70"],
            [purchase.PublicKey.Thumbprint, pseudonym.PublicKey.Thumbprint]);
    }

    [Fact]
    public void Nothing_derived_is_derived_twice()
    {
        using var seed = Seed();
        using var other = new WalletSeed([.. Enumerable.Repeat((byte)9, WalletSeed.Size)]);
        var derived = new List<string>();
        foreach (var root in new[] { seed, other })
        {
            for (var number = 0; number < 3; number++)
            {
                using var reserve = root.ReserveKey(number);
                using var purchase = root.PurchaseKey(RequestId.FromBytes(number == 0 ? keyA : [.. keyB[1..], 3]));
                using var pseudonym = root.PseudonymKey($"label-{number}");
                derived.Add(Base64Url.Encode(reserve.ExportScalar()));
                derived.Add(Base64Url.Encode(pseudonym.ExportScalar()));
                if (number < 2)
                    derived.Add(Base64Url.Encode(purchase.ExportScalar()));
                foreach (var denomination in new[] { keyA, keyB })
                {
                    using var token = root.Token(denomination, number);
                    using var key = token.Key();
                    using var refresh = token.RefreshReserveKey();
                    derived.AddRange([Base64Url.Encode(key.ExportScalar()), Base64Url.Encode(refresh.ExportScalar()),
                        Base64Url.Encode(token.BlindingSeed())]);
                }
            }
        }

        Assert.Equal(2 * (3 + 3 + 2 + (3 * 2 * 3)), derived.Distinct().Count());
    }

    [Fact]
    public void A_seed_has_64_bytes_and_is_cleared()
    {
        Assert.Throws<ArgumentException>(() => new WalletSeed(new byte[63]));
        byte[] bytes = [.. Enumerable.Repeat((byte)5, WalletSeed.Size)];
        new WalletSeed(bytes).Dispose();
        Assert.All(bytes, one => Assert.Equal(0, one));
    }

    private static WalletSeed Seed() => new([.. Enumerable.Range(0, WalletSeed.Size).Select(i => (byte)i)]);
}
