using Bauta.Host.Config;

namespace Bauta.Host.Roles;

/// <summary>From a configuration to a running role.</summary>
internal static class RoleStarter
{
    /// <summary>Composes and starts; what was opened is closed again when that fails.</summary>
    public static async Task<RunningRole> StartAsync(
        RoleConfig config, RoleEnvironment environment, CancellationToken cancellation)
    {
        var parts = new RoleParts(config, environment);
        try
        {
            return config switch
            {
                MaskConfig mask => await MaskRole.StartAsync(mask, parts, cancellation),
                BankConfig bank => await BankRole.StartAsync(bank, parts, cancellation),
                ArchiveConfig archive => await ArchiveRole.StartAsync(archive, parts, cancellation),
                WitnessConfig witness => await WitnessRole.StartAsync(witness, parts, cancellation),
                AcquirerConfig acquirer => await AcquirerRole.StartAsync(acquirer, parts, cancellation),
                MerchantConfig merchant => await MerchantRole.StartAsync(merchant, parts, cancellation),
                _ => throw new InvalidOperationException($"No composition for {config.GetType().Name}."),
            };
        }
        catch
        {
            await parts.DisposeAsync();
            throw;
        }
    }
}
