using Bauta.Bank;
using Bauta.Bank.Denominations;
using Bauta.Bank.Ledger;
using Bauta.Host.Config;
using Bauta.Host.DisputeVerbs;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Parties;
using Bauta.Storage;

namespace Bauta.Host.Roles;

/// <summary>A bank: ledger, denomination keys, archives, acquirer.</summary>
internal static class BankRole
{
    private const decimal Day = 86_400;

    public static async Task<RunningRole> StartAsync(
        BankConfig config, RoleParts parts, CancellationToken cancellation)
    {
        var identity = parts.Identity();
        var own = config.Joint is null ? null : await OpenOwnAsync(config, config.Joint, parts, cancellation);
        var archives = config.Archives
            .Select(path => Archive(parts.Party(path, PartyRoles.Archive), parts, own?.Archive)).ToArray();
        if (own is not null && archives.All(archive => archive.Client != own.Archive))
            throw new HostException(ExitCode.BadFile,
                $"{config.Joint} is the configuration of an archive whose party file does not stand in \"archives\".");
        var acquirer = parts.Party(config.Acquirer, PartyRoles.Acquirer);
        var issuer = config.Issuer is null ? null : parts.Party(config.Issuer, PartyRoles.Bank);
        var spentAt = config.SpentAt is null ? null : parts.Party(config.SpentAt, PartyRoles.Bank);
        var parties = new BankParties(
            archives,
            new BankAcquirer(acquirer.Identity, new AcquirerClient(parts.ClientOf(acquirer))),
            [.. config.Funders.Select(path => parts.Party(path, PartyRoles.Bank).Identity)],
            issuer is null ? null : new BankIssuer(issuer.Identity, new BankClient(parts.ClientOf(issuer))),
            spentAt?.Identity,
            own is null
                ? null
                : new JointArchive(
                    own.Archive.Policy.Id, parts.Own(SealingKey.OpenOrCreate(config.KeyPath(RoleKeys.Sealing)))));
        var database = parts.Own(await BankDatabase.OpenAsync(
            config.Connection, parts.DatabaseOptions, ForwardOnly.Open(config.PathOf(config.SecondPlace))));
        parts.EndWith(database.Failure);
        if (parts.Metrics is { } metrics)
            database.ReportTo(metrics);
        var options = Options(config) with { Issuer = issuer?.Name, SpentAt = spentAt?.Name };
        var bank = parts.Own(await Bank.Bank.OpenAsync(
            options, database, identity, new DenominationKeyFiles(config.KeyPath(RoleKeys.Denominations)), parties,
            parts.Time, parts.Logger("Bauta.Bank")));
        if (own is not null)
            await ArchiveRole.ServeAsync(own.Config, own.Parts, own.Archive, bank.Archive!, cancellation);
        parts.Loop(bank.RunAsync);
        return await parts.StartAsync(
            identity,
            (keys, at) => new PartyCard(
                config.Role, config.Name, identity.PublicKey.Spki, keys, at,
                Bank: options.Terms(
                    archives.Select(archive => archive.Policy), Peer(issuer), Peer(spentAt), own?.Archive.Policy.Id)),
            routes => routes.MapBank(bank, parts.Time), cancellation);
    }

    private static BankPeer? Peer(PartyFile? bank) =>
        bank is null ? null : new BankPeer(bank.Name, bank.Identity.Thumbprint);

    /// <summary>An archive that the bank acts on: its own in this process, all others over the network.</summary>
    private static BankArchive Archive(PartyFile party, RoleParts parts, Archive.Archive? own) =>
        party.ReadPolicy() is var policy && policy.Id.Equals(own?.Policy.Id)
            ? new BankArchive(policy, own!)
            : new BankArchive(policy, new ArchiveClient(parts.ClientOf(party)));

    /// <summary>FIG. 6 and 7: the archive that the bank runs itself. It has its own keys, database and address, so that
    /// to everybody else nothing differs but what the bank's card says.</summary>
    private static async Task<Own> OpenOwnAsync(
        BankConfig config, string path, RoleParts parts, CancellationToken cancellation)
    {
        var archiveConfig = ConfigFile.Read<ArchiveConfig>(config.PathOf(path));
        var within = parts.Within(archiveConfig);
        return new Own(archiveConfig, within, await ArchiveRole.OpenAsync(archiveConfig, within, cancellation));
    }

    private sealed record Own(ArchiveConfig Config, RoleParts Parts, Archive.Archive Archive);

    private static BankOptions Options(BankConfig config) => new()
    {
        Name = config.Name,
        Currency = Currency.Parse(config.Currency),
        Exponents = config.Exponents,
        WithdrawSeconds = (long)(config.WithdrawDays * Day),
        SpendSeconds = (long)(config.SpendDays * Day),
        RefreshSeconds = (long)(config.RefreshDays * Day),
        OverlapSeconds = (long)(config.OverlapDays * Day),
        MinExpirySeconds = config.MinExpirySeconds,
        MaxExpirySeconds = config.MaxExpirySeconds,
        DisputeWindowSeconds = config.DisputeWindowSeconds,
        Arbiter = config.Arbiter is null ? null : ArbiterFile.Read(config.PathOf(config.Arbiter)),
        DisputeAnswerSeconds = config.DisputeAnswerSeconds,
        DisputeRulingSeconds = config.DisputeRulingSeconds,
    };
}
