using Bauta.Archive.Log;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Xunit;

namespace Bauta.Tests.Archive;

public sealed class KeyWindowsTests : IDisposable
{
    private const long Start = 1_800_000_000;

    private readonly P256PrivateKey bank = P256PrivateKey.Generate();

    public void Dispose() => bank.Dispose();

    [Fact]
    public void Keys_that_ended_before_the_leaf_are_forgotten_and_do_not_count()
    {
        var windows = new KeyWindows();
        for (var i = 0; i < 1_000; i++)
        {
            var key = Key(i, startsAfter: 500 * i);
            Assert.True(windows.HasRoomFor(key, At(500 * i)));
            Add(windows, key);
            Assert.InRange(windows.Count, 1, 2);
            Assert.InRange(windows.Copy().Count, 1, 2);
        }
    }

    [Fact]
    public void A_key_that_has_ended_when_it_is_announced_is_not_remembered()
    {
        var windows = new KeyWindows();
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(windows.HasRoomFor(Key(i), At(1000)));
            Add(windows, Key(i));
        }

        Assert.Equal(0, windows.Count);
    }

    [Fact]
    public void What_has_room_at_a_time_has_room_later()
    {
        // So an archive that judges by the last leaf admits nothing that a witness refuses, who judges by the leaf.
        var values = new[] { 1L, 2, 4 };
        var entries = Enumerable.Range(0, 40)
            .Select(i => Key(i, values[i % 3], startsAfter: i * 7919 % 3000)).ToArray();
        var windows = new KeyWindows();
        foreach (var entry in entries.Take(30).Where(entry => windows.HasRoomFor(entry, At(0))))
            Add(windows, entry);
        foreach (var entry in entries.Skip(30))
        {
            var hadRoom = false;
            for (var at = 0; at <= 5000; at += 50)
            {
                var hasRoom = windows.Copy().HasRoomFor(entry, At(at));
                Assert.True(hasRoom || !hadRoom);
                hadRoom = hasRoom;
            }

            Assert.True(hadRoom);
        }
    }

    [Fact]
    public void One_issuers_keys_take_no_room_from_another()
    {
        var windows = new KeyWindows();
        for (var i = 0; i < KeyWindows.MaxPerIssuer; i++)
            Add(windows, Key(i, startsAfter: 1000 * i));
        Assert.False(windows.HasRoomFor(Key(999, startsAfter: 1_000_000), At(0)));
        Assert.True(windows.HasRoomFor(Key(999, issuer: "other.example"), At(0)));
        Assert.True(windows.HasRoomFor(Key(999, startsAfter: 1_000_000), At(1000)));
    }

    private static void Add(KeyWindows windows, LogEntry entry) => windows.Add(entry, LeafRules.SubjectOf(entry));

    private static UnixTime At(long after) => UnixTime.FromSeconds(Start + after);

    private LogEntry Key(int key, long minorUnits = 4, long startsAfter = 0, string issuer = "bank.example") => new(
        LogEntry.Denomination, default,
        Statement: Statements.Denomination(bank, issuer, minorUnits, key, startsAfter).Text);
}
