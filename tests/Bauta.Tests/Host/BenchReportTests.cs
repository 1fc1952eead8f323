using Bauta.Host.Bench;
using Xunit;

namespace Bauta.Tests.Host;

public sealed class BenchReportTests
{
    private static readonly Effort effort = new(10, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    [Theory]
    [InlineData("+H: mtime\n+F2:2:2048:0.000704:0.000021\n", 704.0)]
    [InlineData("+F2:0:1024:0.000100:0.000005\n+F2:2:2048:0.000558:0.000017:0.000018:0.000560\n", 558.0)]
    [InlineData("+R2:46562:2048:1.00\n+F2:2:2048:1250.000000:46562.000000\n", 800.0)]
    [InlineData("+F2:2:2048:0.000000:0.000000\n", null)]
    [InlineData("+F2:2:4096:0.004000:0.000100\nrsa 2048 bits 0.000558s\n", null)]
    [InlineData("", null)]
    public void Reads_what_openssl_speed_prints(string text, double? microseconds) =>
        Assert.Equal(microseconds, OpensslSpeed.Read(text) is { } read ? Math.Round(read, 3) : null);

    [Fact]
    public void What_openssl_signs_is_the_yardstick_where_it_is_installed()
    {
        var costs = new OperationCosts { [Operation.RsaSign] = 800 };
        Assert.Equal((800, "the framework's RSA"), (costs.SignYardstick, costs.SignedBy));
        costs.OpensslSign = 700;
        Assert.Equal((700, "openssl"), (costs.SignYardstick, costs.SignedBy));
    }

    [Fact]
    public void What_misses_its_target_or_holds_too_much_memory_is_named()
    {
        var report = new BenchReport();
        report.Lines.Add(new Line("met", "SQLite", 0, effort, null, null, new Target(0.5, 0.5, "of all-in")));
        report.Lines.Add(new Line("without", "SQLite", 0, effort, null, null));
        report.LongRuns.Add(new LongRun("SQLite", 10, effort, effort, effort,
            [new Memory("bank", 0, 0, LongRun.MaxBytes - 1)]));
        Assert.Empty(report.Missed);
        report.Lines.Add(new Line("slow", "SQLite", 0, effort, null, null, new Target(0.49, 0.5, "of all-in")));
        report.LongRuns.Add(new LongRun("SQLite", 10, effort, effort, effort,
            [new Memory("merchant", 0, 0, LongRun.MaxBytes)]));
        Assert.Equal(["slow on SQLite: 49% of all-in, wanted 50%", "merchant on SQLite: 200 MiB, wanted under 200"],
            report.Missed);
    }
}
