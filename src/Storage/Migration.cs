using System.Security.Cryptography;
using System.Text;

namespace Bauta.Storage;

/// <summary>One numbered step of a party's schema, run once in one transaction.</summary>
/// <param name="Number">1 for the first, each next one higher by one.</param>
/// <param name="Sql">Statements separated by semicolons, in what both engines understand. Types are written
/// <c>{blob}</c>, <c>{bigint}</c>, <c>{text}</c> (ordered by bytes on both) and <c>{bool}</c>; a table ends with
/// <c>) {strict};</c>, or with <c>) {clustered};</c> when its rows are hardly longer than their primary key. (Longer
/// rows under random keys cost more that way: each touches a page of its own.)</param>
public sealed record Migration(int Number, string Name, string Sql);

/// <summary>What a dialect writes for the placeholders.</summary>
internal sealed record Dialect(
    string Blob, string Bigint, string Text, string Bool, string Strict, string Clustered)
{
    public string Write(string sql) => new StringBuilder(sql)
        .Replace("{blob}", Blob)
        .Replace("{bigint}", Bigint)
        .Replace("{text}", Text)
        .Replace("{bool}", Bool)
        .Replace("{strict}", Strict)
        .Replace("{clustered}", Clustered)
        .ToString();
}

/// <summary>Brings a schema up to date: each step and its record in one transaction, none changed afterwards.</summary>
internal static class Migrations
{
    private const string Table = """
        CREATE TABLE IF NOT EXISTS bauta_migrations (
            number {bigint} PRIMARY KEY,
            name {text} NOT NULL,
            hash {blob} NOT NULL,
            applied_at {bigint} NOT NULL
        ) {strict};
        """;

    private sealed record Applied(long Number, string Name, byte[] Hash);

    /// <param name="runScript">Runs statements that have no parameters, inside the session's transaction.</param>
    public static void Apply(
        WriteSession session,
        Dialect dialect,
        Action<string> runScript,
        IReadOnlyList<Migration> migrations,
        TimeProvider timeProvider)
    {
        for (var i = 0; i < migrations.Count; i++)
            if (migrations[i].Number != i + 1)
                throw new ArgumentException("Migrations are numbered 1, 2, 3, ... in order.", nameof(migrations));
        IReadOnlyList<Applied> applied = [];
        InTransaction(session, transaction =>
        {
            runScript(dialect.Write(Table));
            applied = Read(transaction);
        });
        Check(applied, migrations);
        foreach (var migration in migrations.Skip(applied.Count))
            InTransaction(session, transaction =>
            {
                runScript(dialect.Write(migration.Sql));
                transaction.Execute(
                    "INSERT INTO bauta_migrations (number, name, hash, applied_at) VALUES ($1, $2, $3, $4)",
                    migration.Number,
                    migration.Name,
                    Hash(migration),
                    timeProvider.GetUtcNow().ToUnixTimeMilliseconds());
            });
    }

    /// <summary>For a reader, which changes nothing: the schema must be exactly this one.</summary>
    public static void CheckWhole(IReadTransaction transaction, IReadOnlyList<Migration> migrations)
    {
        var applied = Read(transaction);
        Check(applied, migrations);
        if (applied.Count < migrations.Count)
            throw new StorageException(
                StorageFailure.Refused,
                $"The database has {applied.Count} of {migrations.Count} migrations: start its role once with this " +
                "program.");
    }

    private static IReadOnlyList<Applied> Read(IReadTransaction transaction) => transaction.Query(
        "SELECT number, name, hash FROM bauta_migrations ORDER BY number",
        row => new Applied(row.GetInt64(0), row.GetString(1), row.GetBytes(2)));

    private static void Check(IReadOnlyList<Applied> applied, IReadOnlyList<Migration> migrations)
    {
        if (applied.Count > migrations.Count)
            throw new StorageException(
                StorageFailure.Refused,
                $"The database has {applied.Count} migrations and this program knows {migrations.Count}: " +
                "start the newer program.");
        for (var i = 0; i < applied.Count; i++)
            if (applied[i].Number != i + 1 || !applied[i].Hash.AsSpan().SequenceEqual(Hash(migrations[i])))
                throw new StorageException(
                    StorageFailure.Refused,
                    $"Migration {i + 1} ({migrations[i].Name}) is not the one that made this database.");
    }

    private static byte[] Hash(Migration migration) => SHA256.HashData(Encoding.UTF8.GetBytes(migration.Sql));

    private static void InTransaction(WriteSession session, Action<IWriteTransaction> work)
    {
        try
        {
            session.Start();
            session.Run(null, work);
            session.Commit();
        }
        catch (Exception e)
        {
            session.Rollback();
            if (session.Translate(e) is { } storage)
                throw storage;
            throw;
        }
    }
}
