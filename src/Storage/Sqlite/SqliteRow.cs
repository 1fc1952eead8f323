using SQLitePCL;

namespace Bauta.Storage.Sqlite;

/// <summary>The row that a statement stands at.</summary>
internal sealed class SqliteRow(sqlite3_stmt statement) : IRow
{
    private readonly int _columns = raw.sqlite3_column_count(statement);

    public bool IsDBNull(int column) => TypeOf(column) == raw.SQLITE_NULL;

    public long GetInt64(int column) => raw.sqlite3_column_int64(Typed(column, raw.SQLITE_INTEGER), column);

    public int GetInt32(int column) => checked((int)GetInt64(column));

    public bool GetBoolean(int column) => GetInt64(column) != 0;

    public string GetString(int column) =>
        raw.sqlite3_column_text(Typed(column, raw.SQLITE_TEXT), column).utf8_to_string();

    public byte[] GetBytes(int column) => raw.sqlite3_column_blob(Typed(column, raw.SQLITE_BLOB), column).ToArray();

    private sqlite3_stmt Typed(int column, int type) => TypeOf(column) is var found && found == type
        ? statement
        : throw new InvalidCastException($"Column {column} is of SQLite's type {found} and not {type}.");

    private int TypeOf(int column)
    {
        // The library's answer about a column that is not there is undefined.
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)column, (uint)_columns, nameof(column));
        return raw.sqlite3_column_type(statement, column);
    }
}
