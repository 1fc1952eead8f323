namespace Bauta.Judge;

/// <summary>What the evidence proves. The list is closed.</summary>
public enum Outcome
{
    /// <summary>The purchase happened: the value moved and the promised key is published.</summary>
    Complete,

    /// <summary>The purchase did not happen and the tokens are the customer's.</summary>
    Aborted,

    /// <summary>Nothing is decided yet; nobody is at fault.</summary>
    Undecided,

    /// <summary>The merchant delivered something else than it signed.</summary>
    MerchantAtFault,

    /// <summary>The bank signed what it must not.</summary>
    BankAtFault,

    /// <summary>The archive published what it must not.</summary>
    ArchiveAtFault,

    /// <summary>The customer signed one token away twice.</summary>
    CustomerAtFault,

    /// <summary>The evidence does not hold together: whoever handed it in proves nothing with it.</summary>
    NotProven,
}

/// <summary>A verdict with its reasons in the order in which they were found.</summary>
/// <param name="Outcome">What is proven.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="Reasons">Each check, and what it showed.</param>
/// <param name="TrustedKeys">The keys that the verdict rests on: whoever reads it must know them to be the
/// parties'.</param>
public sealed record Verdict(
    Outcome Outcome, string Summary, IReadOnlyList<Reason> Reasons, IReadOnlyList<TrustedKey> TrustedKeys);

/// <summary>One check.</summary>
/// <param name="Holds">Whether it holds.</param>
/// <param name="Text">What was checked, as a person would say it.</param>
public sealed record Reason(bool Holds, string Text);

/// <summary>A key that the verdict rests on.</summary>
/// <param name="Party">Whose.</param>
/// <param name="Key">Its thumbprint or vkey.</param>
public sealed record TrustedKey(string Party, string Key);
