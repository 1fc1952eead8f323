using Bauta.Bank.Denominations;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Xunit;

namespace Bauta.Tests.Bank;

public sealed class DenominationSetTests : IDisposable
{
    private static readonly UnixTime now = UnixTime.FromSeconds(1_800_000_000);

    private readonly P256PrivateKey bank = P256PrivateKey.Generate();

    public void Dispose() => bank.Dispose();

    [Fact]
    public void The_bytes_of_ended_keys_stay_taken_while_there_is_room_and_the_latest_go_first()
    {
        var keys = new FixtureKeys("denomination-01", "denomination-02", "denomination-03", "denomination-04");
        // Ends in the future; ended long ago, ended just now, worth nothing.
        DenominationKey[] all = [Key(1, 100), Key(2, -1000), Key(3, -1), Key(4, -3000)];
        var set = new DenominationSet(all);
        byte[] bytes = [.. all.Select(key => key.PublicKey.TruncatedKeyId)];
        Assert.Equal(4, bytes.Distinct().Count());
        Assert.Equal([bytes[0], bytes[1], bytes[2]], Taken(most: 256), Set);
        Assert.Equal([bytes[0], bytes[2]], Taken(most: 2), Set);
        // Those that sign are taken, room or not.
        Assert.Equal([bytes[0]], Taken(most: 0), Set);

        byte[] Taken(int most) => [.. set.TakenBytes(now, most)];

        bool Set(IEnumerable<byte> left, IEnumerable<byte> right) => left.ToHashSet().SetEquals(right);

        DenominationKey Key(long number, long endsIn)
        {
            using var made = keys.Create(_ => true);
            var end = now.AddSeconds(endsIn);
            var statement = Signed<Denomination>.Sign(bank, new Denomination(
                "bank.example", "EUR", 2, Amount.FromMinorUnits(4), made.PublicKey.Spki,
                end.AddSeconds(-1000), end, end.AddSeconds(1000), end.AddSeconds(2000)));
            return new DenominationKey(
                number, statement, made.PublicKey, made.PublicKey.KeyId, statement.Content.Challenge().Digest,
                null, false, null, false, null, true);
        }
    }
}
