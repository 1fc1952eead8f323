using Bauta.Archive.Follow;
using Bauta.Archive.Log;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Archive;

/// <summary>A monitor on a log whose operator and witnesses collude: what only a reader of every leaf finds.</summary>
public sealed class MonitorTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private readonly TestClock clock = new();
    private readonly NoteSigner signer = NoteSigner.Generate("log.example");
    private readonly P256PrivateKey bank = P256PrivateKey.Generate();
    private readonly Cosigner cosigner;
    private readonly ArchivePolicy policy;
    private readonly ForgedLog log;
    private IDatabase database = null!;
    private LogMonitor monitor = null!;

    public MonitorTests()
    {
        cosigner = Cosigner.Generate("witness.example", clock);
        policy = ArchivePolicy.Create(signer.Verifier, [cosigner.Verifier], 1);
        var registration = Signed<BankRegistration>.Sign(
            bank, new BankRegistration("bank.example", bank.PublicKey.Spki));
        log = new ForgedLog(signer).With(Entry(LogEntry.Bank, statement: registration.Text));
        log.Cosigners.Add(cosigner);
    }

    public async ValueTask InitializeAsync() => await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await database.DisposeAsync();
        signer.Dispose();
        cosigner.Dispose();
        bank.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task Finds_nothing_in_a_log_that_is_in_order()
    {
        log.With(Commit(Sell()), Abort(Sell(-5)));
        var report = await CheckAsync();
        Assert.Empty(report.Findings);
        Assert.Equal((3, 3), (report.Size, report.Checked));
        log.With(Commit(Sell()));
        await ReopenAsync();
        var parts = new List<double>();
        report = await monitor.CheckAsync(new Parts(parts), CancellationToken.None);
        Assert.Empty(report.Findings);
        Assert.Equal((4, 1), (report.Size, report.Checked));
        Assert.Equal([1], parts);
    }

    [Fact]
    public async Task Alarms_at_a_second_decision_and_reads_on()
    {
        var sale = Sell(5);
        log.With(Commit(sale));
        Assert.Empty((await CheckAsync()).Findings);
        clock.Seconds += 10;
        log.With(Abort(sale), Commit(Sell()), Abort(sale));
        var report = await CheckAsync();
        Assert.Equal(
            [new BadLeaf(2, LeafFault.SecondDecision, 1), new BadLeaf(4, LeafFault.SecondDecision, 1)],
            report.Findings.Select(finding => finding.Leaf));
        Assert.Equal(5, report.Size);
        Assert.Empty((await CheckAsync()).Findings);
    }

    [Fact]
    public async Task Finds_nothing_in_two_banks_locks_of_one_transaction_that_are_decided_each()
    {
        using var other = P256PrivateKey.Generate();
        using var releaseKey = P256PrivateKey.Generate();
        var registration = Signed<BankRegistration>.Sign(
            other, new BankRegistration("other.example", other.PublicKey.Spki));
        var cent = Sale.Make(other, policy.Id, clock.Seconds - 5, releaseKey, new byte[32]);
        log.With(
            Entry(LogEntry.Bank, statement: registration.Text), Abort(cent),
            Commit(Sale.Make(bank, policy.Id, clock.Seconds + 60, releaseKey, new byte[32])));
        Assert.Empty((await CheckAsync()).Findings);
        log.With(Abort(cent));
        Assert.Equal(
            new BadLeaf(4, LeafFault.SecondDecision, 2), Assert.Single((await CheckAsync()).Findings).Leaf);
    }

    [Fact]
    public async Task Alarms_at_each_kind_of_bad_leaf()
    {
        using var stranger = P256PrivateKey.Generate();
        log.With(
            Abort(Sale.Make(stranger, policy.Id, clock.Seconds - 5)),
            Abort(Sell(5)),
            new LogEntry(LogEntry.Commit, Now(0), Sell().Note, Sell().Release),
            Commit(Sell(), -1),
            Commit(Sell(1000), 500));
        log.With([7]);
        var report = await CheckAsync();
        Assert.Equal(
            [(1, LeafFault.UnknownBank), (2, LeafFault.WrongSide), (3, LeafFault.BadSignature),
                (4, LeafFault.TimeBackwards), (5, LeafFault.FutureTime), (6, LeafFault.Unreadable)],
            report.Findings.Select(finding => (finding.Leaf!.Index, finding.Leaf.Fault)));
        Assert.Equal(7, report.Size);
    }

    [Fact]
    public async Task Remembers_a_late_commit_so_that_the_abort_beside_it_is_a_second_decision()
    {
        var sale = Sell(-5);
        log.With(Commit(sale), Abort(sale));
        Assert.Equal(
            [new BadLeaf(1, LeafFault.WrongSide), new BadLeaf(2, LeafFault.SecondDecision, 1)],
            (await CheckAsync()).Findings.Select(finding => finding.Leaf));
    }

    [Fact]
    public async Task Alarms_at_each_key_beyond_three_of_a_denomination_and_remembers_the_three()
    {
        LogEntry Key(byte key) => Entry(
            LogEntry.Denomination, Statements.Denomination(bank, "bank.example", 4, key).Text);
        log.With(Key(1), Key(2), Key(3), Key(4), Key(5));
        Assert.Equal(
            [new BadLeaf(4, LeafFault.TooManyKeys), new BadLeaf(5, LeafFault.TooManyKeys)],
            (await CheckAsync()).Findings.Select(finding => finding.Leaf));
        await ReopenAsync();
        log.With(Key(6));
        Assert.Equal(
            new BadLeaf(6, LeafFault.TooManyKeys), Assert.Single((await CheckAsync()).Findings).Leaf);
    }

    [Fact]
    public async Task Finds_nothing_in_decisions_on_lock_notes_that_name_an_earlier_policy_of_the_log()
    {
        var earlier = ArchivePolicy.Create(signer.Verifier, [cosigner.Verifier, NewWitness()], 1);
        log.With(Commit(Sale.Make(bank, earlier.Id, clock.Seconds + 60)));
        Assert.Empty((await CheckAsync()).Findings);
    }

    [Fact]
    public async Task Alarms_when_a_leaf_seen_before_was_changed()
    {
        log.With(Commit(Sell()), Commit(Sell()));
        Assert.Empty((await CheckAsync()).Findings);
        log.Without(1).With(Commit(Sell()));
        Assert.Equal(FindingKind.Forked, Only(await CheckAsync()));
        log.With(Commit(Sell()));
        Assert.Equal(FindingKind.Forked, Only(await CheckAsync()));
        await ReopenAsync();
        Assert.Equal(FindingKind.Forked, Only(await CheckAsync()));
    }

    [Fact]
    public async Task Alarms_when_leaves_are_taken_back()
    {
        log.With(Commit(Sell()), Commit(Sell()));
        Assert.Empty((await CheckAsync()).Findings);
        log.Without(1);
        Assert.Equal(FindingKind.Shrunk, Only(await CheckAsync()));
    }

    [Fact]
    public async Task Alarms_when_a_bundle_was_tampered_with_or_withheld()
    {
        log.With(Commit(Sell()), Commit(Sell()));
        const string path = "tile/entries/000.p/3";
        var bundle = (await log.ReadAsync(path, default))!;
        bundle[^5] ^= 1;
        log.Replaced[path] = bundle;
        Assert.Contains((await CheckAsync()).Findings, finding => finding.Kind == FindingKind.Forked);
        log.Replaced[path] = null;
        Assert.Equal(FindingKind.Unreadable, Only(await CheckAsync()));
        log.Replaced.Clear();
        Assert.Empty((await CheckAsync()).Findings);
    }

    [Fact]
    public async Task Alarms_at_a_checkpoint_without_quorum_or_of_another_key()
    {
        log.Cosigners.Clear();
        Assert.Equal(FindingKind.NoQuorum, Only(await CheckAsync()));
        using var other = NoteSigner.Generate("log.example");
        log.Shown = new ForgedLog(other).With(Commit(Sell())).Checkpoint();
        Assert.Equal(FindingKind.BadCheckpoint, Only(await CheckAsync()));
    }

    [Fact]
    public async Task A_reader_refuses_entries_and_tiles_that_are_not_under_the_root()
    {
        log.With([.. Enumerable.Range(0, 299).Select(_ => Abort(Sell(-5)))]);
        var reader = new LogReader(log, policy);
        var view = await reader.LatestAsync(default);
        Assert.Equal(300, view.Size);
        Assert.Equal(300, await CountAsync(reader, view));
        foreach (var path in (string[])["tile/entries/000", "tile/entries/001.p/44", "tile/0/000", "tile/0/001.p/44",
            "tile/1/000.p/1"])
        {
            var bytes = (await log.ReadAsync(path, default))!;
            bytes[40 % bytes.Length] ^= 1;
            foreach (var replaced in (byte[]?[])[bytes, bytes[..^1], null])
            {
                log.Replaced[path] = replaced;
                await Assert.ThrowsAsync<ProtocolViolationException>(() => CountAsync(reader, view));
                if (path is not "tile/entries/001.p/44")
                    await Assert.ThrowsAsync<ProtocolViolationException>(() => reader.ProveAsync(view, 3, default));
            }

            log.Replaced.Clear();
        }

        log.Cosigners.Clear();
        await Assert.ThrowsAsync<ProtocolViolationException>(() => reader.LatestAsync(default));
    }

    private static async Task<int> CountAsync(LogReader reader, LogView view)
    {
        var count = 0;
        await foreach (var read in reader.ReadAsync(view, 0, view.Size))
            Assert.Equal(count++, read.Index);
        return count;
    }

    private NoteVerifier NewWitness()
    {
        using var other = Cosigner.Generate("other.example", clock);
        return other.Verifier;
    }

    private static FindingKind Only(MonitorReport report) => Assert.Single(report.Findings).Kind;

    private Sale Sell(long expiresInSeconds = 60) => Sale.Make(bank, policy.Id, clock.Seconds + expiresInSeconds);

    private UnixTime Now(long offset) => UnixTime.FromSeconds(clock.Seconds + offset);

    private LogEntry Entry(string kind, string statement) => new(kind, Now(0), Statement: statement);

    private LogEntry Commit(Sale sale, long offset = 0) =>
        new(LogEntry.Commit, Now(offset), sale.Note, sale.Release);

    private LogEntry Abort(Sale sale) => new(LogEntry.Abort, Now(0), sale.Note);

    private sealed class Parts(List<double> parts) : IProgress<double>
    {
        public void Report(double value) => parts.Add(value);
    }

    private Task<MonitorReport> CheckAsync() => monitor.CheckAsync(CancellationToken.None);

    private async Task OpenAsync()
    {
        database = Database.Open(directory.File("monitor.db"), FollowSchema.Migrations);
        monitor = await LogMonitor.OpenAsync(database, log, policy, clock);
    }

    private async Task ReopenAsync()
    {
        await database.DisposeAsync();
        await OpenAsync();
    }
}
