using System.Text.Json.Nodes;
using Xunit;

namespace Bauta.SystemTests.Bench;

/// <summary>The bench as it runs for real, with few of each. It asserts nothing about speed.</summary>
public sealed class BenchTests
{
    private const int Count = 8;

    private static readonly string[] both =
    [
        "withdrawal, batches of 16", "withdrawal, single", "lock of 1 token", "lock of 6 tokens",
        "purchase with 1 token", "purchase with 1 token, two-sided", "purchase with 6 tokens",
        "session item", "session item, in one round trip",
        "archive: abort, 1 signature", "archive: commit, 2 signatures",
    ];

    [Fact]
    public async Task Every_line_is_there_and_value_is_conserved()
    {
        var folder = Directory.CreateTempSubdirectory("bauta-bench-test-").FullName;
        try
        {
            var said = await RealNetwork.BautaAsync(TimeSpan.FromMinutes(5),
                "bench", "--count", $"{Count}", "--purchases", $"{Count}", "--items", "8", "--appends", "64",
                "--database", "sqlite", "--data", folder, "--json");
            Assert.True(said.ExitCode == 0, said.Errors);
            var lines = said.Json["lines"]!.AsArray().Select(line => line!).ToArray();
            foreach (var name in both)
                Assert.Equal(
                    [0, 2], lines.Where(line => (string?)line["name"] == name).Select(line => (int)line["masks"]!));
            foreach (var name in new[] { "POST that verifies 1 signature", "archive: append in process" })
                Assert.Single(lines, line => (string?)line["name"] == name);
            Assert.All(lines, line => Assert.All(
                new[] { "count", "wallSeconds", "perWallSecond", "perCoreSecond" },
                number => AssertPositive(line, number)));
            Assert.Single(lines, line => (string?)line["name"] == $"session of {Count} items on one lock");
            Assert.All(
                lines.Where(line => ((string)line["name"]!).StartsWith("session item", StringComparison.Ordinal)),
                line => AssertPositive(line, "bytesEach"));
            Assert.All(said.Json["operations"]!.AsArray(), one => Assert.All(
                one!["microseconds"]!.AsObject(), cost => Assert.True((double)cost.Value! > 0, cost.Key)));
            Assert.All(said.Json["operations"]!.AsArray(), one => AssertPositive(one!, "opensslSignMicroseconds"));
            // 64 leaves are not appended at 50,000 a second.
            Assert.Contains(
                said.Json["missed"]!.AsArray(), one => ((string)one!).Contains("append", StringComparison.Ordinal));
            var run = Assert.Single(said.Json["longRuns"]!.AsArray())!;
            Assert.All(run["roles"]!.AsArray(), role => AssertPositive(role!, "bytesAtEnd"));
            var audit = Assert.Single(said.Json["audits"]!.AsArray())!;
            Assert.True((bool)audit["isConserved"]!);
            AssertPositive(audit, "merchants");
            Assert.Empty(Directory.GetFileSystemEntries(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_file_of_some_ranges_is_sold_to_a_wallet_of_its_own_process()
    {
        var folder = Directory.CreateTempSubdirectory("bauta-bench-test-").FullName;
        try
        {
            var said = await RealNetwork.BautaAsync(
                TimeSpan.FromMinutes(5), "bench", "--big-file", "5", "--data", folder, "--json");
            Assert.True(said.ExitCode == 0, said.Errors);
            var sale = said.Json["bigSale"]!;
            Assert.Equal(5 << 20, (long)sale["bytes"]!);
            AssertPositive(sale, "merchantPeakBytes");
            AssertPositive(sale, "walletPeakBytes");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void AssertPositive(JsonNode of, string number) =>
        Assert.True((double)of[number]! > 0, $"{of["name"]} {number}");
}
