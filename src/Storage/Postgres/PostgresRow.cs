using Npgsql;

namespace Bauta.Storage.Postgres;

/// <summary>The row that a reader stands at.</summary>
internal sealed class PostgresRow(NpgsqlDataReader reader) : IRow
{
    public bool IsDBNull(int column) => reader.IsDBNull(column);

    public long GetInt64(int column) => reader.GetInt64(column);

    public int GetInt32(int column) => checked((int)reader.GetInt64(column));

    public bool GetBoolean(int column) => reader.GetBoolean(column);

    public string GetString(int column) => reader.GetString(column);

    public byte[] GetBytes(int column) => reader.GetFieldValue<byte[]>(column);
}
