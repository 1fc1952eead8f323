using System.CommandLine;
using System.Text.Json;
using Bauta.Host;
using Bauta.Host.Terminal;
using Xunit;

namespace Bauta.Tests.Host;

public sealed class CommandTreeTests
{
    public static TheoryData<string> Paths => [.. All(CommandLine.Build(), "").Select(pair => pair.Path)];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Every_verb_has_an_example_that_parses(string path)
    {
        var root = CommandLine.Build();
        var verb = Assert.IsAssignableFrom<Verb>(All(root, "").Single(pair => pair.Path == path).Command);

        Assert.NotEmpty(verb.Description!);
        Assert.StartsWith("bauta ", verb.Example, StringComparison.Ordinal);
        Assert.Empty(root.Parse(verb.Example["bauta ".Length..]).Errors);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Every_verb_shows_its_example_and_json_in_its_help(string path)
    {
        var (code, result, _) = await RunAsync([.. path.Split(' '), "--help"]);

        Assert.Equal(0, code);
        Assert.Contains("Example:", result, StringComparison.Ordinal);
        Assert.Contains("--json", result, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wallet", "pay")]
    [InlineData("serve", "broker", "--config", "x.json")]
    [InlineData("serve", "bank")]
    [InlineData("demo", "--port-base", "80")]
    [InlineData("wallet")]
    public async Task Answers_a_wrong_command_line_with_2_and_points_to_the_help(params string[] arguments)
    {
        var (code, result, error) = await RunAsync(arguments);

        Assert.Equal((int)ExitCode.Usage, code);
        Assert.Empty(result);
        Assert.Contains("--help", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wallet", "fund", "--json")]
    [InlineData("judge", "no-such-file.json", "--json")]
    [InlineData("serve", "bank", "--config", "no-such-file.json", "--json")]
    [InlineData("wallet", "balance", "--wallet", "no-such-folder", "--json")]
    [InlineData("audit", "--config", "no-such-file.json", "--json")]
    public async Task Answers_a_failure_with_one_json_object_whose_code_is_the_exit_code(params string[] arguments)
    {
        var (code, result, _) = await RunAsync(arguments);

        using var answer = JsonDocument.Parse(result);
        var error = answer.RootElement.GetProperty("error");
        Assert.Equal(code, error.GetProperty("exit").GetInt32());
        Assert.Equal(ExitCodes.Name((ExitCode)code), error.GetProperty("code").GetString());
        Assert.NotEqual((int)ExitCode.Unexpected, code);
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
    }

    private static IEnumerable<(string Path, Command Command)> All(Command command, string path)
    {
        foreach (var child in command.Subcommands)
        {
            var at = path.Length == 0 ? child.Name : $"{path} {child.Name}";
            yield return (at, child);
            foreach (var below in All(child, at))
                yield return below;
        }
    }

    private static async Task<(int Code, string Result, string Error)> RunAsync(params string[] arguments)
    {
        var (result, error) = (new StringWriter(), new StringWriter());
        var code = await CommandLine.RunAsync(arguments, result, error);
        return (code, result.ToString(), error.ToString());
    }
}
