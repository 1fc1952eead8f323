using System.CommandLine;
using System.Globalization;
using System.Text;
using Bauta.Host.Terminal;
using Bauta.Protocol.Relay;
using Bauta.Storage;
using Bauta.Wallet;
using Bauta.Wallet.Network;

namespace Bauta.Host.WalletVerbs;

/// <summary>The options that say which wallet, and what is kept beside its secrets.</summary>
internal static class WalletPlace
{
    private const string NetworkSetting = "network";
    private const string RouteSetting = "route";

    public static Option<string?> Folder { get; } = new("--wallet")
    {
        Description = "The wallet's folder; $BAUTA_WALLET, or ~/.local/share/bauta/wallet.",
        Recursive = true,
    };

    public static Option<string?> PasswordFile { get; } = new("--password-file")
    {
        Description = "File whose first line is the password; or $BAUTA_WALLET_PASSWORD, or a prompt.",
        Recursive = true,
    };

    public static Option<bool> Direct { get; } = new("--direct")
    {
        Description = "Without masks: every party called sees your network address.",
        Recursive = true,
    };

    public static string FolderOf(ParseResult parsed)
    {
        var folder = NamedFolder(parsed);
        return File.Exists(folder)
            ? throw new HostException(ExitCode.Usage, $"{folder} is a file. Name a folder with --wallet.")
            : folder;
    }

    private static string NamedFolder(ParseResult parsed) => Path.GetFullPath(
        parsed.GetValue(Folder)
        ?? Environment.GetEnvironmentVariable("BAUTA_WALLET")
        ?? Path.Combine(
            Environment.GetFolderPath(
                Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
            "bauta", "wallet"));

    /// <summary>Opens the wallet that the options name.</summary>
    public static async Task<WalletStore> OpenAsync(ParseResult parsed, Output output)
    {
        var folder = FolderOf(parsed);
        if (!File.Exists(WalletStore.FileIn(folder)))
            throw new HostException(ExitCode.NoWallet,
                $"There is no wallet in {folder}. Make one with: bauta wallet init --wallet {folder} --network FILE");
        var password = Password.Read(parsed.GetValue(PasswordFile), isNew: false, output);
        return await WalletStore.OpenAsync(folder, password, TimeProvider.System);
    }

    /// <summary>What a new wallet keeps of its network: the file, and the route that it stays with. A wallet that
    /// changed its masks from day to day would show itself to all of them in the end.</summary>
    public static Dictionary<string, string> SettingsOf(NetworkFile network)
    {
        var route = network.Routes.Count == 0
            ? -1
            : System.Security.Cryptography.RandomNumberGenerator.GetInt32(network.Routes.Count);
        return new Dictionary<string, string>
        {
            [RouteSetting] = route.ToString(CultureInfo.InvariantCulture),
            [NetworkSetting] = Encoding.UTF8.GetString(network.ToBytes()),
        };
    }

    /// <summary>The network that the wallet keeps.</summary>
    public static async Task<NetworkFile> NetworkAsync(WalletStore store, CancellationToken cancellation) =>
        await store.SettingAsync(NetworkSetting, cancellation) is { } text
        && NetworkFile.TryParse(Encoding.UTF8.GetBytes(text), out var network)
            ? network
            : throw new HostException(ExitCode.BadFile, "This wallet keeps no network file. Make it anew with init.");

    /// <summary>Connects over the wallet's route, or directly, which says what it gives away.</summary>
    public static async Task<HttpNetwork> ConnectAsync(
        WalletStore store, NetworkFile file, bool isDirect, Output output, CancellationToken cancellation) =>
        new(file, await RouteAsync(store, file, isDirect, output, cancellation), TimeProvider.System);

    /// <summary>The route that the wallet stays with, or none; one with fewer than two masks says what it gives
    /// away.</summary>
    public static async Task<MaskRoute> RouteAsync(
        WalletStore store, NetworkFile file, bool isDirect, Output output, CancellationToken cancellation)
    {
        var kept = await store.SettingAsync(RouteSetting, cancellation);
        var route = isDirect || kept is null or "-1"
            ? MaskRoute.Direct
            : file.RouteAt(int.Parse(kept, CultureInfo.InvariantCulture));
        if (route.Opener is null || route.Relay is null)
            output.Note($"Note: {route.GivesAway}");
        return route;
    }

    /// <summary>Reads a network file.</summary>
    public static NetworkFile ReadNetwork(string path)
    {
        var bytes = DurableFile.Read(path, NetworkFile.MaxLength) ?? throw new HostException(ExitCode.BadFile,
            $"{path} is missing. A network file names the parties: bauta init network makes one, and bauta demo its "
            + "own in data/demo/network.json.");
        return NetworkFile.TryParse(bytes, out var file)
            ? file
            : throw new HostException(ExitCode.BadFile,
                $"{path} is not a network file: routes, bank, acquirer, archive, policy and shops, each address as "
                + "URL#THUMBPRINT. Make one from party files with: bauta init network");
    }
}
