using Bauta.Archive;
using Bauta.Archive.Cosign;
using Bauta.Host.Config;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Parties;
using Bauta.Storage;

namespace Bauta.Host.Roles;

/// <summary>An archive: log, second place, witnesses.</summary>
internal static class ArchiveRole
{
    public static async Task<RunningRole> StartAsync(
        ArchiveConfig config, RoleParts parts, CancellationToken cancellation)
    {
        var identity = parts.Identity();
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
        return await parts.StartAsync(
            identity,
            (keys, at) => new PartyCard(
                config.Role, config.Name, identity.PublicKey.Spki, keys, at, Archive: policy.Text),
            routes => routes.MapArchive(archive, archive, policy), cancellation);
    }
}
