using System.Net;
using Bauta.Host;
using Bauta.Host.Config;
using Bauta.Host.Demo;
using Bauta.Host.Init;
using PartyRoles = Bauta.Protocol.Parties.Roles;
using Xunit;

namespace Bauta.Tests.Host;

public sealed class ConfigTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string folder = Directory.CreateTempSubdirectory("bauta-config-").FullName;

    public static TheoryData<string> RoleNames => [.. InitVerb.RoleNames];

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [MemberData(nameof(RoleNames))]
    public void A_new_role_reads_back_as_it_was_told(string role)
    {
        var told = Told(role);
        var party = RoleInit.Create(told, TimeProvider.System);
        var config = ConfigFile.Read(role, told.ConfigPath);

        Assert.Equal(role, config.Role);
        Assert.Equal("some-party.example", config.Name);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 7777), ConfigFile.Endpoint(config));
        Assert.Equal(["10.1.2.3"], config.UnlimitedSources);
        Assert.Equal(party.Address, PartyFile.Read(told.PartyPath, role).Address);
        Assert.Equal("http://shown.example:7777", party.Address.Origin);
    }

    [Theory]
    [MemberData(nameof(RoleNames))]
    public void Every_setting_of_a_role_stands_in_its_new_configuration(string role)
    {
        var told = Told(role);
        RoleInit.Create(told, TimeProvider.System);
        var text = File.ReadAllText(told.ConfigPath);

        foreach (var property in ConfigFile.Read(role, told.ConfigPath).GetType().GetProperties()
            .Where(property => property.CanWrite && property.Name != nameof(RoleConfig.Folder)))
            Assert.Contains($"\"{char.ToLowerInvariant(property.Name[0])}{property.Name[1..]}\"", text,
                StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(RoleNames))]
    public void Only_their_owner_can_read_new_keys(string role)
    {
        RoleInit.Create(Told(role), TimeProvider.System);

        var keys = Directory.GetFiles(Path.Combine(folder, "keys"));
        Assert.NotEmpty(keys);
        Assert.All(keys, key => Assert.Equal(OwnerOnly, File.GetUnixFileMode(key)));
    }

    [Fact]
    public void Making_a_role_again_keeps_its_keys_and_refuses_to_touch_its_configuration()
    {
        var told = Told(PartyRoles.Acquirer);
        var first = RoleInit.Create(told, TimeProvider.System);

        Assert.Equal(ExitCode.Exists, Fails(() => RoleInit.Create(told, TimeProvider.System)));
        File.Delete(told.ConfigPath);
        Assert.Equal(first.Key, RoleInit.Create(told, TimeProvider.System).Key);
    }

    [Fact]
    public void What_serve_would_refuse_is_refused_before_anything_is_made()
    {
        var told = Told(PartyRoles.Bank);

        foreach (var wrong in (NewRole[])[told with { Listen = "nonsense" }, told with { Currency = "XXX" }])
            Assert.Equal(ExitCode.Usage, Fails(() => RoleInit.Create(wrong, TimeProvider.System)));
        Assert.False(Directory.Exists(Path.Combine(folder, "keys")));
    }

    [Fact]
    public void The_file_of_another_role_is_refused_in_words_of_the_file()
    {
        var told = Told(PartyRoles.Merchant);
        RoleInit.Create(told, TimeProvider.System);

        var refused = Assert.Throws<HostException>(() => ConfigFile.Read(PartyRoles.Bank, told.ConfigPath));
        Assert.Contains(
            "is not the configuration of a bank: it has no member \"", refused.Message, StringComparison.Ordinal);
        File.WriteAllText(told.ConfigPath, "{}");
        refused = Assert.Throws<HostException>(() => ConfigFile.Read(PartyRoles.Acquirer, told.ConfigPath));
        Assert.Contains("of an acquirer: it lacks 'banks'", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"name\": \"a\", \"listen\": \"127.0.0.1:1\", \"nmae\": \"b\"")]
    [InlineData("\"name\": \"a\", \"name\": \"b\", \"listen\": \"127.0.0.1:1\"")]
    [InlineData("\"name\": \"a\"")]
    [InlineData("\"name\": null, \"listen\": \"127.0.0.1:1\"")]
    [InlineData("\"name\": \"a\", \"listen\": \"somewhere\"")]
    [InlineData("\"name\": \"a\", \"listen\": \"127.0.0.1:1\", \"targets\": \"http://b\"")]
    [InlineData("\"name\": \"a\", \"listen\": \"127.0.0.1:1\", \"telemetry\": \"127.0.0.1:4318\"")]
    [InlineData("\"name\": \"a\", \"listen\": \"127.0.0.1:1\", \"telemetry\": \"ftp://127.0.0.1\"")]
    [InlineData("\"name\": \"a\", \"listen\": \"127.0.0.1:1\", \"telemetry\": \"http://me:it@127.0.0.1\"")]
    public void Refuses_a_configuration_with_something_unknown_twice_missing_or_wrong(string members)
    {
        var path = Path.Combine(folder, "mask.json");
        File.WriteAllText(path, $"{{ {members} }}");

        Assert.Equal(ExitCode.BadFile, Fails(() => ConfigFile.Read(PartyRoles.Mask, path)));
    }

    [Fact]
    public void What_a_configuration_leaves_out_has_its_default()
    {
        var path = Path.Combine(folder, "mask.json");
        File.WriteAllText(path, "{ \"name\": \"a\", /* why not */ \"listen\": \"127.0.0.1:1\", }");
        var config = ConfigFile.Read<MaskConfig>(path);

        Assert.Equal("keys", config.Keys);
        Assert.Empty(config.Targets);
        Assert.Null(ConfigFile.Collector(config));
        Assert.Equal(Path.Combine(folder, "keys", "x"), config.KeyPath("x"));
    }

    [Fact]
    public void A_new_mask_holds_what_passes_and_those_of_the_demo_do_not()
    {
        RoleInit.Create(Told(PartyRoles.Mask), TimeProvider.System);
        Assert.Equal(200, ConfigFile.Read<MaskConfig>(Told(PartyRoles.Mask).ConfigPath).BatchMilliseconds);
        var demo = DemoPlaces.Prepare(Path.Combine(folder, "demo"), 7300, TimeProvider.System).Configs
            .OfType<MaskConfig>().ToArray();
        Assert.Equal([0, 0], demo.Select(mask => mask.BatchMilliseconds));
        var path = Path.Combine(folder, "short.json");
        File.WriteAllText(path, "{ \"name\": \"a\", \"listen\": \"127.0.0.1:1\" }");
        Assert.Equal(200, ConfigFile.Read<MaskConfig>(path).BatchMilliseconds);
    }

    [Fact]
    public void Refuses_the_party_file_of_another_role()
    {
        RoleInit.Create(Told(PartyRoles.Acquirer), TimeProvider.System);

        Assert.Throws<InvalidDataException>(
            () => PartyFile.Read(Told(PartyRoles.Acquirer).PartyPath, PartyRoles.Bank));
        Assert.Equal(ExitCode.BadFile, Fails(
            () => PartyFile.Read(Path.Combine(folder, "none.party.json"), PartyRoles.Bank)));
    }

    private NewRole Told(string role)
    {
        var witness = Path.Combine(folder, "w", "witness.party.json");
        if (role == PartyRoles.Archive && !File.Exists(witness))
            RoleInit.Create(
                new NewRole
                {
                    Role = PartyRoles.Witness,
                    ConfigPath = Path.Combine(folder, "w", "witness.json"),
                    Name = "witness.example",
                    Url = new Uri("http://127.0.0.1:1"),
                },
                TimeProvider.System);
        return new NewRole
        {
            Role = role,
            ConfigPath = Path.Combine(folder, $"{role}.json"),
            Name = "some-party.example",
            Url = new Uri("http://shown.example:7777"),
            Witnesses = role == PartyRoles.Archive ? ["w/witness.party.json"] : [],
            UnlimitedSources = ["10.1.2.3"],
        };
    }

    private static ExitCode Fails(Action action) => Assert.Throws<HostException>(action).Code;
}
