using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Bauta.Host.Terminal;

/// <summary>A verb, or a group of verbs, with an example that its help shows and a test parses.</summary>
internal abstract class Verb(string name, string description, string example) : Command(name, description)
{
    /// <summary>One JSON object on stdout. Every verb has it.</summary>
    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Print one JSON object on stdout; everything else goes to stderr.",
        Recursive = true,
    };

    /// <summary>A whole command line.</summary>
    public string Example { get; } = example;
}

/// <summary>Verbs that belong together.</summary>
internal sealed class VerbGroup : Verb
{
    public VerbGroup(string name, string description, string example, params Verb[] verbs)
        : base(name, description, example)
    {
        foreach (var verb in verbs)
            Add(verb);
    }
}

/// <summary>A verb that does something.</summary>
internal abstract class DoingVerb : Verb
{
    protected DoingVerb(string name, string description, string example)
        : base(name, description, example) =>
        SetAction((parsed, cancellation) => CommandLine.GuardAsync(
            OutputOf(parsed), output => RunAsync(parsed, output, cancellation), GoOn, cancellation));

    /// <summary>What to type after it was stopped.</summary>
    protected virtual string GoOn => "Run it again.";

    /// <summary>
    /// Does it. Expected failures are <see cref="HostException"/>, <see cref="Wallet.WalletException"/> and the
    /// exceptions of the parties' clients.
    /// </summary>
    protected abstract Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation);

    private static Output OutputOf(ParseResult parsed) => new(
        parsed.GetValue(Json), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
}

/// <summary>Help that ends with an example.</summary>
internal sealed class HelpWithExample(HelpAction plain) : SynchronousCommandLineAction
{
    // Who asks for help has not given everything yet.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var result = plain.Invoke(parseResult);
        if (parseResult.CommandResult.Command is Verb verb)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Example:");
            foreach (var line in verb.Example.Split('\n'))
                output.WriteLine($"  {line}");
            output.WriteLine();
        }

        return result;
    }
}
