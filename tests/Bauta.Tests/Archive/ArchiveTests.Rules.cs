using Bauta.Archive.Follow;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Xunit;

namespace Bauta.Tests.Archive;

/// <summary>What changes over the years: witnesses, banks, denomination keys.</summary>
public abstract partial class ArchiveTests
{
    [Fact]
    public async Task After_a_change_of_witnesses_statements_are_proven_under_the_new_policy_and_decisions_as_before()
    {
        var (sale, denomination) = (network.NewSale(), Statements.Denomination(network.Bank, ArchiveNetwork.BankName));
        var decided = Text(await network.DecideAsync(sale.Commit));
        var entered = Text(await EnterAsync(LogEntry.Denomination, denomination.Text));
        Assert.Equal(entered, Text(await EnterAsync(LogEntry.Denomination, denomination.Text)));
        var before = network.Policy;
        await network.StopAsync();
        network.ChangeWitness();
        await network.StartAsync();

        // Nothing is appended: what there is gets the new cosignatures.
        var renewed = network.Verify(await ProvenAsync(() => EnterAsync(LogEntry.Denomination, denomination.Text)));
        Assert.Equal(denomination.Text, renewed.Entry.Statement);
        Assert.Equal(3, (await new LogReader(network.Log, network.Policy).LatestAsync(default)).Size);
        var again = await DecisionAsync(sale);
        Assert.Equal(decided, Text(again));
        Assert.True(before.TryVerify(again.Value.Decision!, out _));
        Assert.False(network.Policy.TryVerify(again.Value.Decision!, out _));

        var monitor = await LogMonitor.OpenAsync(
            await network.OpenAsync("monitor", FollowSchema.Migrations), network.Log, network.Policy, network.Clock);
        Assert.Empty((await monitor.CheckAsync(default)).Findings);
        Assert.Equal(ArchiveError.WrongArchive, (await network.DecideAsync(
            Sale.Make(network.Bank, before.Id, network.Clock.Seconds + 60).Commit)).Error);
        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        Assert.Equal(decided, Text(await DecisionAsync(sale)));
    }

    [Fact]
    public async Task What_a_dropped_bank_has_locked_is_aborted_and_never_committed()
    {
        var denomination = Statements.Denomination(network.Bank, ArchiveNetwork.BankName);
        network.Verify(await EnterAsync(LogEntry.Denomination, denomination.Text));
        var (sale, committed) = (network.NewSale(), network.NewSale());
        var before = Text(await network.DecideAsync(committed.Commit));
        await network.StopAsync();
        network.Options = network.Options with { Banks = [] };
        await network.StartAsync();
        Assert.Equal(ArchiveError.UnknownBank, (await network.DecideAsync(sale.Commit)).Error);
        Assert.Equal(before, Text(await network.DecideAsync(committed.Commit)));
        network.Clock.Seconds += 60;
        Assert.Equal(LogEntry.Abort, network.Verify(await network.DecideAsync(sale.Abort)).Entry.Kind);
        Assert.Equal(ArchiveError.UnknownBank, (await EnterAsync(LogEntry.Denomination,
            Statements.Denomination(network.Bank, ArchiveNetwork.BankName, key: 1).Text)).Error);
        network.Verify(await EnterAsync(LogEntry.Revocation,
            Statements.Revocation(network.Bank, ArchiveNetwork.BankName, denomination).Text));
    }

    [Fact]
    public async Task Enters_at_most_three_keys_of_a_denomination_that_can_be_withdrawn_from_at_once()
    {
        var keys = Enumerable.Range(0, 8).Select(i => Key(i)).ToArray();
        var answers = await Task.WhenAll(keys.Select(key => EnterAsync(LogEntry.Denomination, key.Text)));
        Assert.Equal(3, answers.Count(answer => answer.IsOk));
        Assert.All(answers.Where(answer => !answer.IsOk), it => Assert.Equal(ArchiveError.TooManyKeys, it.Error));
        var first = keys[Array.FindIndex(answers, answer => answer.IsOk)];

        // Another value and a later time are apart; one that begins in their last second is not.
        network.Verify(await EnterAsync(LogEntry.Denomination, Key(20, minorUnits: 8).Text));
        network.Verify(await EnterAsync(LogEntry.Denomination, Key(21, startsAfter: 1000).Text));
        Assert.Equal(
            ArchiveError.TooManyKeys, (await EnterAsync(LogEntry.Denomination, Key(22, startsAfter: 999).Text)).Error);

        // It is remembered over a restart; a revocation makes room for one.
        await network.StopAsync();
        await network.StartAsync();
        Assert.Equal(ArchiveError.TooManyKeys, (await EnterAsync(LogEntry.Denomination, Key(23).Text)).Error);
        network.Verify(await EnterAsync(LogEntry.Denomination, first.Text));
        network.Verify(await EnterAsync(
            LogEntry.Revocation, Statements.Revocation(network.Bank, ArchiveNetwork.BankName, first).Text));
        network.Verify(await EnterAsync(LogEntry.Denomination, Key(23).Text));
        Assert.Equal(ArchiveError.TooManyKeys, (await EnterAsync(LogEntry.Denomination, Key(24).Text)).Error);
        await network.StopAsync();
        await network.StartAsync();
        Assert.Equal(ArchiveError.TooManyKeys, (await EnterAsync(LogEntry.Denomination, Key(24).Text)).Error);
    }

    [Fact]
    public async Task Enters_at_most_256_keys_of_an_issuer_that_have_not_ended()
    {
        var keys = Enumerable.Range(0, 300).Select(i => Key(i, startsAfter: 1000 * i)).ToArray();
        var answers = await Task.WhenAll(keys.Select(key => EnterAsync(LogEntry.Denomination, key.Text)));
        Assert.Equal(256, answers.Count(answer => answer.IsOk));
        Assert.All(answers.Where(answer => !answer.IsOk), it => Assert.Equal(ArchiveError.TooManyKeys, it.Error));
        await network.StopAsync();
        await network.StartAsync();
        Assert.Equal(ArchiveError.TooManyKeys, (await EnterAsync(LogEntry.Denomination, Key(400).Text)).Error);

        // When one has ended before the last leaf there is room for one more, which the witnesses find as well.
        network.Clock.Seconds += 1000 * 1000;
        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        network.Verify(await EnterAsync(LogEntry.Denomination, Key(400, startsAfter: 2000 * 1000).Text));
    }

    private Signed<Denomination> Key(int key, long minorUnits = 4, long startsAfter = 0) =>
        Statements.Denomination(network.Bank, ArchiveNetwork.BankName, minorUnits, key, startsAfter);

    /// <summary>Asks until the new witnesses have cosigned.</summary>
    private static async Task<Result<DecisionAnswer, ArchiveError>> ProvenAsync(
        Func<Task<Result<DecisionAnswer, ArchiveError>>> ask)
    {
        for (var tries = 0; ; tries++)
        {
            var answer = await ask();
            if (!answer.IsOk || answer.Value.Decision is not null || tries == 500)
                return answer;
            await Task.Delay(20);
        }
    }
}
