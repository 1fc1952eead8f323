using Microsoft.Data.Sqlite;

namespace Bauta.Storage.Sqlite;

/// <summary>Copies a SQLite database that may be in use.</summary>
public static class SqliteCopy
{
    /// <summary>Writes a consistent copy of the last committed state to a new file, durable when this
    /// returns.</summary>
    /// <exception cref="StorageException">The source cannot be read or the copy cannot be written.</exception>
    public static void Write(string source, string copy)
    {
        SqliteLibrary.EnsureLoaded();
        var settings = new SqliteConnectionStringBuilder
        {
            DataSource = source,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
        };
        // SQLite writes into an empty file, so that nobody else may read the copy at any time.
        DurableFile.CreateSecret(copy, []);
        try
        {
            using (var connection = new SqliteConnection(settings.ConnectionString))
            {
                connection.Open();
                using var command = connection.CreateCommand();
                command.CommandText = "VACUUM INTO $1";
                command.Parameters.AddWithValue("$1", copy);
                command.ExecuteNonQuery();
            }

            DurableFile.SyncFile(copy);
        }
        catch (SqliteException failure)
        {
            throw new StorageException(StorageFailure.Refused, $"The copy was not made: {failure.Message}", failure);
        }
    }
}
