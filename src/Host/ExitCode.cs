using System.Reflection;

namespace Bauta.Host;

/// <summary>What a script can act on; see <c>docs/operating/exit-codes.md</c>. No number changes its meaning.</summary>
public enum ExitCode
{
    [ExitMeaning("Done. With `judge`: the evidence proves a complete purchase.")]
    Ok = 0,

    [ExitMeaning("Something unexpected failed: a bug, a full disk, a broken machine.")]
    Unexpected = 1,

    [ExitMeaning("The command line is wrong. `--help` says how it goes.")]
    Usage = 2,

    [ExitMeaning("A configuration, key or network file is missing, malformed, or readable by others.")]
    BadFile = 3,

    [ExitMeaning("Another process has the port, the database or the wallet. Stop it, or name others.")]
    InUse = 4,

    [ExitMeaning("There is no wallet in the folder. Make one with `bauta wallet init`.")]
    NoWallet = 10,

    [ExitMeaning("The password does not open the wallet, or there is none to try.")]
    WrongPassword = 11,

    [ExitMeaning("The tokens, or the reserve, do not cover it. Withdraw or fund first.")]
    NotEnough = 12,

    [ExitMeaning("The card was declined. Use another one.")]
    Declined = 13,

    [ExitMeaning("Another party, or a rule, refused. The message says why; nothing was lost.")]
    Refused = 14,

    [ExitMeaning("Another party broke the protocol. What proves it is kept; export the evidence.")]
    Distrusted = 15,

    [ExitMeaning("There is no such purchase, offer, shop or file.")]
    NotFound = 16,

    [ExitMeaning("Another party did not answer, or something is still open. Run `bauta wallet resume` later.")]
    StillOpen = 17,

    [ExitMeaning("What was to be made exists already. Nothing was overwritten.")]
    Exists = 18,

    [ExitMeaning("The wallet's file is damaged. Restore it from a backup or from the phrase.")]
    Damaged = 19,

    [ExitMeaning("`judge`: the purchase was aborted; the tokens are the customer's.")]
    Aborted = 20,

    [ExitMeaning("`judge`: nothing is decided yet; nobody is at fault.")]
    Undecided = 21,

    [ExitMeaning("`judge`: the merchant is at fault.")]
    MerchantAtFault = 22,

    [ExitMeaning("`judge`: the bank is at fault.")]
    BankAtFault = 23,

    [ExitMeaning("`judge`: the archive is at fault.")]
    ArchiveAtFault = 24,

    [ExitMeaning("`judge`, `receipt verify`: the evidence does not hold together and proves nothing.")]
    NotProven = 25,

    [ExitMeaning("`judge`: the customer is at fault.")]
    CustomerAtFault = 26,

    [ExitMeaning("`archive`: the log raised an alarm.")]
    LogAlarm = 30,

    [ExitMeaning("`audit`: rows of the bank do not agree with each other, with what was signed, or with the log; with "
        + "`--public`, what a bank states in the log does not hold together.")]
    AuditFound = 31,

    [ExitMeaning("`wallet buy`: the purchase did not happen and the money is back.")]
    Returned = 40,

    [ExitMeaning("`wallet restore`: these are not the twelve words of a recovery phrase.")]
    BadPhrase = 41,

    [ExitMeaning("`bench --strict`: something measured misses what it is to reach.")]
    TargetMissed = 50,

    [ExitMeaning("`simulate`: something that must always hold did not, or nothing went wrong that was to go wrong.")]
    SimulationFailed = 51,
}

/// <summary>The sentence that the documentation and the tests share.</summary>
/// <param name="text">One sentence or two.</param>
[AttributeUsage(AttributeTargets.Field)]
public sealed class ExitMeaningAttribute(string text) : Attribute
{
    public string Text { get; } = text;
}

/// <summary>The closed list as a table.</summary>
public static class ExitCodes
{
    public static IEnumerable<(ExitCode Code, string Meaning)> All => Enum.GetValues<ExitCode>()
        .Select(code => (code, typeof(ExitCode).GetField(code.ToString())!
            .GetCustomAttribute<ExitMeaningAttribute>()!.Text));

    /// <summary>As scripts read it in JSON: <c>NotEnough</c> is <c>not-enough</c>.</summary>
    public static string Name(ExitCode code) => string.Concat(code.ToString().Select((letter, i) =>
        char.IsAsciiLetterUpper(letter) ? (i == 0 ? "" : "-") + char.ToLowerInvariant(letter) : letter.ToString()));
}

/// <summary>An expected failure of a verb, with a sentence that says what to do next.</summary>
public sealed class HostException : Exception
{
    public HostException(ExitCode code, string message, Exception? inner = null) : base(message, inner) => Code = code;

    public HostException()
    {
    }

    public HostException(string message) : base(message)
    {
    }

    public HostException(string message, Exception inner) : base(message, inner)
    {
    }

    public ExitCode Code { get; } = ExitCode.Unexpected;
}
