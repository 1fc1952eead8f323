using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.Config;
using Bauta.Host.Init;
using Bauta.Host.Roles;
using Bauta.Host.Terminal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Bauta.Host.Serve;

/// <summary><c>bauta serve ROLE</c>: one role until it is told to stop.</summary>
internal sealed class ServeVerb : DoingVerb
{
    private readonly Argument<string> role = new("ROLE")
    {
        Description = "One of: " + string.Join(", ", InitVerb.RoleNames),
    };

    private readonly Option<string> config = new("--config")
    {
        Description = "The role's configuration, as bauta init made it.",
        Required = true,
    };

    public ServeVerb()
        : base("serve", "Runs one role until it is told to stop (Ctrl-C or SIGTERM). Logs go to stderr.",
            "bauta serve bank --config bank/bank.json")
    {
        role.AcceptOnlyFromAmong(InitVerb.RoleNames);
        Add(role);
        Add(config);
    }

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        return await RunAsync(
            ConfigFile.Read(parsed.GetRequiredValue(role), parsed.GetRequiredValue(config)), output, cancellation);
    }

    /// <summary>Runs a role until it is told to stop.</summary>
    public static async Task<ExitCode> RunAsync(RoleConfig read, Output output, CancellationToken cancellation)
    {
        var running = await RoleStarter.StartAsync(
            read, new RoleEnvironment(TimeProvider.System, LogToStandardError), cancellation);
        await using (running)
        {
            output.Line($"{running.Role} {running.Name} listens at {running.Address}");
            output.Answer(new JsonObject
            {
                ["role"] = running.Role,
                ["name"] = running.Name,
                ["address"] = running.Address.ToString(),
            });
            var stopped = Task.Delay(Timeout.Infinite, cancellation);
            if (await Task.WhenAny(stopped, running.Failure) == stopped)
                return ExitCode.Ok;
            var failure = await running.Failure;
            throw new HostException(ExitCode.Unexpected,
                $"The {running.Role} stops because it cannot go on safely: {failure.Message} Start it again when that "
                + "is mended; it takes up where it was.", failure);
        }
    }

    private static void LogToStandardError(ILoggingBuilder logging) => logging
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ssZ ";
            console.UseUtcTimestamp = true;
        })
        .Services.Configure<ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
}
