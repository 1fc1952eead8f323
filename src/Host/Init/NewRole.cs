using Bauta.Host.Config;

namespace Bauta.Host.Init;

/// <summary>What a new role is told. What is absent has a default that the configuration explains.</summary>
internal sealed record NewRole
{
    public required string Role { get; init; }

    /// <summary>Where the configuration goes.</summary>
    public required string ConfigPath { get; init; }

    public required string Name { get; init; }

    /// <summary>The origin that others reach it at.</summary>
    public required Uri Url { get; init; }

    /// <summary>Where it listens; the port of the origin on loopback unless given.</summary>
    public string? Listen { get; init; }

    /// <summary>A file beside the configuration for SQLite, or <c>Host=...</c>.</summary>
    public string? Database { get; init; }

    public string? Bank { get; init; }

    public string? Archive { get; init; }

    public string? Acquirer { get; init; }

    public IReadOnlyList<string> Witnesses { get; init; } = [];

    public int? Quorum { get; init; }

    public string? Next { get; init; }

    public IReadOnlyList<string> Targets { get; init; } = [];

    public IReadOnlyList<string> UnlimitedSources { get; init; } = [];

    public string Currency { get; init; } = "EUR/2";

    public int MaxExponent { get; init; } = 14;

    public int BatchMilliseconds { get; init; } = MaskConfig.DefaultBatchMilliseconds;

    public long DisputeWindowSeconds { get; init; } = 7 * 86_400;

    public string Payee { get; init; } = "sandbox:shop";

    public string Desk { get; init; } = "unix:desk.sock";

    /// <summary>The folder of the configuration.</summary>
    public string Folder => Path.GetDirectoryName(Path.GetFullPath(ConfigPath))!;

    /// <summary>The party file that is handed to others.</summary>
    public string PartyPath => Path.Combine(
        Folder, Path.GetFileNameWithoutExtension(ConfigPath) + Config.PartyFile.Extension);

    /// <summary>What a party file is called when it lies beside the configuration.</summary>
    public static string PartyFileOf(string role) => role + Config.PartyFile.Extension;
}
