using Bauta.Archive;
using Bauta.Archive.Cosign;
using Bauta.Archive.Push;
using Bauta.Host.Config;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Storage;

namespace Bauta.Host.Roles;

/// <summary>An archive: log, second place, witnesses.</summary>
internal static class ArchiveRole
{
    public static async Task<RunningRole> StartAsync(
        ArchiveConfig config, RoleParts parts, CancellationToken cancellation)
    {
        var archive = await OpenAsync(config, parts, cancellation);
        return await ServeAsync(config, parts, archive, archive, cancellation);
    }

    /// <summary>The archive, at work and not answering anybody yet.</summary>
    public static async Task<Archive.Archive> OpenAsync(
        ArchiveConfig config, RoleParts parts, CancellationToken cancellation)
    {
        var signer = parts.Own(RoleKeys.OpenLog(config.KeyPath(RoleKeys.Log)));
        var witnesses = config.Witnesses.Select(path => parts.Party(path, PartyRoles.Witness)).ToArray();
        var policy = ArchivePolicy.Create(
            signer.Verifier, [.. witnesses.Select(witness => witness.ReadNoteKey())], config.Quorum);
        var archive = await Archive.Archive.OpenAsync(
            parts.Database(config, ArchiveSchema.Migrations),
            ForwardOnly.Open(config.PathOf(config.SecondPlace)),
            signer, policy,
            [.. witnesses.Select(witness =>
                new WitnessPeer(witness.ReadNoteKey(), new WitnessClient(parts.ClientOf(witness))))],
            new ArchiveOptions
            {
                Banks = [.. config.Banks.Select(path => parts.Party(path, PartyRoles.Bank))
                    .Select(bank => new AdmittedBank(bank.Name, bank.Identity.Thumbprint))],
                MaxKeptBytes = config.MaxKeptBytes,
                MaxKeptBytesInAll = config.MaxKeptBytesInAll,
                KeepSeconds = checked(config.KeepGoodsDays * 86_400L),
            },
            parts.Time, cancellation);
        parts.Metrics?.Watch(archive);
        parts.Loop(archive.RunAsync);
        if (config.Push.Select(path => Peer(path, config, parts)).ToArray() is { Length: > 0 } peers)
            parts.Loop(stop => archive.PushAsync(peers, stop));
        return archive;
    }

    private static PushPeer Peer(string path, ArchiveConfig config, RoleParts parts)
    {
        var party = PartyFile.Read(config.PathOf(path), [PartyRoles.Bank, PartyRoles.Merchant]);
        if (party.Role == PartyRoles.Merchant)
            return new PushPeer(null, new MerchantClient(parts.ClientOf(party)).HearAsync);
        // A refusal is no failure: a bank that acted on it before says so, and one that does not will ask.
        var bank = new BankClient(parts.ClientOf(party));
        return new PushPeer(BankKeyId.Parse(party.Identity.Thumbprint), bank.DecideAsync);
    }

    /// <summary>Answers for it.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="parts">Its parts.</param>
    /// <param name="archive">The archive.</param>
    /// <param name="decides">What others ask for decisions: the archive itself, or the bank that runs it.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<RunningRole> ServeAsync(
        ArchiveConfig config, RoleParts parts, Archive.Archive archive, IArchive decides,
        CancellationToken cancellation)
    {
        var identity = parts.Identity();
        return await parts.StartAsync(
            identity,
            (keys, at) => new PartyCard(
                config.Role, config.Name, identity.PublicKey.Spki, keys, at, Archive: archive.Policy.Text),
            routes => routes.MapArchive(decides, archive, archive.Policy), cancellation);
    }
}
