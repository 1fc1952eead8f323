using System.Security.Cryptography;
using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Storage;

public abstract partial class DatabaseTests
{
    [Fact]
    public async Task Migrations_run_once_and_in_order()
    {
        Migration[] one = [new(1, "first", "CREATE TABLE t (a {bigint} NOT NULL) {strict}; INSERT INTO t VALUES (1);")];
        Migration[] two =
        [
            .. one,
            new(2, "second", "ALTER TABLE t ADD COLUMN b {text}; INSERT INTO t VALUES (2, 'x');"),
        ];
        foreach (var migrations in (Migration[][])[one, one, two, two])
            await Open(migrations: migrations).DisposeAsync();
        var rows = await Open(migrations: two).ReadAsync(transaction =>
            transaction.Query("SELECT a FROM t ORDER BY a", row => row.GetInt64(0)));
        Assert.Equal([1, 2], rows);
    }

    [Fact]
    public async Task Refuses_a_database_that_is_newer_or_was_made_by_other_migrations()
    {
        await Open().DisposeAsync();
        var newer = Assert.Throws<StorageException>(() => Open(migrations: [.. Schema.Take(1)]));
        Assert.Equal(StorageFailure.Refused, newer.Failure);
        var other = Assert.Throws<StorageException>(() =>
            Open(migrations: [Schema[0], Schema[1] with { Sql = Schema[1].Sql + " " }]));
        Assert.Equal(StorageFailure.Refused, other.Failure);
        Assert.Throws<ArgumentException>(() => Open(migrations: [Schema[1]]));
        await Insert(Open(), 1);
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_nothing_behind()
    {
        var broken = new Migration(
            3, "broken", "CREATE TABLE late (a {bigint}) {strict}; INSERT INTO absent VALUES (1);");
        Assert.ThrowsAny<Exception>(() => Open(migrations: [.. Schema, broken]));
        var mended = broken with { Sql = "CREATE TABLE late (a {bigint}) {strict};" };
        await Insert(Open(migrations: [.. Schema, mended]), 1);
    }

    [Fact]
    public async Task The_same_request_gets_the_same_answer_and_another_body_a_conflict()
    {
        var database = Open();
        var (id, body, answer) = (Bytes32(), Bytes32(), RandomNumberGenerator.GetBytes(300));
        Assert.IsType<StoredAnswer.None>(await database.ReadAsync(transaction =>
            AnswerStore.Find(transaction, id, body)));
        await database.WriteAsync(transaction => AnswerStore.Record(transaction, id, body, answer, 1000));
        await database.DisposeAsync();
        database = Open();
        var same = Assert.IsType<StoredAnswer.Same>(await database.ReadAsync(transaction =>
            AnswerStore.Find(transaction, id, body)));
        Assert.Equal(answer, same.Answer);
        Assert.IsType<StoredAnswer.Conflict>(await database.ReadAsync(transaction =>
            AnswerStore.Find(transaction, id, Bytes32())));
        await FailsAsync(
            StorageFailure.Conflict,
            database.WriteAsync(transaction => AnswerStore.Record(transaction, id, body, answer, 1000)));
    }

    [Fact]
    public async Task Many_copies_of_one_request_act_once()
    {
        var database = Open();
        var (id, body) = (Bytes32(), Bytes32());
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(copy => database.WriteAsync(transaction =>
            AnswerStore.Once(transaction, id, body, 1000, () =>
            {
                transaction.Execute("INSERT INTO items (id) VALUES ($1)", copy);
                return [(byte)copy];
            }))));
        Assert.Single(answers.Select(answer => answer![0]).Distinct());
        Assert.Single(await Ids(database));
        Assert.Null(await database.WriteAsync(transaction =>
            AnswerStore.Once(transaction, id, Bytes32(), 1000, () => [1])));
    }

    [Fact]
    public async Task Copies_of_a_guarded_request_act_once_and_get_the_same_answer()
    {
        var database = Open();
        var (id, body) = (Bytes32(), Bytes32());
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(copy => database.WriteGuardedAsync(
            transaction =>
            {
                transaction.Execute("INSERT INTO items (id) VALUES ($1)", copy);
                AnswerStore.Record(transaction, id, body, [(byte)copy], 1000);
                return (byte)copy;
            },
            transaction => Assert.IsType<StoredAnswer.Same>(AnswerStore.Find(transaction, id, body)).Answer[0])));
        Assert.Equal([answers[0]], answers.Distinct().Select(static answer => (long)answer));
        Assert.Equal([answers[0]], await Ids(database));
    }

    [Fact]
    public async Task An_answer_is_stored_only_with_its_effect()
    {
        var database = Open();
        await Insert(database, 1);
        var (id, body) = (Bytes32(), Bytes32());
        await FailsAsync(StorageFailure.Conflict, database.WriteAsync(transaction =>
        {
            AnswerStore.Record(transaction, id, body, [1], 1000);
            transaction.Execute("INSERT INTO items (id) VALUES ($1)", 1);
        }));
        Assert.IsType<StoredAnswer.None>(await database.ReadAsync(transaction =>
            AnswerStore.Find(transaction, id, body)));
    }

    [Fact]
    public async Task Pruning_forgets_the_oldest_answers_and_never_more_than_asked()
    {
        var database = Open();
        var ids = Enumerable.Range(0, 10).Select(_ => Bytes32()).ToArray();
        var body = Bytes32();
        await database.WriteAsync(transaction =>
        {
            foreach (var (time, id) in ids.Index())
                AnswerStore.Record(transaction, id, body, [1], time);
        });
        Assert.Equal(3, await database.WriteAsync(transaction => AnswerStore.Prune(transaction, 8, 3)));
        Assert.Equal(5, await database.WriteAsync(transaction => AnswerStore.Prune(transaction, 8, 100)));
        Assert.Equal(0, await database.WriteAsync(transaction => AnswerStore.Prune(transaction, 8, 100)));
        foreach (var (time, id) in ids.Index())
        {
            var found = await database.ReadAsync(transaction => AnswerStore.Find(transaction, id, body));
            Assert.Equal(time >= 8, found is StoredAnswer.Same);
        }
        await Assert.ThrowsAsync<ArgumentException>(() => database.ReadAsync(transaction =>
            AnswerStore.Find(transaction, new byte[31], body)));
    }
}
