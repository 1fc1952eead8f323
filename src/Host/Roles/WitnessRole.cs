using Bauta.Archive;
using Bauta.Archive.Follow;
using Bauta.Host.Config;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Parties;
using Bauta.Storage;

namespace Bauta.Host.Roles;

/// <summary>A witness of one archive.</summary>
internal static class WitnessRole
{
    public static async Task<RunningRole> StartAsync(
        WitnessConfig config, RoleParts parts, CancellationToken cancellation)
    {
        var identity = parts.Identity();
        var archive = parts.Party(config.Archive, PartyRoles.Archive);
        var witness = parts.Own(await Witness.OpenAsync(
            parts.Database(config, FollowSchema.Migrations),
            ForwardOnly.Open(config.PathOf(config.SecondPlace)),
            archive.ReadNoteKey(), new ArchiveClient(parts.ClientOf(archive)),
            parts.Own(RoleKeys.OpenWitness(config.KeyPath(RoleKeys.Witness), parts.Time)),
            new WitnessOptions(), parts.Time, cancellation));
        parts.Metrics?.Watch(witness);
        return await parts.StartAsync(
            identity,
            (keys, at) => new PartyCard(config.Role, config.Name, identity.PublicKey.Spki, keys, at),
            routes => routes.MapWitness(witness), cancellation);
    }
}
