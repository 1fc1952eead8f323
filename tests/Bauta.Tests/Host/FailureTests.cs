using Bauta.Host;
using Bauta.Host.Terminal;
using Bauta.Storage;
using Bauta.Tests.Storage;
using Microsoft.AspNetCore.Connections;
using Xunit;

namespace Bauta.Tests.Host;

/// <summary>What a person reads, and a script acts on, when a verb cannot do what it was asked.</summary>
public sealed class FailureTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public void A_port_or_database_that_another_process_has_is_told_apart_from_a_broken_machine()
    {
        using var held = OpenLock.Acquire(directory.File("lock"), TimeSpan.Zero);
        var second = Assert.Throws<StorageException>(() => OpenLock.Acquire(directory.File("lock"), TimeSpan.Zero));

        var (code, message) = Failures.Explain(second);
        Assert.Equal(ExitCode.InUse, code);
        Assert.Contains("Stop that one first", message, StringComparison.Ordinal);
        (code, message) = Failures.Explain(new IOException("In use", new AddressInUseException("In use")));
        Assert.Equal(ExitCode.InUse, code);
        Assert.Contains("In use. Stop what listens there", message, StringComparison.Ordinal);
        Assert.Contains("\"listen\"", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_given_for_a_file_is_no_bug()
    {
        var failure = Assert.ThrowsAny<UnauthorizedAccessException>(() => File.ReadAllBytes(directory.File("")));

        var (code, message) = Failures.Explain(failure);
        Assert.Equal(ExitCode.BadFile, code);
        Assert.Contains("Is it a folder", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_stops_a_verb_however_early_is_told_how_to_go_on()
    {
        using var result = new StringWriter();
        var output = new Output(true, result, TextWriter.Null);
        var stopped = CommandLine.GuardAsync(
            output, _ => throw new InvalidOperationException("It was stopped before it began."), "Type this.",
            new CancellationToken(canceled: true));
        Assert.Equal((int)ExitCode.StillOpen, await stopped);
        Assert.Contains("nothing is lost. Type this.", result.ToString(), StringComparison.Ordinal);

        // Ctrl-C is listened to from when the verb has given control back, however long it then works.
        using var isBack = new ManualResetEventSlim();
        var run = CommandLine.GuardAsync(
            output, _ => Task.FromResult(isBack.Wait(TimeSpan.FromSeconds(10)) ? ExitCode.Ok : ExitCode.Unexpected),
            "Type this.", TestContext.Current.CancellationToken);
        isBack.Set();
        Assert.Equal((int)ExitCode.Ok, await run);
    }

    [Fact]
    public void A_table_that_is_wider_than_the_terminal_is_told_row_by_row_with_nothing_cut()
    {
        using var wide = new StringWriter();
        using var narrow = new StringWriter();
        string[] headings = ["Purchase", "Title"];
        string[][] rows = [["kY3rVw9z", new string('x', 70)], ["zzzzzzzz", "short"]];
        new Output(false, wide, TextWriter.Null).Table(headings, rows);
        new Output(false, narrow, TextWriter.Null) { Width = 60 }.Table(headings, rows);

        Assert.Contains("kY3rVw9z │ " + rows[0][1], wide.ToString(), StringComparison.Ordinal);
        Assert.Contains("  Purchase  kY3rVw9z\n  Title     " + rows[0][1], narrow.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("│", narrow.ToString(), StringComparison.Ordinal);
    }
}
