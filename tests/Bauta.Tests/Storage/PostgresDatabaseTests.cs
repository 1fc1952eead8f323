using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Storage;

public sealed class PostgresDatabaseTests(PostgresServer server) : DatabaseTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("storage");

    [Fact]
    public async Task A_lost_connection_stops_writes_until_it_is_opened_anew()
    {
        var database = Open();
        await Insert(database, 1);
        await server.TerminateAsync(Connection);
        await FailsAsync(StorageFailure.Fatal, Insert(database, 2));
        Assert.Equal(DatabaseHealth.Failed, database.Health);
        await FailsAsync(StorageFailure.Fatal, Insert(database, 3));
        await database.DisposeAsync();
        database = Open();
        Assert.Equal([1], await Ids(database));
        await Insert(database, 4);
    }

    [Fact]
    public async Task A_read_that_lost_its_connection_may_be_sent_again()
    {
        var database = Open(new DatabaseOptions { ReaderLimit = 1 });
        Assert.Empty(await Ids(database));
        await server.TerminateAsync(Connection);
        await FailsAsync(StorageFailure.Retryable, Ids(database));
        Assert.Empty(await Ids(database));
    }

    [Fact]
    public void Refuses_a_server_that_is_not_there()
    {
        var refused = Assert.Throws<StorageException>(() =>
            Database.Open("Host=/nowhere;Username=bauta;Database=none", Schema));
        Assert.Equal(StorageFailure.Refused, refused.Failure);
    }
}
