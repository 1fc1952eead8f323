using Bauta.Bank.Ledger;
using Bauta.Storage;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Bank;

/// <summary>A bank whose database was put back would let spent tokens move again.</summary>
public sealed class SecondPlaceTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Fact]
    public async Task Refuses_a_database_that_was_put_back_behind_the_second_place()
    {
        var (path, copy, mark) = (directory.File("bank.db"), directory.File("copy.db"), directory.File("second-place"));
        await using (var database = await BankDatabase.OpenAsync(path, null, ForwardOnly.Open(mark)))
        {
            await FundAsync(database);
            await database.MarkAsync(default);
        }

        File.Copy(path, copy);
        await using (var database = await BankDatabase.OpenAsync(path, null, ForwardOnly.Open(mark)))
        {
            await FundAsync(database);
            await FundAsync(database);
            await database.MarkAsync(default);
            await database.MarkAsync(default);
        }

        Assert.Equal(3, ForwardOnly.Open(mark).Latest!.Number);
        var refused = await Assert.ThrowsAsync<StorageException>(
            () => BankDatabase.OpenAsync(copy, null, ForwardOnly.Open(mark)));
        Assert.Equal(StorageFailure.Refused, refused.Failure);
        await using var present = await BankDatabase.OpenAsync(path, null, ForwardOnly.Open(mark));
        Assert.Equal(DatabaseHealth.Healthy, present.Health);
    }

    public void Dispose() => directory.Dispose();

    private static Task FundAsync(BankDatabase database) => database.WriteAsync(
        (_, books) => books.Fund(Bauta.Protocol.Amount.FromMinorUnits(8)), default);
}
