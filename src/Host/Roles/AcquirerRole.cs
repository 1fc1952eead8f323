using Bauta.Acquirer;
using Bauta.Host.Config;
using Bauta.Protocol.Parties;
using Bauta.Storage;

namespace Bauta.Host.Roles;

/// <summary>The sandbox acquirer. It moves no real money.</summary>
internal static class AcquirerRole
{
    public static async Task<RunningRole> StartAsync(
        AcquirerConfig config, RoleParts parts, CancellationToken cancellation)
    {
        var identity = parts.Identity();
        var options = new AcquirerOptions
        {
            Name = config.Name,
            Banks = [.. config.Banks.Select(path => parts.Party(path, PartyRoles.Bank))
                .Select(bank => new ServedBank(bank.Name, bank.ReadCurrency().Code, bank.Identity))],
            DelaySeconds = config.DelaySeconds,
        };
        var acquirer = new Acquirer.Acquirer(
            options, parts.Database(config, AcquirerSchema.Migrations), identity,
            parts.Own(SealingKey.OpenOrCreate(config.KeyPath(RoleKeys.Sealing))), parts.Time);
        return await parts.StartAsync(
            identity,
            (keys, at) => new PartyCard(config.Role, config.Name, identity.PublicKey.Spki, keys, at),
            routes => routes.MapAcquirer(acquirer), cancellation);
    }
}
