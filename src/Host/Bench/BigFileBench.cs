using System.Security.Cryptography;
using Bauta.Acquirer;
using Bauta.Storage;

namespace Bauta.Host.Bench;

/// <summary>A file far larger than memory should grow: put on sale, bought by a wallet in its own process,
/// opened.</summary>
internal static class BigFileBench
{
    // Half a euro, in two coins of the few that the bank makes for this.
    private const int MaxExponent = 6;
    private const long Price = 50;
    private static readonly TimeSpan pollInterval = TimeSpan.FromMilliseconds(50);

    public static async Task<BenchReport> RunAsync(
        string folder, long bytes, Cores cores, CancellationToken cancellation)
    {
        DurableFile.CreateDirectory(folder);
        using var network = await BenchNetwork.StartAsync(
            Path.Combine(folder, "network"), cores, null, MaxExponent, null, cancellation);
        var goods = new FileInfo(Path.Combine(folder, "goods.bin"));
        await FillAsync(goods, bytes, cancellation);
        var start = TimeProvider.System.GetTimestamp();
        await network.OfferAsync(goods, Price, cancellation);
        goods.Delete();

        var password = Path.Combine(folder, "password");
        DurableFile.CreateSecret(password, "only for the bench\n"u8);
        string[] place = ["--wallet", Path.Combine(folder, "wallet"), "--password-file", password];
        await WalletAsync(cores, ["init", "--network", network.NetworkPath, .. place], cancellation);
        await WalletAsync(cores, ["fund", "1.00", "--card", TestCards.Approved, .. place], cancellation);
        await WalletAsync(cores, ["withdraw", "1.00", .. place], cancellation);
        var bought = Path.Combine(folder, "bought.bin");
        var peak = await WalletAsync(
            cores, ["buy", "shop.demo", goods.Name, "--out", bought, .. place, "--direct"], cancellation);
        if (new FileInfo(bought).Length != bytes)
            throw new HostException(ExitCode.Unexpected, "What was bought is not as long as what was sold.");
        return new BenchReport
        {
            BigSale = new BigSale(bytes, TimeProvider.System.GetElapsedTime(start),
                network.Server(PartyRoles.Merchant).PeakResident, peak),
        };
    }

    private static async Task FillAsync(FileInfo file, long bytes, CancellationToken cancellation)
    {
        var part = RandomNumberGenerator.GetBytes(1 << 20);
        await using var stream = file.Create();
        for (var left = bytes; left > 0; left -= part.Length)
        {
            // No two parts are equal, so that none can stand in for another.
            BitConverter.TryWriteBytes(part, left);
            await stream.WriteAsync(part.AsMemory(0, (int)Math.Min(left, part.Length)), cancellation);
        }
    }

    /// <summary>Runs one verb of the wallet as a person would.</summary>
    /// <returns>The most bytes that its process ever had in memory.</returns>
    private static async Task<long> WalletAsync(Cores cores, string[] arguments, CancellationToken cancellation)
    {
        using var wallet = ServerProcess.Start("the wallet", cores.Load, ["wallet", .. arguments]);
        var peak = 0L;
        while (!wallet.HasExited)
        {
            peak = Math.Max(peak, wallet.PeakResident);
            await Task.Delay(pollInterval, cancellation);
        }

        return wallet.ExitCode == 0
            ? peak
            : throw new HostException(ExitCode.Unexpected,
                $"bauta wallet {arguments[0]} failed: {await wallet.ErrorsAsync(cancellation)}");
    }
}
