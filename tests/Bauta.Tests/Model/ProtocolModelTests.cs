using System.Diagnostics;
using System.Text.RegularExpressions;
using Bauta.Tests.Tidy;
using Xunit;

namespace Bauta.Tests.Model;

/// <summary>The commit protocol and its variants in Promela, explored by spin: see model/README.md.</summary>
public sealed partial class ProtocolModelTests(ITestOutputHelper output)
{
    private const string OneModel = "model fig7 '-DJOINT=2'\n";

    [Fact]
    public async Task The_protocol_holds_in_every_variant_and_every_seeded_bug_is_found()
    {
        var (said, code) = await CheckAsync(Repository.PathOf("model"));
        Assert.True(code == 0, said);
        // A line for each run in the file, and every bug of the model among them.
        var lines = said.Split('\n');
        Assert.Equal(
            Runs().Count(Repository.Read("model/runs")),
            lines.Count(line => line.EndsWith("  ok", StringComparison.Ordinal)));
        var bugs = Bugs();
        Assert.True(bugs.Count > 20);
        Assert.All(bugs, bug => Assert.Contains(
            lines, line => line.Contains($" {bug} ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("a merchant that never sells", "order && merchant == M_NONE && !", "false && !", "fewer than")]
    [InlineData("a wallet that never begins", "wallet == W_START && !order", "false && !order", "assertion violated")]
    [InlineData("an archive that forgets the clock", "(!archiveExpired ||", "(true ||", "assertion violated")]
    [InlineData("a search that is cut off", "-m200000", "-m40", "cut off")]
    public async Task Does_not_pass(string what, string text, string instead, string because)
    {
        Assert.NotEmpty(what);
        await AssertFailsAsync(text, instead, OneModel + "holds 20000\n", because);
    }

    [Fact]
    public Task Does_not_pass_a_bug_that_it_did_not_find() =>
        AssertFailsAsync("-m200000", "-m200000", OneModel + "finds OLD_TOTAL_SETTLED 3\n", "not found");

    private async Task AssertFailsAsync(string text, string instead, string runs, string because)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var copy = Directory.CreateTempSubdirectory("bauta-model-");
        try
        {
            var replaced = 0;
            foreach (var file in new[] { "check", "purchase.pml" })
            {
                var content = Repository.Read("model/" + file);
                replaced += content.Contains(text, StringComparison.Ordinal) ? 1 : 0;
                await File.WriteAllTextAsync(Path.Combine(copy.FullName, file),
                    content.Replace(text, instead, StringComparison.Ordinal), cancellation);
            }

            Assert.Equal(1, replaced);
            await File.WriteAllTextAsync(Path.Combine(copy.FullName, "runs"), runs, cancellation);
            var (said, code) = await CheckAsync(copy.FullName);
            Assert.Equal(1, code);
            Assert.Contains("FAILED", said, StringComparison.Ordinal);
            Assert.Contains(because, said, StringComparison.Ordinal);
        }
        finally
        {
            copy.Delete(recursive: true);
        }
    }

    private async Task<(string Said, int Code)> CheckAsync(string folder)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(folder, "check"));
        using var check = Process.Start(start)!;
        var said = await check.StandardOutput.ReadToEndAsync(cancellation);
        await check.WaitForExitAsync(cancellation);
        output.WriteLine(said);
        return (said, check.ExitCode);
    }

    [GeneratedRegex("^(holds|finds|circles|breaks|reaches) ", RegexOptions.Multiline)]
    private static partial Regex Runs();

    [GeneratedRegex("^#define ([A-Z][A-Z0-9_]+) [1-9][0-9]*$", RegexOptions.Multiline)]
    private static partial Regex Defined();

    // The mistakes stand together, before the code that reads which of them was chosen.
    private static List<string> Bugs()
    {
        var model = Repository.Read("model/purchase.pml");
        var start = model.IndexOf("#define NONE 0", StringComparison.Ordinal);
        var end = model.IndexOf("c_decl", StringComparison.Ordinal);
        return [.. Defined().Matches(model[start..end]).Select(bug => bug.Groups[1].Value)];
    }
}
