using Microsoft.Data.Sqlite;

namespace Bauta.SystemTests.Faults;

/// <summary>Reads the database of a party beside it while it runs: what it made durable, not what it says.</summary>
internal static class LiveRows
{
    private static readonly Lazy<bool> library = new(() =>
    {
        // Opening any database points the provider at the system's library.
        var folder = Directory.CreateTempSubdirectory("bauta-library-");
        Bauta.Storage.Database.Open(Path.Combine(folder.FullName, "empty.db"), []).DisposeAsync().AsTask().Wait();
        folder.Delete(recursive: true);
        return true;
    });

    /// <summary>One number, such as a sum or a count.</summary>
    public static long Number(RealNetwork network, string role, string sql) =>
        Read(PathOf(network, role), sql, row => row.GetInt64(0)).Single();

    /// <summary>The database of a role.</summary>
    public static string PathOf(RealNetwork network, string role) =>
        Directory.EnumerateFiles(Path.Combine(network.Folder, role), "*.db").Single();

    /// <summary>What a query finds.</summary>
    public static IReadOnlyList<T> Read<T>(string path, string sql, Func<SqliteDataReader, T> row)
    {
        _ = library.Value;
        using var connection = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The queries are the tests' own.
        command.CommandText = sql;
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(row(reader));
        return rows;
    }
}
