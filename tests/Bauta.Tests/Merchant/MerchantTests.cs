using System.Security.Cryptography;
using Bauta.Merchant;
using Bauta.Protocol;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Merchant;

/// <summary>What a merchant must do alike on every database. The derived classes only say where a new one is.</summary>
public abstract partial class MerchantTests
{
    protected abstract Task<string> NewDatabaseAsync();

    private async Task<MerchantWorld> OpenAsync(Func<MerchantOptions, MerchantOptions>? change = null) =>
        await MerchantWorld.OpenAsync(await NewDatabaseAsync(), change);

    private static byte[] Bytes(int length) => RandomNumberGenerator.GetBytes(length);

    private static void Refused<T, TError>(TError error, Result<T, TError> result)
        where TError : struct, Enum
    {
        Assert.False(result.IsOk);
        Assert.Equal(error, result.Error);
    }
}

public sealed class SqliteMerchantTests : MerchantTests, IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private int databases;

    [Fact]
    public async Task Unfinished_payouts_are_found_without_reading_the_finished_ones()
    {
        await using var world = await MerchantWorld.OpenAsync(await NewDatabaseAsync());
        var plan = await world.Database.ReadAsync(transaction => transaction.Query(
            "EXPLAIN QUERY PLAN " + Bauta.Merchant.Payouts.PayingOut.DueQuery, row => row.GetString(3), 0L, 1L));
        Assert.Contains("INDEX payouts_unfinished", Assert.Single(plan), StringComparison.Ordinal);
    }

    protected override Task<string> NewDatabaseAsync() =>
        Task.FromResult(directory.File($"merchant{databases++}.db"));

    public void Dispose() => directory.Dispose();
}

public sealed class PostgresMerchantTests(PostgresServer server) : MerchantTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("merchant");
}
