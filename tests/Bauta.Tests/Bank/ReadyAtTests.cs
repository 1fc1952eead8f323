using System.Security.Cryptography;
using Bauta.Bank.Accounts;
using Bauta.Protocol;
using Xunit;

namespace Bauta.Tests.Bank;

public class ReadyAtTests
{
    [Fact]
    public void A_sum_is_never_ready_before_the_window_ends_and_at_most_a_part_later()
    {
        foreach (var window in new long[] { 0, 1, 60, 127, 128, 129, 3_600, 604_800, 31_536_000 })
        {
            var options = BankWorld.DefaultOptions with { DisputeWindowSeconds = window };
            var directory = new AccountDirectory(options, null!);
            var slots = new HashSet<long>();
            var start = 1_700_000_000 + RandomNumberGenerator.GetInt32(100_000_000);
            for (var i = 0; i <= 1_000; i++)
            {
                var settled = UnixTime.FromSeconds(start + (window * i / 1_000));
                var late = directory.ReadyAt(settled).Seconds - settled.Seconds - window;
                Assert.InRange(late, 0, Math.Max(0, (window / 128) - 1));
                slots.Add(directory.ReadyAt(settled).Seconds);
            }

            // However much is settled within a window, it waits in few sums.
            Assert.InRange(slots.Count, 1, 257);
        }
    }
}
