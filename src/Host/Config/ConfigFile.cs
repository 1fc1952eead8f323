using System.Net;
using System.Text.Json;
using Bauta.Storage;

namespace Bauta.Host.Config;

/// <summary>Reads configurations: JSON with comments, nothing unknown, nothing missing, nothing twice.</summary>
internal static class ConfigFile
{
    private const int MaxLength = 256 * 1024;

    // By reflection, because generated code forgets the defaults of properties that a file leaves out.
    private static readonly JsonSerializerOptions options = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>Reads the configuration of a role.</summary>
    /// <exception cref="HostException">It is missing or malformed; the message names what.</exception>
    public static RoleConfig Read(string role, string path) => role switch
    {
        PartyRoles.Mask => Read<MaskConfig>(path),
        PartyRoles.Bank => Read<BankConfig>(path),
        PartyRoles.Archive => Read<ArchiveConfig>(path),
        PartyRoles.Witness => Read<WitnessConfig>(path),
        PartyRoles.Acquirer => Read<AcquirerConfig>(path),
        PartyRoles.Merchant => Read<MerchantConfig>(path),
        _ => throw new HostException(ExitCode.Usage, $"There is no role {role}."),
    };

    /// <summary>Reads a configuration.</summary>
    public static T Read<T>(string path)
        where T : RoleConfig
    {
        var bytes = DurableFile.Read(path, MaxLength) ?? throw new HostException(ExitCode.BadFile,
            $"{path} is missing. Name the configuration with --config, or make one with: bauta init ROLE "
            + $"--config {path}");
        try
        {
            var config = JsonSerializer.Deserialize<T>(bytes, options)
                ?? throw new HostException(ExitCode.BadFile, $"{path} holds no configuration.");
            var whole = (RoleConfig)config with { Folder = Path.GetDirectoryName(Path.GetFullPath(path))! };
            _ = Endpoint(whole);
            _ = Collector(whole);
            return (T)whole;
        }
        catch (JsonException malformed)
        {
            throw new HostException(ExitCode.BadFile,
                $"{path} is not the configuration of {Article(typeof(T))}: {Reason(malformed)}", malformed);
        }
    }

    private static string Article(Type config)
    {
        var role = config.Name[..^"Config".Length].ToLowerInvariant();
        return (role[0] is 'a' ? "an " : "a ") + role;
    }

    /// <summary>In words of the file, not of the classes that it is read into.</summary>
    private static string Reason(JsonException malformed)
    {
        var quoted = malformed.Message.Split('\'');
        if (malformed.Message.Contains("could not be mapped", StringComparison.Ordinal) && quoted.Length > 2)
            return $"it has no member \"{quoted[1]}\". Is it misspelt, or the file of another role?";
        var missing = malformed.Message.IndexOf("including: ", StringComparison.Ordinal);
        return missing < 0 ? malformed.Message : $"it lacks {malformed.Message[(missing + "including: ".Length)..]}";
    }

    /// <summary>Where a role reports its metrics, or null.</summary>
    public static Uri? Collector(RoleConfig config)
    {
        if (config.Telemetry is null)
            return null;
        return Uri.TryCreate(config.Telemetry, UriKind.Absolute, out var collector)
            && collector is { Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "" }
            ? collector
            : throw new HostException(ExitCode.BadFile,
                $"\"telemetry\": \"{config.Telemetry}\" is not the address of a collector, such as "
                + "http://127.0.0.1:4318.");
    }

    /// <summary>Where a role listens.</summary>
    public static IPEndPoint Endpoint(RoleConfig config) => IPEndPoint.TryParse(config.Listen, out var endpoint)
        ? endpoint
        : throw new HostException(ExitCode.BadFile,
            $"\"listen\": \"{config.Listen}\" is not an address and port, such as 127.0.0.1:7303.");
}
