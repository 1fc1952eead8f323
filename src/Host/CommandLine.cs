using System.CommandLine;
using System.CommandLine.Help;
using Bauta.Host.ArchiveVerbs;
using Bauta.Host.AuditVerb;
using Bauta.Host.BankVerbs;
using Bauta.Host.Bench;
using Bauta.Host.CounterVerbs;
using Bauta.Host.Demo;
using Bauta.Host.DisputeVerbs;
using Bauta.Host.Init;
using Bauta.Host.JudgeVerb;
using Bauta.Host.NotaryVerb;
using Bauta.Host.PayPerUse;
using Bauta.Host.Serve;
using Bauta.Host.ShopVerbs;
using Bauta.Host.Terminal;
using Bauta.Host.WalletVerbs;

namespace Bauta.Host;

/// <summary>The tree of verbs, and what becomes of their failures.</summary>
internal static class CommandLine
{
    /// <summary>All verbs.</summary>
    public static RootCommand Build()
    {
        var root = new RootCommand(
            "Bauta: buy, sell, pay and deliver under a mask, and still hold proof.\n"
            + "Start with: bauta demo")
        {
            new DemoVerb(),
            new InitVerb(),
            new ServeVerb(),
            new PayProxyVerb(),
            new FetchVerb(),
            WalletGroup.Build(),
            ShopGroup.Build(),
            ReceiptGroup.Build(),
            CounterGroup.Build(),
            new JudgeEvidenceVerb(),
            DisputeGroup.Build(),
            NotaryGroup.Build(),
            ArchiveGroup.Build(),
            BankGroup.Build(),
            new AuditBankVerb(),
            new BenchVerb(),
            new SimulateVerb.SimulateWorldsVerb(),
        };
        root.Options.Add(Verb.Json);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExample((HelpAction)help.Action!);
        return root;
    }

    /// <summary>Runs one command line.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter result, TextWriter error)
    {
        var parsed = Build().Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            var output = new Output(arguments.Contains("--json"), result, error);
            var path = string.Join(' ', PathOf(parsed.CommandResult));
            output.Fail(ExitCode.Usage,
                $"{string.Join(' ', parsed.Errors.Select(one => one.Message))} Try: {path} --help");
            return (int)ExitCode.Usage;
        }

        var configuration = new InvocationConfiguration
        {
            Output = result,
            Error = error,
            EnableDefaultExceptionHandler = false,
            // Roles finish what they have begun when they are told to stop.
            ProcessTerminationTimeout = TimeSpan.FromSeconds(20),
        };
        return await parsed.InvokeAsync(configuration);
    }

    /// <summary>Runs a verb and turns its failures into an exit code and a sentence.</summary>
    public static async Task<int> GuardAsync(
        Output output, Func<Output, Task<ExitCode>> run, string goOn, CancellationToken cancellation)
    {
        // Ctrl-C is only listened to once the verb has given control back.
        await Task.Yield();
        try
        {
            cancellation.ThrowIfCancellationRequested();
            return (int)await run(output);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            output.Fail(ExitCode.StillOpen, $"Stopped before the end; nothing is lost. {goOn}");
            return (int)ExitCode.StillOpen;
        }
        catch (Exception failure)
        {
            var (code, message) = Failures.Explain(failure);
            output.Fail(code, message);
            return (int)code;
        }
    }

    private static IEnumerable<string> PathOf(System.CommandLine.Parsing.CommandResult command)
    {
        var names = new Stack<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = command; at is not null; at = at.Parent)
            if (at is System.CommandLine.Parsing.CommandResult { Command: var it })
                names.Push(it is RootCommand ? "bauta" : it.Name);
        return names;
    }
}
