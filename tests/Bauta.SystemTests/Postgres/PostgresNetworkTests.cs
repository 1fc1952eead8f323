using System.Diagnostics;
using System.Security.Cryptography;
using Bauta.SystemTests.Faults;
using Bauta.Tests.Storage;
using Npgsql;
using Xunit;

namespace Bauta.SystemTests.Postgres;

/// <summary>
/// The whole network on PostgreSQL, each role as its own database user in its own database, made as
/// docs/operating/postgresql.md says; every role is killed in the middle of a purchase. Its shop demands two-sided
/// delivery.
/// </summary>
public sealed class PostgresNetworkTests(PostgresServer server)
{
    [Fact]
    public async Task A_network_on_PostgreSQL_sells_and_survives_a_kill_of_every_role()
    {
        using var network = await RealNetwork.PrepareAsync(
            ("merchant", "lifetimeSeconds", "15"), ("merchant", "payMarginSeconds", "1"),
            ("bank", "minExpirySeconds", "1"), ("merchant", "proof", "\"two-sided\""));
        var host = new NpgsqlConnectionStringBuilder(await server.CreateDatabaseAsync()).Host!;
        foreach (var role in RealNetwork.Roles)
            await MoveAsync(network, role, host);
        await network.StartAsync();
        network.Wallet = "wallet-postgres";
        Done(await network.WalletAsync(
            "init", "--network", Path.Combine(network.Folder, "network.json"), "--password-rounds", "1"));
        var goods = Path.Combine(network.Folder, "letter.txt");
        await File.WriteAllTextAsync(goods, "a letter");
        Done(await network.ShopAsync("add", goods, "--price", "2.50", "--title", "A letter"));
        var offer = (await network.ShopAsync("list")).Json["offers"]![0]!;
        await Books.FundAsync(network, 1000);
        var before = await Books.ValueAsync(network);

        string[] buy = ["buy", "shop.demo", "A letter", "--out", Path.Combine(network.Folder, "first.txt")];
        var refused = await network.WalletAsync([.. buy, "--proof", "one-sided"]);
        Assert.True(refused.ExitCode == 14, refused.Output);
        var bought = await network.WalletAsync(buy);
        Done(bought);
        Assert.Equal("two-sided", (string?)bought.Json["proof"]);

        using (var buying = network.StartWallet(
            "buy", "shop.demo", "A letter", "--out", Path.Combine(network.Folder, "second.txt")))
        {
            await Task.Delay(RandomNumberGenerator.GetInt32(300, 2500));
            foreach (var role in RealNetwork.Roles)
                network.Kill(role);
            await network.StartAsync();
            await buying.WaitForExitAsync();
        }

        await Books.ResumeUntilNothingIsOpenAsync(network);
        await Books.EveryPurchaseEndedAsync(network, (string)offer["sha256"]!);
        Assert.Equal(before, await Books.ValueAsync(network));
        Done(await RealNetwork.BautaAsync(
            TimeSpan.FromMinutes(1), "audit", "--config", network.ConfigOf("bank"), "--json"));
        foreach (var role in RealNetwork.Roles)
            Assert.DoesNotContain(network.FilesOf(role), file => file.Path.EndsWith(".db", StringComparison.Ordinal));
    }

    /// <summary>A fresh database with an owner of its own, in place of the role's file.</summary>
    private static async Task MoveAsync(RealNetwork network, string role, string host)
    {
        var name = $"bauta_{role.Replace('-', '_')}";
        await RunAsync("createuser", "-h", host, "-U", "bauta", name);
        await RunAsync("createdb", "-h", host, "-U", "bauta", "--owner", name, name);
        network.Set(role, "database", $"\"Host={host};Database={name};Username={name}\"");
        // The old databases are gone, and with them what their second places speak of.
        foreach (var (path, _) in network.FilesOf(role).ToArray())
            if (Path.GetFileName(path) == "second-place" || path.Contains(".db", StringComparison.Ordinal))
                File.Delete(path);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, errors);
    }

    private static void Done(Said said) => Assert.True(said.ExitCode == 0, $"{said}");
}
