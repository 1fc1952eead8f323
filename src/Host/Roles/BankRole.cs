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
        var archives = config.Archives.Select(path => Archive(parts.Party(path, PartyRoles.Archive), parts)).ToArray();
        var acquirer = parts.Party(config.Acquirer, PartyRoles.Acquirer);
        var issuer = config.Issuer is null ? null : parts.Party(config.Issuer, PartyRoles.Bank);
        var spentAt = config.SpentAt is null ? null : parts.Party(config.SpentAt, PartyRoles.Bank);
        var parties = new BankParties(
            archives,
            new BankAcquirer(acquirer.Identity, new AcquirerClient(parts.ClientOf(acquirer))),
            [.. config.Funders.Select(path => parts.Party(path, PartyRoles.Bank).Identity)],
            issuer is null ? null : new BankIssuer(issuer.Identity, new BankClient(parts.ClientOf(issuer))),
            spentAt?.Identity);
        var database = parts.Own(await BankDatabase.OpenAsync(
            config.Connection, parts.DatabaseOptions, ForwardOnly.Open(config.PathOf(config.SecondPlace))));
        parts.EndWith(database.Failure);
        if (parts.Metrics is { } metrics)
            database.ReportTo(metrics);
        var options = Options(config) with { Issuer = issuer?.Name, SpentAt = spentAt?.Name };
        var bank = parts.Own(await Bank.Bank.OpenAsync(
            options, database, identity, new DenominationKeyFiles(config.KeyPath(RoleKeys.Denominations)), parties,
            parts.Time, parts.Logger("Bauta.Bank")));
        parts.Loop(bank.RunAsync);
        return await parts.StartAsync(
            identity,
            (keys, at) => new PartyCard(
                config.Role, config.Name, identity.PublicKey.Spki, keys, at,
                Bank: options.Terms(archives.Select(archive => archive.Policy), Peer(issuer), Peer(spentAt))),
            routes => routes.MapBank(bank, parts.Time), cancellation);
    }

    private static BankPeer? Peer(PartyFile? bank) =>
        bank is null ? null : new BankPeer(bank.Name, bank.Identity.Thumbprint);

    private static BankArchive Archive(PartyFile party, RoleParts parts) =>
        new(party.ReadPolicy(), new ArchiveClient(parts.ClientOf(party)));

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
