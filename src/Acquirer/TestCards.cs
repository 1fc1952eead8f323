namespace Bauta.Acquirer;

/// <summary>The card numbers and payees that the sandbox knows. None belongs to anybody; no money moves.</summary>
public static class TestCards
{
    /// <summary>Approved at once.</summary>
    public const string Approved = "4242424242424242";

    /// <summary>Declined for good.</summary>
    public const string Declined = "4000000000000002";

    /// <summary>Pending for <see cref="AcquirerOptions.DelaySeconds"/>, then approved.</summary>
    public const string Delayed = "4000000000000259";

    /// <summary>Every payee that the sandbox pays begins so; any other is refused for good.</summary>
    public const string PayeePrefix = "sandbox:";

    /// <summary>The payee that is refused for good, to try what a bank does then.</summary>
    public const string RefusedPayee = "sandbox:refuse";

    /// <summary>What the sandbox says of itself wherever a person may look.</summary>
    public const string Notice = """
        This is a sandbox. It moves no real money.
        Test cards: 4242424242424242 is approved, 4000000000000002 is declined, 4000000000000259 is approved after a
        delay. Any other card is refused. Never enter a real card number.
        Payouts go to payees that begin with "sandbox:"; "sandbox:refuse" is refused, to try returns.
        """;

    internal static bool IsKnown(string card) => card is Approved or Declined or Delayed;

    internal static bool IsPaid(string payee) =>
        payee.StartsWith(PayeePrefix, StringComparison.Ordinal) && payee != RefusedPayee;
}
