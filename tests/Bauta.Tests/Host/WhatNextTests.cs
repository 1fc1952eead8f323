using Bauta.Host;
using Bauta.Host.Demo;
using Bauta.Tests.Storage;
using Bauta.Tests.Tidy;
using Xunit;

namespace Bauta.Tests.Host;

/// <summary>Whatever a person is told to type is understood.</summary>
public sealed class WhatNextTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public void Every_line_that_the_demo_says_to_try_next_parses_and_names_what_there_is()
    {
        var places = DemoPlaces.Prepare(directory.File("demo"), null, TimeProvider.System);
        const string start = "  ./bauta ";
        var lines = DemoStory.WhatNext(places).Where(line => line.StartsWith(start, StringComparison.Ordinal))
            .Select(line => line[start.Length..]).ToArray();
        Assert.Equal(
            ["archive", "shop", "wallet"], lines.Select(line => line.Split(' ')[0]).Distinct().Order());
        Assert.All(lines, line => Assert.Empty(CommandLine.Build().Parse(line).Errors));
        // What is made when the demo runs: the wallet and its files, and what the monitor remembers.
        string[] made = ["wallet", "wallet.password", "wallet.phrase", "monitor.db"];
        var here = Path.GetRelativePath(Environment.CurrentDirectory, places.Folder);
        foreach (var word in lines.SelectMany(line => line.Split(' ')).Where(
            word => word.StartsWith(here + "/", StringComparison.Ordinal)))
            Assert.True(
                made.Contains(Path.GetRelativePath(here, word)) || File.Exists(word), $"There is no {word}.");
    }

    [Fact]
    public void Every_command_line_in_the_documents_parses()
    {
        var count = 0;
        foreach (var page in Repository.Under("", ".md"))
            foreach (var line in CommandsIn(Repository.Read(page)))
            {
                count++;
                var errors = CommandLine.Build().Parse(line).Errors;
                Assert.True(errors.Count == 0, $"{page}: bauta {line}: {string.Join(' ', errors)}");
            }

        Assert.True(count > 20);
    }

    /// <summary>Lines of code blocks that call the executable, joined where a backslash ends them.</summary>
    private static IEnumerable<string> CommandsIn(string page)
    {
        var isCode = false;
        foreach (var line in page.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                isCode = !isCode;
            foreach (var start in (string[])["bauta ", "./bauta "])
                if (isCode && line.StartsWith(start, StringComparison.Ordinal))
                    yield return line[start.Length..].Split("  #")[0];
        }
    }
}
