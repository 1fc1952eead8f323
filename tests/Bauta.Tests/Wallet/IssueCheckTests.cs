using Bauta.Bank;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Wallet;
using Bauta.Wallet.Tokens;
using Xunit;

namespace Bauta.Tests.Wallet;

/// <summary>Wallets see to it that the bank counts their tokens.</summary>
public class IssueCheckTests
{
    private static readonly BankOptions options = InProcessNetwork.BankOptions with
    {
        WithdrawSeconds = 200_000,
        SpendSeconds = 400_000,
        RefreshSeconds = 400_000,
    };

    [Fact]
    public async Task A_token_is_counted_the_day_after_and_asked_for_once_each_by_itself()
    {
        await using var network = await InProcessNetwork.StartAsync(options);
        await using var customer = await Customer.WithTokensAsync(network, 13);
        var tokens = await customer.CountAsync(TokenState.Held);
        Equal((0, tokens, 0), await customer.Wallet.CheckIssuesAsync(null, default));
        await NextDayAsync(network);
        Equal((tokens, 0, 0), await customer.Wallet.CheckIssuesAsync(null, default));
        await customer.RestartAsync();
        var calls = network.Wire.Calls;
        Equal((tokens, 0, 0), await customer.Wallet.CheckIssuesAsync(null, default));
        Assert.DoesNotContain(
            network.Wire.Log[calls..], call => call.EndsWith("ProveIssueAsync", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_bank_signed_and_does_not_count_raises_an_alarm_with_evidence()
    {
        await using var network = await InProcessNetwork.StartAsync(options);
        await using var customer = await Customer.WithTokensAsync(network, 5);
        var tokens = await customer.CountAsync(TokenState.Held);
        await NextDayAsync(network);
        IssueProof? other = null;
        // The proof of the first in place of all.
        network.BankWire.ReplaceProof = (_, answer) => other ??= answer.Value;
        var report = await customer.Wallet.CheckIssuesAsync(null, default);
        Equal((1, 0, tokens - 1), report);
        Assert.NotNull(report.Alarms[0].Proof);
        Holds(report.Alarms[0]);
        network.BankWire.ReplaceProof = (_, _) => BankError.UnknownRequest;
        report = await customer.Wallet.CheckIssuesAsync(null, default);
        Equal((1, 0, tokens - 1), report);
        Assert.Equal("unknown-request", report.Alarms[0].Refusal);
        Holds(report.Alarms[0]);
        network.BankWire.ReplaceProof = null;
        Equal((tokens, 0, 0), await customer.Wallet.CheckIssuesAsync(null, default));
    }

    [Fact]
    public async Task A_bank_that_puts_its_statement_off_is_believed_for_three_days()
    {
        await using var network = await InProcessNetwork.StartAsync(options);
        await using var customer = await Customer.WithTokensAsync(network, 4);
        var tokens = await customer.CountAsync(TokenState.Held);
        network.BankWire.ReplaceProof = (_, _) => BankError.NotStated;
        Equal((0, tokens, 0), await customer.Wallet.CheckIssuesAsync(null, default));
        network.Clock.Advance(Bauta.Wallet.Wallet.StatedWithinSeconds);
        Equal((0, tokens, 0), await customer.Wallet.CheckIssuesAsync(null, default));
        network.Clock.Advance(1);
        var report = await customer.Wallet.CheckIssuesAsync(null, default);
        Equal((0, 0, tokens), report);
        Assert.Equal("not-stated", report.Alarms[0].Refusal);
        Holds(report.Alarms[0]);
    }

    private static void Holds(IssueEvidence evidence)
    {
        Assert.True(evidence.Holds());
        Assert.True(StrictJson.TryRead(
            StrictJson.Write(evidence, ProtocolJson.Default.IssueEvidence), ProtocolJson.Default.IssueEvidence,
            out var read));
        Assert.True(read.Holds());
        // Nobody makes one of a request that was never signed.
        foreach (var at in new[] { 5, 100, 258 })
        {
            byte[] request = [.. evidence.Request];
            request[at] ^= 1;
            Assert.False((evidence with { Request = request }).Holds());
            byte[] signature = [.. evidence.Signature];
            signature[at - 3] ^= 1;
            Assert.False((evidence with { Signature = signature }).Holds());
        }
    }

    private static async Task NextDayAsync(InProcessNetwork network)
    {
        network.Clock.Advance(Totals.DaySeconds);
        for (var rounds = 0; await network.TheBank.StateDaysAsync(default) <= TimeSpan.FromSeconds(1); rounds++)
            Assert.True(rounds < 10);
    }

    private static void Equal((int Counted, int Waiting, int Missing) expected, IssueReport report) =>
        Assert.Equal(expected, (report.Counted, report.Waiting, report.Alarms.Count));
}
