using System.Runtime.InteropServices;
using SQLitePCL;

namespace Bauta.Storage.Sqlite;

/// <summary>Points the SQLite provider at the system's library, which the system keeps patched.</summary>
internal static class SqliteLibrary
{
    private const string SystemName = "libsqlite3.so.0";

    // The runtime runs this once, however many threads open databases.
    private static readonly bool Loaded = Load();

    public static void EnsureLoaded() => _ = Loaded;

    private static bool Load()
    {
        NativeLibrary.SetDllImportResolver(
            typeof(SQLite3Provider_e_sqlite3).Assembly,
            static (name, assembly, path) =>
                name == "e_sqlite3" ? NativeLibrary.Load(SystemName) : NativeLibrary.Load(name, assembly, path));
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        // Counting every allocation under one lock serves nobody here.
        _ = raw.sqlite3_config(raw.SQLITE_CONFIG_MEMSTATUS, 0);
        return true;
    }
}
