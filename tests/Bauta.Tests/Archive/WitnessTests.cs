using System.Globalization;
using System.Text;
using Bauta.Archive.Follow;
using Bauta.Archive.Log;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Storage;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Archive;

public sealed class SqliteWitnessTests : WitnessTests
{
    protected override Task<string> NewDatabaseAsync(string name) => Task.FromResult(Directory.File(name + ".db"));
}

public sealed class PostgresWitnessTests(PostgresServer server) : WitnessTests
{
    protected override Task<string> NewDatabaseAsync(string name) => server.CreateDatabaseAsync(name);
}

/// <summary>Each test gives a witness a log that is in order, then one whose operator cheats in one way.</summary>
public abstract class WitnessTests : IAsyncLifetime
{
    private readonly TestClock clock = new();
    private readonly NoteSigner logSigner = NoteSigner.Generate("log.example");
    private readonly Cosigner cosigner;
    private readonly P256PrivateKey bank = P256PrivateKey.Generate();
    private readonly PolicyId policy = PolicyId.Generate();
    private readonly ForgedLog log;
    private string connection = "";
    private IDatabase database = null!;
    private Witness witness = null!;

    protected WitnessTests()
    {
        cosigner = Cosigner.Generate("witness.example", clock);
        log = new ForgedLog(logSigner).With(Registration(bank, "bank.example"));
    }

    protected TemporaryDirectory Directory { get; } = new();

    private long Now => clock.Seconds;

    protected abstract Task<string> NewDatabaseAsync(string name);

    public async ValueTask InitializeAsync()
    {
        connection = await NewDatabaseAsync("witness");
        await OpenAsync();
        await CosignsAsync(0);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        witness.Dispose();
        await database.DisposeAsync();
        logSigner.Dispose();
        cosigner.Dispose();
        bank.Dispose();
        Directory.Dispose();
    }

    [Fact]
    public async Task Cosigns_what_is_in_order_and_states_its_time()
    {
        log.With(Commit(Sell()), Abort(Sell(-5)), Commit(Sell()));
        var line = await CosignsAsync(1);
        Assert.True(cosigner.Verifier.TryVerify(log.Checkpoint().TextBytes, line, out var time));
        Assert.Equal(Now, time);
        Assert.Equal(4, witness.Size);
    }

    [Fact]
    public async Task Cosigns_the_same_checkpoint_again()
    {
        log.With(Commit(Sell()));
        await CosignsAsync(1);
        clock.Seconds += 5;
        var line = await CosignsAsync(2);
        Assert.True(cosigner.Verifier.TryVerify(log.Checkpoint().TextBytes, line, out var time));
        Assert.Equal(Now, time);
    }

    [Fact]
    public async Task Refuses_a_second_decision_on_one_transaction()
    {
        var sale = Sell(5);
        log.With(Commit(sale));
        await CosignsAsync(1);
        clock.Seconds += 10;
        log.With(Abort(sale));
        await RefusesLeafAsync(2, LeafFault.SecondDecision);
        log.Without(1).With(Commit(sale, 0));
        await RefusesLeafAsync(2, LeafFault.TimeBackwards);
    }

    [Fact]
    public async Task Refuses_two_decisions_in_one_batch()
    {
        var sale = Sell(5);
        log.With(Commit(sale, Now), Abort(sale, Now + 6));
        clock.Seconds += 10;
        await RefusesLeafAsync(1, LeafFault.SecondDecision);
        Assert.Equal(1, witness.Size);
        log.Without(1);
        await CosignsAsync(1);
    }

    [Fact]
    public async Task Refuses_an_abort_before_expiry()
    {
        log.With(Abort(Sell(5), Now));
        await RefusesLeafAsync(1, LeafFault.WrongSide);
    }

    [Fact]
    public async Task Refuses_an_abort_with_a_lock_note_that_no_bank_signed()
    {
        using var stranger = P256PrivateKey.Generate();
        log.With(Abort(Sale.Make(stranger, policy, Now - 5)));
        await RefusesLeafAsync(1, LeafFault.UnknownBank);
    }

    [Fact]
    public async Task Refuses_a_commit_at_expiry()
    {
        log.With(Commit(Sell(5), Now + 5));
        clock.Seconds += 10;
        await RefusesLeafAsync(1, LeafFault.WrongSide);
    }

    [Fact]
    public async Task Refuses_a_commit_with_a_release_that_does_not_match()
    {
        log.With(new LogEntry(LogEntry.Commit, UnixTime.FromSeconds(Now), Sell().Note, Sell().Release));
        await RefusesLeafAsync(1, LeafFault.BadSignature);
    }

    [Fact]
    public async Task Refuses_a_forged_lock_note_in_a_bank_s_name()
    {
        var sale = Sell(-5);
        var parts = sale.Note.Text.Split('.');
        Assert.True(Signed<LockNote>.TryParse(
            $"{parts[0]}.{parts[1]}.{Sell().Note.Text.Split('.')[2]}", out var forged));
        log.With(new LogEntry(LogEntry.Abort, UnixTime.FromSeconds(Now), forged));
        await RefusesLeafAsync(1, LeafFault.BadSignature);
    }

    [Fact]
    public async Task Refuses_a_time_in_the_future_until_it_has_come()
    {
        log.With(Commit(Sell(), Now + 30));
        await RefusesLeafAsync(1, LeafFault.FutureTime);
        clock.Seconds += 25;
        await CosignsAsync(1);
    }

    [Fact]
    public async Task Refuses_a_time_before_the_leaf_before()
    {
        log.With(Commit(Sell(), Now), Commit(Sell(), Now - 1));
        await RefusesLeafAsync(1, LeafFault.TimeBackwards);
    }

    [Fact]
    public async Task Refuses_a_leaf_that_is_no_entry()
    {
        log.With([1, 2, 3]);
        await RefusesLeafAsync(1, LeafFault.Unreadable);
    }

    [Fact]
    public async Task Refuses_a_second_statement_on_one_key()
    {
        var denomination = Statements.Denomination(bank, "bank.example");
        log.With(Statement(LogEntry.Denomination, denomination.Text));
        await CosignsAsync(1);
        log.With(Statement(LogEntry.Denomination, Statements.Denomination(bank, "bank.example", 8).Text));
        await RefusesLeafAsync(2, LeafFault.SecondStatement);
        log.Without(1).With(Registration(bank, "another.example"));
        await RefusesLeafAsync(2, LeafFault.SecondStatement);
        log.Without(1).With(Statement(
            LogEntry.Revocation, Statements.Revocation(bank, "bank.example", denomination).Text));
        await CosignsAsync(2);
    }

    [Fact]
    public async Task Refuses_a_second_statement_on_one_keys_day()
    {
        var denomination = Statements.Denomination(bank, "bank.example");
        LogEntry Day(long day, long spent) => Statement(
            LogEntry.Totals, Statements.Totals(bank, "bank.example", denomination, day, spent).Text);
        log.With(Day(20_000, 4), Day(20_001, 4));
        await CosignsAsync(1);
        await ReopenAsync();
        log.With(Day(20_000, 8));
        await RefusesLeafAsync(3, LeafFault.SecondStatement);
        log.Without(1).With(Statement(
            LogEntry.Totals, Statements.Totals(bank, "other.example", denomination).Text));
        await RefusesLeafAsync(3, LeafFault.UnknownBank);
        log.Without(1).With(Day(20_002, 8));
        await CosignsAsync(3);
    }

    [Fact]
    public async Task Refuses_a_fourth_key_of_a_denomination_that_can_be_withdrawn_from_at_once()
    {
        LogEntry Key(byte key, long startsAfter = 0) => Statement(LogEntry.Denomination,
            Statements.Denomination(bank, "bank.example", 4, key, startsAfter).Text);
        log.With(Key(1), Key(2), Key(3), Key(4));
        await RefusesLeafAsync(1, LeafFault.TooManyKeys);
        log.Without(1).With(Key(5, startsAfter: 1000));
        await CosignsAsync(1);
        await ReopenAsync();
        log.With(Key(4));
        await RefusesLeafAsync(5, LeafFault.TooManyKeys);
        // What was refused is not remembered; a revoked key does not count.
        log.Without(1).With(
            Statement(LogEntry.Revocation, Statements.Revocation(
                bank, "bank.example", Statements.Denomination(bank, "bank.example", 4, 2)).Text),
            Key(4));
        await CosignsAsync(5);
        await ReopenAsync();
        log.With(Key(6));
        await RefusesLeafAsync(7, LeafFault.TooManyKeys);
    }

    [Fact]
    public async Task Refuses_a_key_of_an_issuer_that_has_256_ahead()
    {
        LogEntry Key(int key) => Statement(LogEntry.Denomination,
            Statements.Denomination(bank, "bank.example", 4, key, startsAfter: 1000 * key).Text);
        log.With([.. Enumerable.Range(0, 257).Select(Key)]);
        await RefusesLeafAsync(1, LeafFault.TooManyKeys);
        log.Without(1);
        await CosignsAsync(1);
        await ReopenAsync();
        log.With(Key(256));
        await RefusesLeafAsync(257, LeafFault.TooManyKeys);
        clock.Seconds += 999;
        log.Without(1).With(Key(256));
        await RefusesLeafAsync(257, LeafFault.TooManyKeys);
        // When the first has ended there is room for one more.
        clock.Seconds++;
        log.Without(1).With(Key(256), Key(257));
        await RefusesLeafAsync(257, LeafFault.TooManyKeys);
        log.Without(1);
        await CosignsAsync(257);
    }

    [Fact]
    public async Task Refuses_a_revocation_of_what_was_never_announced()
    {
        var denomination = Statements.Denomination(bank, "bank.example");
        log.With(Statement(LogEntry.Revocation, Statements.Revocation(bank, "bank.example", denomination).Text));
        await RefusesLeafAsync(1, LeafFault.NotAnnounced);
    }

    [Fact]
    public async Task A_bank_admitted_in_a_refused_batch_is_not_admitted()
    {
        using var second = P256PrivateKey.Generate();
        log.With(Registration(second, "second.example"), Abort(Sale.Make(second, policy, Now + 5), Now));
        await RefusesLeafAsync(1, LeafFault.WrongSide);
        log.Without(2).With(Abort(Sale.Make(second, policy, Now - 5)));
        await RefusesLeafAsync(1, LeafFault.UnknownBank);
    }

    [Fact]
    public async Task Refuses_a_wrong_old_size_and_states_the_right_one()
    {
        log.With(Commit(Sell()));
        var answer = await AskAsync(log.AddCheckpoint(0));
        Assert.Equal(WitnessError.Conflict, answer.Error);
        Assert.Equal("1", answer.Detail);
        Assert.Equal(WitnessError.Conflict, (await AskAsync(log.AddCheckpoint(2))).Error);
    }

    [Fact]
    public async Task Refuses_a_split_view()
    {
        log.With(Commit(Sell()), Commit(Sell()));
        await CosignsAsync(1);
        var other = new ForgedLog(logSigner).With(Registration(bank, "bank.example"));
        other.With(Commit(Sell()), Commit(Sell()), Commit(Sell()));
        Assert.Equal(WitnessError.Inconsistent, (await AskAsync(other.AddCheckpoint(3))).Error);
        other.Without(1);
        Assert.Equal(WitnessError.Inconsistent, (await AskAsync(other.AddCheckpoint(3))).Error);
        log.With(Commit(Sell()));
        await CosignsAsync(3);
    }

    [Fact]
    public async Task Refuses_leaves_that_are_not_those_of_the_checkpoint()
    {
        log.With(Commit(Sell()));
        var honest = log.AddCheckpoint(1);
        log.Without(1).With(Commit(Sell()));
        var answer = await AskAsync(honest);
        Assert.Equal(WitnessError.Inconsistent, answer.Error);
        await CosignsAsync(1);
    }

    [Fact]
    public async Task Refuses_when_leaves_are_withheld_and_cosigns_once_they_are_there()
    {
        log.With(Commit(Sell()));
        log.Replaced["tile/entries/000.p/2"] = null;
        Assert.Equal(WitnessError.Unavailable, (await AskAsync(log.AddCheckpoint(1))).Error);
        log.Replaced.Clear();
        await CosignsAsync(1);
    }

    [Fact]
    public async Task Refuses_another_log_and_a_checkpoint_that_the_log_did_not_sign()
    {
        log.With(Commit(Sell()));
        using var otherOrigin = NoteSigner.Generate("other.example");
        using var otherKey = NoteSigner.Generate("log.example");
        Assert.True(Checkpoint.TryParse(log.Checkpoint().TextBytes, out var checkpoint));
        var foreign = new Checkpoint("other.example", checkpoint.Size, checkpoint.Root).Sign(otherOrigin);
        Assert.Equal(WitnessError.UnknownLog, (await AskAsync(log.AddCheckpoint(1, foreign))).Error);
        var unsigned = checkpoint.Sign(otherKey);
        Assert.Equal(WitnessError.BadSignature, (await AskAsync(log.AddCheckpoint(1, unsigned))).Error);
        foreach (var malformed in (string[])["", "old 1\n\n", "old 01\n\n" + log.Checkpoint().Text])
            Assert.Equal(WitnessError.Malformed, (await AskAsync(malformed)).Error);
    }

    [Fact]
    public async Task Remembers_every_decision_after_a_restart()
    {
        var sale = Sell(5);
        log.With(Commit(sale));
        await CosignsAsync(1);
        await ReopenAsync();
        Assert.Equal(2, witness.Size);
        clock.Seconds += 10;
        log.With(Abort(sale));
        await RefusesLeafAsync(2, LeafFault.SecondDecision);
    }

    [Fact]
    public async Task Refuses_to_start_on_a_database_that_was_put_back()
    {
        log.With(Commit(Sell()));
        await CosignsAsync(1);
        await database.DisposeAsync();
        // An empty database is the oldest state there is.
        connection = await NewDatabaseAsync("older");
        var refused = await Assert.ThrowsAsync<StorageException>(OpenAsync);
        Assert.Equal(StorageFailure.Refused, refused.Failure);
    }

    [Fact]
    public async Task Reads_a_long_log_in_chunks_and_a_fault_at_its_end_takes_all_back()
    {
        // One abort costs one verification, so many are quick.
        var sales = Enumerable.Range(0, LogFollowerChunk + 300).Select(_ => Sell(-5)).ToArray();
        log.With([.. sales.Select(sale => Abort(sale))]);
        log.With(Abort(sales[0]));
        var answer = await AskAsync(log.AddCheckpoint(1));
        Assert.Equal(WitnessError.BadLeaf, answer.Error);
        Assert.Equal(1, witness.Size);
        log.Without(1);
        await CosignsAsync(1);
        Assert.Equal(sales.Length + 1, witness.Size);
    }

    private const int LogFollowerChunk = 4096;

    private Sale Sell(long expiresInSeconds = 60) => Sale.Make(bank, policy, Now + expiresInSeconds);

    private LogEntry Commit(Sale sale, long? at = null) =>
        new(LogEntry.Commit, UnixTime.FromSeconds(at ?? Now), sale.Note, sale.Release);

    private LogEntry Abort(Sale sale, long? at = null) =>
        new(LogEntry.Abort, UnixTime.FromSeconds(at ?? Now), sale.Note);

    private LogEntry Statement(string kind, string text) =>
        new(kind, UnixTime.FromSeconds(Now), Statement: text);

    private LogEntry Registration(P256PrivateKey key, string name) => Statement(
        LogEntry.Bank, Signed<BankRegistration>.Sign(key, new BankRegistration(name, key.PublicKey.Spki)).Text);

    private async Task OpenAsync()
    {
        database = Database.Open(connection, FollowSchema.Migrations);
        try
        {
            witness = await Witness.OpenAsync(
                database, ForwardOnly.Open(Directory.File("second-place")), logSigner.Verifier, log, cosigner,
                new WitnessOptions(), clock);
        }
        catch (StorageException)
        {
            await database.DisposeAsync();
            throw;
        }
    }

    private async Task ReopenAsync()
    {
        witness.Dispose();
        await database.DisposeAsync();
        await OpenAsync();
    }

    private Task<Result<string, WitnessError>> AskAsync(string request) =>
        witness.AddCheckpointAsync(request, CancellationToken.None);

    private async Task<NoteSignature> CosignsAsync(long oldSize)
    {
        var answer = await AskAsync(log.AddCheckpoint(oldSize));
        Assert.True(answer.IsOk, answer.IsOk ? "" : $"{answer.Error} {answer.Detail}");
        Assert.True(AddCheckpointResponse.TryParse(Encoding.UTF8.GetBytes(answer.Value), out var lines));
        var line = Assert.Single(lines);
        Assert.True(cosigner.Verifier.TryVerify(log.Checkpoint().TextBytes, line, out _));
        return line;
    }

    private async Task RefusesLeafAsync(long oldSize, LeafFault fault)
    {
        var answer = await AskAsync(log.AddCheckpoint(oldSize));
        Assert.Equal(WitnessError.BadLeaf, answer.Error);
        Assert.EndsWith(
            string.Create(CultureInfo.InvariantCulture, $": {fault}."), answer.Detail, StringComparison.Ordinal);
    }
}
