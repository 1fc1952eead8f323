using Microsoft.Data.Sqlite;

namespace Bauta.Storage.Sqlite;

/// <summary>One connection that reads. Lent to one work at a time.</summary>
internal sealed class SqliteReader : IReadTransaction, IDisposable
{
    private readonly SqliteStatements _statements;
    private bool _open;

    public SqliteReader(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
            DefaultTimeout = 5,
        }.ToString());
        connection.Open();
        _statements = new SqliteStatements(connection);
        _statements.Script("PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -4096;");
    }

    public T Run<T>(Func<IReadTransaction, T> work)
    {
        // The snapshot is taken by the first query and kept until the end.
        _statements.Execute("BEGIN");
        _open = true;
        try
        {
            return work(this);
        }
        catch (SqliteException e) when (SqliteSession.Errors.Translate(e) is { } storage)
        {
            throw storage;
        }
        finally
        {
            _open = false;
            if (_statements.InTransaction)
                _statements.Execute("ROLLBACK");
        }
    }

    public IReadOnlyList<T> Query<T>(string sql, Func<IRow, T> map, params object?[] values)
    {
        if (!_open)
            throw new InvalidOperationException("A transaction is used after its work has returned.");
        return _statements.Query(sql, map, values);
    }

    public T? QuerySingleOrDefault<T>(string sql, Func<IRow, T> map, params object?[] values) =>
        Statements.OnlyRow(Query(sql, map, values));

    public void Dispose() => _statements.Dispose();
}
