using Bauta.Host.Terminal;
using Bauta.Wallet;
using Spectre.Console;
using Xunit;

namespace Bauta.Tests.Host;

public sealed class BarTests
{
    [Fact]
    public void What_is_under_way_moves_the_bar_and_what_is_done_is_a_line_above_it()
    {
        var task = new ProgressTask(1, "buying", 1) { IsIndeterminate = true };
        var lines = new List<string>();
        var bar = new Bar(task, lines.Add);
        bar.Report(new WalletStep("goods", "fetching chunk 3 of 4", 0.75));
        Assert.Equal((0.75, false, "fetching chunk 3 of 4"), (task.Value, task.IsIndeterminate, task.Description));
        Assert.Empty(lines);
        bar.Report(new WalletStep("goods", "4 encrypted chunk(s) fetched"));
        Assert.Equal("goods    4 encrypted chunk(s) fetched", Assert.Single(lines));
        // What comes next may have no parts to count.
        Assert.True(task.IsIndeterminate);
    }

    [Fact]
    public void Without_a_terminal_only_what_is_done_is_said()
    {
        var lines = new List<string>();
        var bar = new Bar(null, lines.Add);
        bar.Report(new WalletStep("goods", "fetching chunk 1 of 2", 0.5));
        bar.Report(0.5);
        Assert.Empty(lines);
        bar.Report(new WalletStep("goods", "done"));
        Assert.Single(lines);
    }
}
