using Bauta.Crypto.Jose;
using Bauta.Protocol;

namespace Bauta.Acquirer;

/// <summary>A bank that the sandbox serves.</summary>
/// <param name="Name">The bank's name.</param>
/// <param name="Currency">The only currency it takes, three upper-case letters.</param>
/// <param name="Key">Its statement key, which signs payout orders.</param>
public sealed record ServedBank(string Name, string Currency, P256PublicKey Key);

/// <summary>How the sandbox behaves. It moves no real money.</summary>
public sealed record AcquirerOptions
{
    public required string Name { get; init; }

    public required IReadOnlyList<ServedBank> Banks { get; init; }

    /// <summary>How long <see cref="TestCards.Delayed"/> stays pending.</summary>
    public int DelaySeconds { get; init; } = 5;

    /// <summary>Requests that may be pending at the same time.</summary>
    public int MaxPending { get; init; } = 10_000;

    /// <summary>The most that is taken in at once, in minor units: test money is free, and no caller shall use up in
    /// one request what a bank can ever count.</summary>
    public long MaxMinorUnits { get; init; } = 10_000_000;

    internal void Check()
    {
        if (!Names.IsPartyName(Name) || DelaySeconds < 0 || MaxPending < 1 || MaxMinorUnits < 1
            || Banks.Any(bank => !Names.IsPartyName(bank.Name) || !Names.IsCurrency(bank.Currency))
            || Banks.Select(bank => bank.Name).Distinct(StringComparer.Ordinal).Count() != Banks.Count)
            throw new FormatException("The acquirer's options are not in their form.");
    }
}
