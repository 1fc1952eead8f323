using System.Security.Cryptography;
using System.Text;
using Bauta.Archive;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Archive;

public sealed class SqliteArchiveTests : ArchiveTests
{
    protected override Func<string, Task<string>>? NewDatabase => null;
}

public sealed class PostgresArchiveTests(PostgresServer server) : ArchiveTests
{
    protected override Func<string, Task<string>>? NewDatabase => server.CreateDatabaseAsync;
}

public abstract partial class ArchiveTests : IAsyncLifetime
{
    private ArchiveNetwork network = null!;

    protected abstract Func<string, Task<string>>? NewDatabase { get; }

    public async ValueTask InitializeAsync() => network = await ArchiveNetwork.StartAsync(NewDatabase);

    public async ValueTask DisposeAsync()
    {
        await network.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Commits_before_expiry_with_a_proof_that_verifies()
    {
        var sale = network.NewSale();
        var verified = network.Verify(await network.DecideAsync(sale.Commit));
        Assert.Equal(LogEntry.Commit, verified.Entry.Kind);
        Assert.Equal(sale.Note, verified.Entry.LockNote);
        Assert.Equal(sale.Release, verified.Entry.Release);
        Assert.Equal(network.Clock.Seconds, verified.Entry.At.Seconds);
    }

    [Fact]
    public async Task Aborts_on_demand_after_expiry()
    {
        var sale = network.NewSale(expiresInSeconds: 60);
        network.Clock.Seconds += 1000;
        var verified = network.Verify(await network.DecideAsync(sale.Abort));
        Assert.Equal(LogEntry.Abort, verified.Entry.Kind);
        Assert.Equal(sale.Note, verified.Entry.LockNote);
        Assert.Null(verified.Entry.Release);
    }

    [Fact]
    public async Task Expiry_decides_to_the_second()
    {
        Sale early = network.NewSale(10), late = network.NewSale(10);
        network.Clock.Seconds += 9;
        Assert.Equal(ArchiveError.NotExpired, (await network.DecideAsync(early.Abort)).Error);
        Assert.Equal(LogEntry.Commit, network.Verify(await network.DecideAsync(early.Commit)).Entry.Kind);
        network.Clock.Seconds += 1;
        Assert.Equal(ArchiveError.Expired, (await network.DecideAsync(late.Commit)).Error);
        Assert.Equal(LogEntry.Abort, network.Verify(await network.DecideAsync(late.Abort)).Entry.Kind);
    }

    [Fact]
    public async Task Nothing_is_decided_before_somebody_asks()
    {
        var sale = network.NewSale();
        Assert.Equal(
            ArchiveError.Undecided,
            (await network.Archive.DecisionAsync(sale.BankKey, sale.Transaction, CancellationToken.None)).Error);
    }

    [Fact]
    public async Task The_same_question_has_the_same_bytes_for_ever()
    {
        Sale committed = network.NewSale(10), aborted = network.NewSale(-10);
        var commit = Text(await network.DecideAsync(committed.Commit));
        var abort = Text(await network.DecideAsync(aborted.Abort));
        network.Clock.Seconds += 100;
        for (var restart = 0; restart < 3; restart++)
        {
            // Whatever is asked about a decided transaction, and however late.
            Assert.Equal(commit, Text(await network.DecideAsync(committed.Commit)));
            Assert.Equal(commit, Text(await network.DecideAsync(committed.Abort)));
            Assert.Equal(abort, Text(await network.DecideAsync(aborted.Commit)));
            Assert.Equal(commit, Text(await DecisionAsync(committed)));
            Assert.Equal(abort, Text(await DecisionAsync(aborted)));
            await network.StopAsync();
            await network.StartAsync();
            network.Verify(await network.DecideAsync(network.NewSale().Commit));
        }
    }

    [Fact]
    public async Task Never_both_when_256_ask_at_the_tick_of_expiry()
    {
        var sales = Enumerable.Range(0, 64).Select(_ => network.NewSale(10)).ToArray();
        network.Clock.Seconds += 9;
        var answers = new Result<DecisionAnswer, ArchiveError>[256];
        var tasks = Enumerable.Range(0, answers.Length).Select(i => Task.Run(async () =>
        {
            var sale = sales[i % sales.Length];
            answers[i] = await network.DecideAsync(i / sales.Length % 2 == 0 ? sale.Commit : sale.Abort);
            if (i == answers.Length / 4)
                network.Clock.Seconds += 1;
        })).ToArray();
        await Task.WhenAll(tasks);
        network.Clock.Seconds += 1;

        for (var i = 0; i < sales.Length; i++)
        {
            var final = network.Verify(await network.DecideAsync(sales[i].Abort));
            foreach (var answer in answers.Where((_, j) => j % sales.Length == i))
            {
                if (answer.IsOk)
                    Assert.Equal(final, network.Verify(answer));
                else
                    Assert.True(answer.Error is ArchiveError.Expired or ArchiveError.NotExpired);
            }
        }

        Assert.Equal(1 + sales.Length, network.Archive.Size);
    }

    [Fact]
    public async Task A_leaf_that_was_appended_before_is_found_and_spares_its_batch()
    {
        var leaves = Enumerable.Range(0, 40)
            .Select(_ => network.Archive.Verify(network.NewSale().Commit).Value).ToArray();
        var first = await Task.WhenAll(leaves[..20].Select(network.Archive.AppendAsync));
        // Nobody looked before; the memory of the newest knows them.
        var second = await Task.WhenAll(leaves.Concat(leaves).Select(network.Archive.AppendAsync));
        Assert.Equal(41, network.Archive.Size);
        for (var i = 0; i < second.Length; i++)
        {
            var isNew = i is >= 20 and < 40;
            Assert.Equal(isNew, second[i].Value.Leaf is not null);
            if (!isNew)
                Assert.Equal((i % 40 < 20 ? first : second)[i % 40].Value.Index, second[i].Value.Index);
        }

        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        Assert.Equal(42, network.Archive.PublishedSize);
    }

    [Fact]
    public async Task Takes_no_more_than_its_queue_and_its_log_hold()
    {
        await network.StopAsync();
        network.Options = network.Options with { MaxEntries = 2 };
        await network.StartAsync();
        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        Assert.Equal(ArchiveError.Unavailable, (await network.DecideAsync(network.NewSale().Commit)).Error);
        await network.StopAsync();
        network.Options = network.Options with { MaxEntries = 100, QueueLimit = 4 };
        await network.StartAsync();
        var leaves = Enumerable.Range(0, 64)
            .Select(_ => network.Archive.Verify(network.NewSale().Commit).Value).ToArray();
        var answers = await Task.WhenAll(leaves.Select(network.Archive.AppendAsync));
        Assert.All(answers, answer => Assert.True(answer.IsOk || answer.Error == ArchiveError.Unavailable));
        Assert.Equal(2 + answers.Count(answer => answer.IsOk), network.Archive.Size);
    }

    [Fact]
    public async Task Refuses_another_lock_note_on_a_decided_transaction()
    {
        using var releaseKey = P256PrivateKey.Generate();
        var masked = RandomNumberGenerator.GetBytes(32);
        var first = Sale.Make(network.Bank, network.Policy.Id, network.Clock.Seconds + 10, releaseKey, masked);
        var second = Sale.Make(network.Bank, network.Policy.Id, network.Clock.Seconds + 20, releaseKey, masked);
        network.Verify(await network.DecideAsync(first.Commit));
        Assert.Equal(ArchiveError.OtherLockNote, (await network.DecideAsync(second.Commit)).Error);
        network.Clock.Seconds += 30;
        Assert.Equal(ArchiveError.OtherLockNote, (await network.DecideAsync(second.Abort)).Error);
    }

    [Fact]
    public async Task What_another_bank_locked_under_the_same_transaction_is_decided_by_itself()
    {
        using var other = P256PrivateKey.Generate();
        await network.StopAsync();
        network.Options = network.Options with
        {
            Banks = [.. network.Options.Banks, new AdmittedBank("other.example", other.PublicKey.Thumbprint)],
        };
        await network.StartAsync();
        Assert.True((await network.RegisterAsync(other, "other.example")).IsOk);
        using var releaseKey = P256PrivateKey.Generate();
        var masked = RandomNumberGenerator.GetBytes(32);
        var sale = Sale.Make(network.Bank, network.Policy.Id, network.Clock.Seconds + 60, releaseKey, masked);
        // Whoever knows n has another bank lock one cent under it, and that lock aborted at once.
        var cent = Sale.Make(other, network.Policy.Id, network.Clock.Seconds - 1, releaseKey, masked);
        Assert.Equal(LogEntry.Abort, Entry(await network.DecideAsync(cent.Abort)).Kind);
        Assert.Equal(
            ArchiveError.Undecided,
            (await network.Archive.DecisionAsync(sale.BankKey, sale.Transaction, default)).Error);
        Assert.Equal(LogEntry.Commit, network.Verify(await network.DecideAsync(sale.Commit)).Entry.Kind);
        Assert.Equal(LogEntry.Abort, Entry(await network.DecideAsync(cent.Commit)).Kind);
        Assert.Equal(
            LogEntry.Abort,
            Entry(await network.Archive.DecisionAsync(cent.BankKey, cent.Transaction, default)).Kind);
        Assert.Equal(4, network.Archive.PublishedSize);
    }

    [Fact]
    public async Task The_twin_of_a_signature_does_not_keep_anybody_from_the_decision()
    {
        var sale = network.NewSale();
        var twin = Sale.Twin(sale.Note);
        Assert.True(twin.IsSignedBy(network.Bank.PublicKey));
        var decided = Text(await network.DecideAsync(new DecisionRequest(twin, sale.Release)));
        Assert.Equal(decided, Text(await network.DecideAsync(sale.Commit)));
    }

    [Fact]
    public async Task Refuses_a_bank_that_is_not_in_the_log()
    {
        using var stranger = P256PrivateKey.Generate();
        Assert.Equal(
            ArchiveError.UnknownBank, (await network.DecideAsync(network.NewSale(bank: stranger).Commit)).Error);
    }

    [Fact]
    public async Task Refuses_a_lock_note_whose_signature_is_wrong()
    {
        var (sale, other) = (network.NewSale(), network.NewSale());
        var parts = sale.Note.Text.Split('.');
        Assert.True(Signed<LockNote>.TryParse(
            $"{parts[0]}.{parts[1]}.{other.Note.Text.Split('.')[2]}", out var forged));
        Assert.Equal(
            ArchiveError.UnknownBank, (await network.DecideAsync(new DecisionRequest(forged, sale.Release))).Error);
    }

    [Fact]
    public async Task Refuses_a_lock_note_for_another_archive_or_quorum()
    {
        var sale = Sale.Make(network.Bank, PolicyId.Generate(), network.Clock.Seconds + 60);
        Assert.Equal(ArchiveError.WrongArchive, (await network.DecideAsync(sale.Commit)).Error);
    }

    [Fact]
    public async Task Refuses_a_release_that_is_not_the_one_promised()
    {
        using var releaseKey = P256PrivateKey.Generate();
        var expiry = network.Clock.Seconds + 60;
        var promised = Sale.Make(network.Bank, network.Policy.Id, expiry, releaseKey, new byte[32]);
        var otherKey = Sale.Make(
            network.Bank, network.Policy.Id, expiry, releaseKey, RandomNumberGenerator.GetBytes(32));
        var stranger = network.NewSale();
        foreach (var release in (Signed<Release>[])[otherKey.Release, stranger.Release])
        {
            var asked = new DecisionRequest(promised.Note, release);
            Assert.Equal(ArchiveError.BadRelease, (await network.DecideAsync(asked)).Error);
        }

        var parts = promised.Release.Text.Split('.');
        Assert.True(Signed<Release>.TryParse(
            $"{parts[0]}.{parts[1]}.{otherKey.Release.Text.Split('.')[2]}", out var wrongSignature));
        Assert.Equal(
            ArchiveError.BadRelease,
            (await network.DecideAsync(new DecisionRequest(promised.Note, wrongSignature))).Error);
        network.Verify(await network.DecideAsync(promised.Commit));
    }

    [Fact]
    public async Task Time_stands_still_when_the_clock_steps_back()
    {
        var start = network.Clock.Seconds;
        network.Clock.Seconds += 100;
        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        var expired = Sale.Make(network.Bank, network.Policy.Id, start + 95);
        network.Clock.Seconds -= 8;
        // By the clock this would be in time; by the log it is not.
        Assert.Equal(ArchiveError.Expired, (await network.DecideAsync(expired.Commit)).Error);
        var verified = network.Verify(await network.DecideAsync(network.NewSale().Commit));
        Assert.Equal(start + 100, verified.Entry.At.Seconds);
    }

    [Fact]
    public async Task Decides_nothing_while_the_clock_is_far_behind_the_log()
    {
        network.Clock.Seconds += 100;
        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        network.Clock.Seconds -= 50;
        var sale = network.NewSale(120);
        Assert.Equal(ArchiveError.Unavailable, (await network.DecideAsync(sale.Commit)).Error);
        network.Clock.Seconds += 50;
        network.Verify(await network.DecideAsync(sale.Commit));
    }

    [Fact]
    public async Task Decides_nothing_by_a_clock_that_was_set_ahead()
    {
        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        network.Clock.SetBy = 86_400;
        var sale = Sale.Make(network.Bank, network.Policy.Id, network.Clock.Seconds + (2 * 86_400));
        Assert.Equal(ArchiveError.Unavailable, (await network.DecideAsync(sale.Commit)).Error);
        network.Clock.SetBy = 0;
        // Put right, it decides at once, and the witnesses have met no leaf of tomorrow.
        network.Verify(await network.DecideAsync(sale.Commit));

        // A machine that slept for a day looks the same, and is believed after a while.
        network.Clock.SetBy = 86_400;
        var later = Sale.Make(network.Bank, network.Policy.Id, network.Clock.Seconds + (3 * 86_400));
        Assert.Equal(ArchiveError.Unavailable, (await network.DecideAsync(later.Commit)).Error);
        network.Clock.Seconds += 299;
        Assert.Equal(ArchiveError.Unavailable, (await network.DecideAsync(later.Commit)).Error);
        network.Clock.Seconds += 2;
        network.Verify(await network.DecideAsync(later.Commit));
    }

    [Fact]
    public async Task Answers_pending_without_a_quorum_and_gives_the_proof_later()
    {
        await network.StopAsync();
        network.Options = network.Options with { QuorumWait = TimeSpan.FromMilliseconds(100) };
        await network.StartAsync();
        network.Wires[0].IsCut = network.Wires[1].IsCut = true;
        var sale = network.NewSale();
        Assert.Null((await network.DecideAsync(sale.Commit)).Value.Decision);
        network.Wires[0].IsCut = false;
        Assert.Null((await network.DecideAsync(sale.Commit)).Value.Decision);
        Assert.Null((await network.Archive.DecisionAsync(sale.BankKey, sale.Transaction, default)).Value.Decision);

        // It is durable all the same: after a restart past expiry it is still a commit.
        await network.StopAsync();
        network.Options = network.Options with { QuorumWait = TimeSpan.FromSeconds(30) };
        network.Wires[1].IsCut = false;
        network.Clock.Seconds += 1000;
        await network.StartAsync();
        Assert.Equal(LogEntry.Commit, network.Verify(await network.DecideAsync(sale.Abort)).Entry.Kind);
    }

    [Fact]
    public async Task Slow_witnesses_delay_decisions_and_lose_none()
    {
        await network.StopAsync();
        network.Options = network.Options with { WitnessTimeout = TimeSpan.FromMilliseconds(500) };
        await network.StartAsync();
        foreach (var wire in network.Wires)
            wire.Delay = TimeSpan.FromMilliseconds(300);
        await Task.WhenAll(Enumerable.Range(0, 30).Select(async i =>
        {
            await Task.Delay(20 * i);
            network.Verify(await network.DecideAsync(network.NewSale().Commit));
        }));
        Assert.All(network.Archive.Witnesses, witness => Assert.True(witness.Size > 1));
    }

    [Fact]
    public async Task One_of_two_is_enough_where_the_policy_says_so()
    {
        await using var other = await ArchiveNetwork.StartAsync(NewDatabase, quorum: 1);
        other.Wires[0].Delay = TimeSpan.FromMilliseconds(200);
        for (var i = 0; i < 20; i++)
            other.Verify(await other.DecideAsync(other.NewSale().Commit));
        other.Wires[1].IsCut = true;
        other.Verify(await other.DecideAsync(other.NewSale().Commit));
    }

    [Fact]
    public async Task Tiles_and_bundles_give_the_root_of_the_checkpoint()
    {
        var sales = Enumerable.Range(0, 600).Select(_ => network.NewSale()).ToArray();
        await Task.WhenAll(sales.Select(sale => network.DecideAsync(sale.Commit)));
        var reader = new LogReader(network.Log, network.Policy);
        var view = await reader.LatestAsync(default);
        Assert.Equal(601, view.Size);
        var tree = new MerkleTree();
        var transactions = new HashSet<TransactionId>();
        await foreach (var read in reader.ReadAsync(view, 0, view.Size))
        {
            Assert.Equal(tree.Append(MerkleHash.Leaf(read.Leaf)), read.Index);
            if (read.Entry.IsDecision)
                Assert.True(transactions.Add(read.Entry.LockNote!.Content.Transaction));
        }

        Assert.Equal(view.Checkpoint.Root, tree.Root);
        Assert.Equal(sales.Select(sale => sale.Transaction).ToHashSet(), transactions);
        foreach (var index in (long[])[0, 255, 256, 511, 512, 600])
        {
            Assert.True(network.Policy.TryVerify(await reader.ProveAsync(view, index, default), out var verified));
            Assert.Equal(index, verified.Index);
        }
    }

    [Fact]
    public async Task Gives_no_tile_beyond_what_is_signed()
    {
        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        Assert.NotNull(await network.Archive.ReadAsync("tile/0/000.p/2", default));
        Assert.NotNull(await network.Archive.ReadAsync("tile/entries/000.p/1", default));
        foreach (var path in (string[])["tile/0/000.p/3", "tile/0/000", "tile/1/000.p/1", "tile/entries/001.p/1",
            "tile/entries/000", "tile/64/000", "tile/0/0", "checkpoint", ""])
            Assert.Null(await network.Archive.ReadAsync(path, default));
    }

    [Fact]
    public async Task Admits_only_banks_that_the_operator_named()
    {
        using var stranger = P256PrivateKey.Generate();
        Assert.Equal(ArchiveError.UnknownBank, (await network.RegisterAsync(stranger, "bank.example")).Error);
        Assert.Equal(ArchiveError.UnknownBank, (await network.RegisterAsync(stranger, "other.example")).Error);
        // The same registration, signed afresh, is entered once.
        var first = Text(await network.RegisterAsync(network.Bank, ArchiveNetwork.BankName));
        Assert.Equal(first, Text(await network.RegisterAsync(network.Bank, ArchiveNetwork.BankName)));
        Assert.Equal(
            ArchiveError.OtherStatement, (await network.RegisterAsync(network.Bank, "other.example")).Error);
        Assert.Equal(1, network.Archive.Size);
    }

    [Fact]
    public async Task Enters_a_token_key_once_and_revokes_only_what_was_announced()
    {
        var denomination = Statements.Denomination(network.Bank, ArchiveNetwork.BankName);
        var revocation = Statements.Revocation(network.Bank, ArchiveNetwork.BankName, denomination);
        Assert.Equal(ArchiveError.OtherStatement, (await EnterAsync(LogEntry.Revocation, revocation.Text)).Error);
        var entered = Text(await EnterAsync(LogEntry.Denomination, denomination.Text));
        Assert.Equal(entered, Text(await EnterAsync(LogEntry.Denomination, Sale.Twin(denomination).Text)));
        var doubled = Statements.Denomination(network.Bank, ArchiveNetwork.BankName, minorUnits: 8);
        Assert.Equal(ArchiveError.OtherStatement, (await EnterAsync(LogEntry.Denomination, doubled.Text)).Error);
        network.Verify(await EnterAsync(LogEntry.Revocation, revocation.Text));
    }

    [Fact]
    public async Task Enters_a_keys_day_once()
    {
        var denomination = Statements.Denomination(network.Bank, ArchiveNetwork.BankName);
        Signed<Totals> Day(long day, long spent, string name = ArchiveNetwork.BankName) =>
            Statements.Totals(network.Bank, name, denomination, day, spent);
        var entered = Text(await EnterAsync(LogEntry.Totals, Day(20_000, 4).Text));
        Assert.Equal(entered, Text(await EnterAsync(LogEntry.Totals, Sale.Twin(Day(20_000, 4)).Text)));
        Assert.Equal(
            ArchiveError.OtherStatement, (await EnterAsync(LogEntry.Totals, Day(20_000, 8).Text)).Error);
        network.Verify(await EnterAsync(LogEntry.Totals, Day(20_001, 8).Text));
        Assert.Equal(
            ArchiveError.UnknownBank, (await EnterAsync(LogEntry.Totals, Day(20_002, 8, "other.example").Text)).Error);
        using var stranger = P256PrivateKey.Generate();
        Assert.Equal(ArchiveError.UnknownBank, (await EnterAsync(
            LogEntry.Totals, Statements.Totals(stranger, ArchiveNetwork.BankName, denomination, 20_002).Text)).Error);
    }

    [Fact]
    public async Task Refuses_a_statement_in_another_issuers_name_or_of_another_kind()
    {
        var foreign = Statements.Denomination(network.Bank, "other.example");
        Assert.Equal(ArchiveError.UnknownBank, (await EnterAsync(LogEntry.Denomination, foreign.Text)).Error);
        var denomination = Statements.Denomination(network.Bank, ArchiveNetwork.BankName);
        Assert.Equal(ArchiveError.Malformed, (await EnterAsync(LogEntry.Bank, denomination.Text)).Error);
        Assert.Equal(ArchiveError.Malformed, (await EnterAsync(LogEntry.Commit, denomination.Text)).Error);
        Assert.Equal(ArchiveError.Malformed, (await EnterAsync("other", denomination.Text)).Error);
        using var stranger = P256PrivateKey.Generate();
        var unknown = Statements.Denomination(stranger, ArchiveNetwork.BankName);
        Assert.Equal(ArchiveError.UnknownBank, (await EnterAsync(LogEntry.Denomination, unknown.Text)).Error);
    }

    private Task<Result<DecisionAnswer, ArchiveError>> EnterAsync(string kind, string statement) =>
        network.Archive.EnterAsync(new EntryRequest(kind, statement), CancellationToken.None);

    private Task<Result<DecisionAnswer, ArchiveError>> DecisionAsync(Sale sale) =>
        network.Archive.DecisionAsync(sale.BankKey, sale.Transaction, CancellationToken.None);

    private LogEntry Entry(Result<DecisionAnswer, ArchiveError> answer)
    {
        Assert.True(network.Policy.TryVerify(answer.Value.Decision!, out var verified));
        return verified.Entry;
    }

    private static string Text(Result<DecisionAnswer, ArchiveError> answer)
    {
        Assert.NotNull(answer.Value.Decision);
        return Encoding.UTF8.GetString(StrictJson.Write(answer.Value, ProtocolJson.Default.DecisionAnswer));
    }
}
