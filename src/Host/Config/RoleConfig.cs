using System.Text.Json.Serialization;
using Bauta.Protocol.Merchant;

namespace Bauta.Host.Config;

/// <summary>
/// What every role's configuration has. Paths are relative to the configuration file; see
/// <c>docs/operating/configuration.md</c>.
/// </summary>
internal abstract record RoleConfig
{
    /// <summary>The party's name: a-z, 0-9, dot, hyphen.</summary>
    public required string Name { get; init; }

    /// <summary>Address and port to listen on.</summary>
    public required string Listen { get; init; }

    /// <summary>PEM file with the certificate chain; with it the port speaks TLS.</summary>
    public string? Certificate { get; init; }

    /// <summary>PEM file with its private key.</summary>
    public string? CertificateKey { get; init; }

    /// <summary>Folder of the private keys.</summary>
    public string Keys { get; init; } = "keys";

    /// <summary>Source addresses without a limit of requests: the masks and parties of this network.</summary>
    public IReadOnlyList<string> UnlimitedSources { get; init; } = [];

    /// <summary>Where OpenTelemetry's OTLP is taken over HTTP; without one nothing is reported.</summary>
    public string? Telemetry { get; init; }

    /// <summary>The role that this configures.</summary>
    [JsonIgnore]
    public abstract string Role { get; }

    /// <summary>The folder of the configuration file.</summary>
    [JsonIgnore]
    public string Folder { get; init; } = ".";

    public string PathOf(string relative) => Path.GetFullPath(Path.Combine(Folder, relative));

    public string KeyPath(string name) => Path.Combine(PathOf(Keys), name);
}

/// <summary>A role with a database.</summary>
internal abstract record StoringConfig : RoleConfig
{
    /// <summary>A file for SQLite, or <c>Host=...</c> for PostgreSQL.</summary>
    public required string Database { get; init; }

    [JsonIgnore]
    public string Connection => Storage.Database.IsPostgres(Database) ? Database : PathOf(Database);
}

/// <summary>A mask.</summary>
internal sealed record MaskConfig : RoleConfig
{
    /// <summary>An exchange through two masks passes four periods, so this adds most of a second to it.</summary>
    public const int DefaultBatchMilliseconds = 200;

    /// <summary>Party file of the mask that sealed requests are carried on to.</summary>
    public string? Next { get; init; }

    /// <summary>Origins of the parties to forward to.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>Requests are held this long and leave together in random order.</summary>
    public int BatchMilliseconds { get; init; } = DefaultBatchMilliseconds;

    [JsonIgnore]
    public override string Role => PartyRoles.Mask;
}

/// <summary>A bank.</summary>
internal sealed record BankConfig : StoringConfig
{
    /// <summary>Such as <c>EUR/2</c>.</summary>
    public required string Currency { get; init; }

    /// <summary>One denomination of 2^e minor units for each.</summary>
    public IReadOnlyList<int> Exponents { get; init; } = [.. Enumerable.Range(0, 15)];

    /// <summary>Party files of archives; the first one's log carries the denominations.</summary>
    public required IReadOnlyList<string> Archives { get; init; }

    /// <summary>Party file of the acquirer.</summary>
    public required string Acquirer { get; init; }

    /// <summary>Party files of other banks whose refreshed tokens this one takes over.</summary>
    public IReadOnlyList<string> Funders { get; init; } = [];

    /// <summary>Party file of the bank that issues what this one locks; without one it issues itself.</summary>
    public string? Issuer { get; init; }

    /// <summary>Party file of the bank that locks what this one issues; without one it locks itself.</summary>
    public string? SpentAt { get; init; }

    /// <summary>Configuration of the archive that this bank runs itself, in the same process (FIG. 6 and 7); without
    /// one all its archives are others'.</summary>
    public string? Joint { get; init; }

    /// <summary>Days may be parts of a day: 0.5 is twelve hours.</summary>
    public decimal WithdrawDays { get; init; } = 30;

    public decimal SpendDays { get; init; } = 180;

    public decimal RefreshDays { get; init; } = 90;

    public decimal OverlapDays { get; init; } = 2;

    public long MinExpirySeconds { get; init; } = 10;

    public long MaxExpirySeconds { get; init; } = 7 * 86_400;

    public long DisputeWindowSeconds { get; init; } = 7 * 86_400;

    /// <summary>File with the card of the arbiter that decides disputes, as <c>bauta dispute init</c> makes it; without
    /// one none are taken in.</summary>
    public string? Arbiter { get; init; }

    /// <summary>How long a merchant has to answer a dispute.</summary>
    public long DisputeAnswerSeconds { get; init; } = 3 * 86_400;

    /// <summary>How long the arbiter has from then on.</summary>
    public long DisputeRulingSeconds { get; init; } = 14 * 86_400;

    /// <summary>The file that holds how often value moved and only moves forward; best on another disk.</summary>
    public string SecondPlace { get; init; } = "second-place";

    [JsonIgnore]
    public override string Role => PartyRoles.Bank;
}

/// <summary>An archive.</summary>
internal sealed record ArchiveConfig : StoringConfig
{
    /// <summary>Party files of the witnesses.</summary>
    public required IReadOnlyList<string> Witnesses { get; init; }

    /// <summary>How many of them must cosign.</summary>
    public required int Quorum { get; init; }

    /// <summary>Party files of the banks that are admitted.</summary>
    public required IReadOnlyList<string> Banks { get; init; }

    /// <summary>Party files of banks and merchants that are told of decisions as they are published.</summary>
    public IReadOnlyList<string> Push { get; init; } = [];

    /// <summary>The file that holds the latest checkpoint and only moves forward; best on another disk.</summary>
    public string SecondPlace { get; init; } = "second-place";

    /// <summary>The largest goods made to order that are kept for a forced commit; zero: none are.</summary>
    public long MaxKeptBytes { get; init; } = MadeGoods.MaxSizeBytes;

    /// <summary>All of them together.</summary>
    public long MaxKeptBytesInAll { get; init; } = 16L << 30;

    /// <summary>How long they are kept after the expiry of a purchase that was committed.</summary>
    public int KeepGoodsDays { get; init; } = 30;

    [JsonIgnore]
    public override string Role => PartyRoles.Archive;
}

/// <summary>A witness.</summary>
internal sealed record WitnessConfig : StoringConfig
{
    /// <summary>Party file of the archive that it watches.</summary>
    public required string Archive { get; init; }

    /// <summary>As with an archive.</summary>
    public string SecondPlace { get; init; } = "second-place";

    [JsonIgnore]
    public override string Role => PartyRoles.Witness;
}

/// <summary>A sandbox acquirer.</summary>
internal sealed record AcquirerConfig : StoringConfig
{
    /// <summary>Party files of the banks that it serves.</summary>
    public required IReadOnlyList<string> Banks { get; init; }

    /// <summary>How long the delayed test card stays pending.</summary>
    public int DelaySeconds { get; init; } = 5;

    [JsonIgnore]
    public override string Role => PartyRoles.Acquirer;
}

/// <summary>What <c>bauta pay-proxy</c> sells.</summary>
internal sealed record PayProxyConfig
{
    /// <summary>The site's address, such as <c>http://127.0.0.1:8000</c>.</summary>
    public required string Upstream { get; init; }

    /// <summary>Of one request or minute, such as <c>0.01</c>.</summary>
    public required string Price { get; init; }

    /// <summary><c>item</c> or <c>minute</c>.</summary>
    public string Per { get; init; } = Tariff.Item;

    /// <summary>The most that one session may cost; a hundred times the price where it is left out.</summary>
    public string? Limit { get; init; }

    /// <summary>What it is called in the list of offers.</summary>
    public string? Title { get; init; }
}

/// <summary>A merchant.</summary>
internal sealed record MerchantConfig : StoringConfig
{
    /// <summary>Party file of its bank.</summary>
    public required string Bank { get; init; }

    /// <summary>Party files of the archives that it sells under.</summary>
    public required IReadOnlyList<string> Archives { get; init; }

    /// <summary>Where the acquirer pays out to, in the acquirer's own form.</summary>
    public required string Payee { get; init; }

    /// <summary>Folder that goods are copied into.</summary>
    public string Goods { get; init; } = "goods";

    /// <summary>Where <c>bauta shop</c> reaches the shop: <c>unix:PATH</c> or <c>http://127.0.0.1:PORT</c>.</summary>
    public string Desk { get; init; } = "unix:desk.sock";

    /// <summary>Which proof of delivery it demands: <c>one-sided</c> or <c>two-sided</c>.</summary>
    public string Proof { get; init; } = DeliveryProof.OneSided;

    /// <summary>Ways to release a key beside the usual one that it takes when a customer asks: <c>early</c>,
    /// <c>at-once</c>.</summary>
    public IReadOnlyList<string> Releases { get; init; } = [];

    /// <summary>How long a purchase of a small file stays open.</summary>
    public int LifetimeSeconds { get; init; } = 900;

    /// <summary>P3 is refused this long before expiry.</summary>
    public int PayMarginSeconds { get; init; } = 10;

    /// <summary>How long a purchase that nobody paid for is kept after its expiry.</summary>
    public int GraceSeconds { get; init; } = 3600;

    /// <summary>How long the copy of a file is kept that is sold no more.</summary>
    public int KeepGoodsDays { get; init; } = 30;

    /// <summary>How long a session lasts in which items are sold one by one.</summary>
    public int SessionSeconds { get; init; } = 3600;

    /// <summary>A program that makes goods to order: its output is sold. None by default.</summary>
    public string? Make { get; init; }

    /// <summary>How long a purchase of goods made to order stays open, the making included.</summary>
    public int OrderSeconds { get; init; } = 3600;

    /// <summary>How long a customer has to acknowledge them before the commit is forced.</summary>
    public int OrderWaitSeconds { get; init; } = 300;

    /// <summary>A web site or API that is sold by the request; none by default.</summary>
    public PayProxyConfig? PayProxy { get; init; }

    [JsonIgnore]
    public override string Role => PartyRoles.Merchant;

    [JsonIgnore]
    public string DeskAddress => Desk.StartsWith("unix:", StringComparison.Ordinal)
        ? "unix:" + PathOf(Desk["unix:".Length..])
        : Desk;
}
