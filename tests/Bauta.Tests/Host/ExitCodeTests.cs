using System.Text.RegularExpressions;
using Bauta.Host;
using Bauta.Host.JudgeVerb;
using Bauta.Judge;
using Bauta.Wallet;
using Xunit;

namespace Bauta.Tests.Host;

public sealed partial class ExitCodeTests
{
    [Fact]
    public void The_documented_table_is_the_list_in_the_code()
    {
        var document = File.ReadAllLines(Path.Combine(SourceRoot(), "docs", "operating", "exit-codes.md"))
            .Select(line => Row().Match(line)).Where(row => row.Success)
            .Select(row => (row.Groups[1].Value, row.Groups[2].Value, row.Groups[3].Value));

        Assert.Equal(
            ExitCodes.All.Select(one => ($"{(int)one.Code}", ExitCodes.Name(one.Code), one.Meaning)), document);
    }

    [Fact]
    public void Every_failure_of_a_wallet_has_an_exit_code_of_its_own()
    {
        var codes = Enum.GetValues<WalletError>().Select(Failures.CodeOf).ToArray();

        Assert.Equal(codes.Length, codes.Distinct().Count());
        Assert.DoesNotContain(ExitCode.Ok, codes);
        Assert.DoesNotContain(ExitCode.Unexpected, codes);
    }

    [Fact]
    public void Every_verdict_has_an_exit_code_of_its_own_and_only_a_complete_purchase_is_0()
    {
        var codes = Enum.GetValues<Outcome>().ToDictionary(outcome => outcome, VerdictText.CodeOf);

        Assert.Equal(codes.Count, codes.Values.Distinct().Count());
        Assert.Equal(Outcome.Complete, codes.Single(pair => pair.Value == ExitCode.Ok).Key);
    }

    internal static string SourceRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Bauta.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("No Bauta.slnx above.");
        return folder;
    }

    [GeneratedRegex(@"^\| (\d+) \| `([a-z-]+)` \| (.+) \|$")]
    private static partial Regex Row();
}
