using Microsoft.Data.Sqlite;

namespace Bauta.Storage.Sqlite;

/// <summary>
/// Tables to work with more rows than fit into memory: in a file that has no name, which the system removes with the
/// process. Nothing of it is durable. One caller at a time.
/// </summary>
public sealed class ScratchDatabase : IReadTransaction, IDisposable
{
    private readonly SqliteStatements _statements;

    /// <param name="schema">The tables, in SQLite's own words.</param>
    public ScratchDatabase(string schema)
    {
        SqliteLibrary.EnsureLoaded();
        // An empty name is a temporary file of SQLite's.
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = "", Pooling = false }.ToString());
        connection.Open();
        _statements = new SqliteStatements(connection);
        _statements.Script(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE; " +
            "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -65536; BEGIN;");
        _statements.Script(schema);
    }

    /// <summary>The number of rows changed.</summary>
    public int Execute(string sql, params object?[] values)
    {
        Statements.CheckStatement(sql, values);
        return Guarded(() => _statements.Execute(sql, values));
    }

    public IReadOnlyList<T> Query<T>(string sql, Func<IRow, T> map, params object?[] values) =>
        Guarded(() => _statements.Query(sql, map, values));

    public T? QuerySingleOrDefault<T>(string sql, Func<IRow, T> map, params object?[] values) =>
        Statements.OnlyRow(Query(sql, map, values));

    public void Dispose() => _statements.Dispose();

    private static T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException e) when (SqliteSession.Errors.Translate(e) is { } storage)
        {
            throw storage;
        }
    }
}
