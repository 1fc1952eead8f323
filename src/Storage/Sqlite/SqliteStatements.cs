using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Bauta.Storage.Sqlite;

/// <summary>One connection's prepared statements, by their text. Used by one thread at a time.</summary>
/// <remarks>They go straight to the library, at about half the cost of ADO.NET commands.</remarks>
internal sealed class SqliteStatements(SqliteConnection connection) : IDisposable
{
    private readonly Dictionary<string, Prepared> _prepared = [];

    /// <param name="Slots">Slot of the library for <c>$1, $2, ...</c>: it numbers names by first appearance.</param>
    private sealed record Prepared(sqlite3_stmt Statement, int[] Slots);

    public bool InTransaction => raw.sqlite3_get_autocommit(Handle) == 0;

    private sqlite3 Handle => connection.Handle!;

    public List<T> Query<T>(string sql, Func<IRow, T> map, object?[] values)
    {
        Statements.CheckQuery(sql, values);
        var statement = Bound(sql, values);
        var rows = new List<T>();
        try
        {
            var row = new SqliteRow(statement);
            int result;
            while ((result = raw.sqlite3_step(statement)) == raw.SQLITE_ROW)
                rows.Add(map(row));
            return result == raw.SQLITE_DONE ? rows : throw Error(result);
        }
        finally
        {
            raw.sqlite3_reset(statement);
        }
    }

    /// <summary>The number of rows changed.</summary>
    public int Execute(string sql, params object?[] values)
    {
        var statement = Bound(sql, values);
        var result = raw.sqlite3_step(statement);
        // Reset repeats the step's error; it is read here, before another call on the connection replaces it.
        var failure = result is raw.SQLITE_DONE or raw.SQLITE_ROW ? null : Error(result);
        raw.sqlite3_reset(statement);
        if (failure is not null)
            throw failure;
        return raw.sqlite3_changes(Handle);
    }

    /// <summary>Statements without parameters.</summary>
    public void Script(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public string? Pragma(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        Forget();
        connection.Dispose();
    }

    private void Forget()
    {
        foreach (var entry in _prepared.Values)
            entry.Statement.Dispose();
        _prepared.Clear();
    }

    private sqlite3_stmt Bound(string sql, object?[] values)
    {
        var (statement, slots) = Prepare(sql);
        if (raw.sqlite3_stmt_busy(statement) != 0)
            throw new InvalidOperationException("A query is run again while its rows are read.");
        for (var i = 0; i < values.Length; i++)
            Check(Bind(statement, slots[i], values[i]));
        return statement;
    }

    private Prepared Prepare(string sql)
    {
        if (_prepared.TryGetValue(sql, out var known))
            return known;
        if (_prepared.Count >= Statements.DistinctLimit)
            Forget();
        Check(raw.sqlite3_prepare_v2(Handle, sql, out var statement, out var tail));
        if (!string.IsNullOrWhiteSpace(tail))
        {
            statement.Dispose();
            throw new ArgumentException("One statement at a time.", nameof(sql));
        }
        var slots = new int[raw.sqlite3_bind_parameter_count(statement)];
        for (var slot = 1; slot <= slots.Length; slot++)
        {
            var name = raw.sqlite3_bind_parameter_name(statement, slot).utf8_to_string();
            var number = int.Parse(name.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture);
            slots[number - 1] = slot;
        }
        return _prepared[sql] = new Prepared(statement, slots);
    }

    private static int Bind(sqlite3_stmt statement, int slot, object? value) => value switch
    {
        null => raw.sqlite3_bind_null(statement, slot),
        // An empty span has no address, and the library takes that for null.
        byte[] { Length: 0 } => raw.sqlite3_bind_zeroblob(statement, slot, 0),
        byte[] bytes => raw.sqlite3_bind_blob(statement, slot, bytes),
        string text => raw.sqlite3_bind_text(statement, slot, Statements.Text(text)),
        long number => raw.sqlite3_bind_int64(statement, slot, number),
        int number => raw.sqlite3_bind_int64(statement, slot, number),
        bool flag => raw.sqlite3_bind_int64(statement, slot, flag ? 1 : 0),
        _ => throw Statements.WrongType(value),
    };

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
            throw Error(result);
    }

    private SqliteException Error(int result) => new(
        $"SQLite error {raw.sqlite3_extended_errcode(Handle)}: {raw.sqlite3_errmsg(Handle).utf8_to_string()}",
        result & 0xff,
        raw.sqlite3_extended_errcode(Handle));
}
