using System.Text.Json.Nodes;
using Bauta.Wallet;
using Spectre.Console;

namespace Bauta.Host.Terminal;

/// <summary>
/// Where a verb speaks. With <c>--json</c> stdout carries exactly one JSON object and all else goes to stderr; progress
/// shows only on a terminal.
/// </summary>
/// <param name="isJson">Whether <c>--json</c> was given.</param>
/// <param name="result">Stdout.</param>
/// <param name="error">Stderr.</param>
internal sealed class Output(bool isJson, TextWriter result, TextWriter error)
{
    private const int PipeWidth = 160;
    private bool isAnswered;

    /// <summary>How many characters a line holds, when it is not asked of a terminal.</summary>
    public int? Width { get; init; }

    /// <summary>For the person who called.</summary>
    public void Line(string text = "") => (isJson ? error : result).WriteLine(text);

    /// <summary>Something beside the main line: in grey where somebody watches a terminal.</summary>
    public void Dim(string text) => Line(
        !isJson && result == Console.Out && !Console.IsOutputRedirected ? $"\e[90m{text}\e[0m" : text);

    /// <summary>A text that another machine reads: with its QR code where somebody watches a terminal, and as a picture
    /// when a file is named.</summary>
    public void Code(string text, string? pngPath)
    {
        Line(text);
        if (pngPath is not null)
        {
            var modules = QrCode.WritePng(pngPath, text);
            Line($"QR code of {modules} x {modules} modules: {Path.GetFullPath(pngPath)}");
        }
        else if (!isJson && IsTerminal(result))
            foreach (var line in QrCode.Lines(text))
                Line(line);
    }

    /// <summary>About the work, not its result.</summary>
    public void Note(string text) => error.WriteLine(text);

    /// <summary>The one JSON object.</summary>
    public void Answer(JsonObject answer)
    {
        if (!isJson)
            return;
        if (isAnswered)
            throw new InvalidOperationException("A verb answers with one JSON object.");
        isAnswered = true;
        result.WriteLine(answer.ToJsonString());
        result.Flush();
    }

    /// <summary>A failure: a sentence for a person, and with <c>--json</c> the one object.</summary>
    public void Fail(ExitCode code, string message)
    {
        error.WriteLine($"bauta: {message}");
        if (isJson && !isAnswered)
            Answer(new JsonObject
            {
                ["error"] = new JsonObject
                {
                    ["code"] = ExitCodes.Name(code),
                    ["exit"] = (int)code,
                    ["message"] = message,
                },
            });
    }

    /// <summary>Rows under headings.</summary>
    public void Table(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        var writer = isJson ? error : result;
        var console = ConsoleOn(writer);
        var cells = rows.ToList();
        var width = headings.Select((heading, i) =>
            cells.Select(row => row[i].GetCellWidth()).Append(heading.GetCellWidth()).Max() + "   ".Length).Sum() + 1;
        if (Width is null && !IsTerminal(writer))
            console.Profile.Width = Math.Max(PipeWidth, width);
        else if (width > (Width ?? console.Profile.Width))
        {
            // In columns too narrow for them, sums and IDs would be cut into pieces.
            foreach (var row in cells)
                Line(string.Join('\n', headings.Select((heading, i) => $"  {heading,-9} {row[i]}")) + "\n");
            return;
        }

        var table = new Table { Border = TableBorder.Minimal };
        foreach (var heading in headings)
            table.AddColumn(new TableColumn(new Text(heading)).NoWrap());
        foreach (var row in cells)
            table.AddRow(row.Select(cell => new Text(cell)));
        console.Write(table);
    }

    /// <summary>Runs work that can take over a second under a bar, when somebody watches a terminal.</summary>
    /// <param name="title">What is done.</param>
    /// <param name="work">Moves the bar and says lines above it; without a terminal the lines go to stderr.</param>
    public async Task<T> BarAsync<T>(string title, Func<Bar, Task<T>> work)
    {
        if (Console.IsErrorRedirected || error != Console.Error)
            return await work(new Bar(null, error.WriteLine));
        var console = ConsoleOn(error);
        return await console.Progress()
            .AutoClear(true)
            .Columns(new SpinnerColumn(), new TaskDescriptionColumn(), new ProgressBarColumn(), new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(Markup.Escape(title), new ProgressTaskSettings { MaxValue = 1 });
                task.IsIndeterminate = true;
                return await work(new Bar(task, console.WriteLine));
            });
    }

    /// <summary>The same for work without a result.</summary>
    public Task BarAsync(string title, Func<Bar, Task> work) => BarAsync(title, async bar =>
    {
        await work(bar);
        return true;
    });

    private static bool IsTerminal(TextWriter writer) => writer == Console.Out
        ? !Console.IsOutputRedirected
        : writer == Console.Error && !Console.IsErrorRedirected;

    private static IAnsiConsole ConsoleOn(TextWriter writer)
    {
        var isTerminal = IsTerminal(writer);
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isTerminal)
            console.Profile.Width = PipeWidth;
        return console;
    }
}

/// <summary>A progress bar and the lines above it, or nothing but lines where nobody watches a terminal. Synchronous,
/// unlike <see cref="Progress{T}"/>, so that nothing said last is lost.</summary>
internal sealed class Bar(ProgressTask? task, Action<string> say) : IProgress<double>, IProgress<WalletStep>
{
    public void Report(double value)
    {
        if (task is null)
            return;
        task.IsIndeterminate = false;
        task.Value = value;
    }

    /// <summary>A line above the bar.</summary>
    public void Say(string line) => say(line);

    /// <summary>What is under way moves the bar; what is done is a line above it.</summary>
    public void Report(WalletStep value)
    {
        if (value.Part is { } part)
        {
            if (task is not null)
                task.Description = Markup.Escape(value.Text);
            Report(part);
            return;
        }

        if (task is not null)
            task.IsIndeterminate = true;
        say($"{value.Label,-8} {value.Text}");
    }
}
