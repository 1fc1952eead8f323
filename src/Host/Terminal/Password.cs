using Spectre.Console;

namespace Bauta.Host.Terminal;

/// <summary>
/// Where passwords come from: a file, the environment, or a person at a terminal. Never the command line, which other
/// users of the machine can read.
/// </summary>
internal static class Password
{
    public const string Variable = "BAUTA_WALLET_PASSWORD";

    private const int MaxLength = 1024;

    public static string Read(string? file, bool isNew, Output output)
    {
        if (file is not null)
            return FirstLine(file);
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given)
            return given;
        if (Console.IsInputRedirected || Console.IsErrorRedirected)
            throw new HostException(ExitCode.WrongPassword,
                $"The wallet's password is needed: --password-file FILE, or ${Variable}, or run at a terminal.");
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        var password = console.Prompt(new TextPrompt<string>("Password of the wallet:").Secret());
        if (isNew && console.Prompt(new TextPrompt<string>("Once more:").Secret()) != password)
            throw new HostException(ExitCode.WrongPassword, "The two differ. Nothing was made.");
        if (isNew && password.Length < 10)
            output.Note("Note: this password is short; whoever copies the wallet's file can try many.");
        return password;
    }

    private static string FirstLine(string file)
    {
        if (!File.Exists(file))
            throw new HostException(ExitCode.WrongPassword, $"{file} is missing; its first line is the password.");
        using var reader = new StreamReader(file);
        var line = reader.ReadLine();
        return line is { Length: > 0 and <= MaxLength }
            ? line
            : throw new HostException(ExitCode.WrongPassword, $"The first line of {file} is empty or too long.");
    }
}
