using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Parties;
using Bauta.Storage;

namespace Bauta.Bank;

/// <summary>What a bank is told once, at its start.</summary>
public sealed record BankOptions
{
    /// <summary>The bank's name, which is also the issuer's name in every token challenge.</summary>
    public required string Name { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>Null when the bank issues its own tokens; else the bank that issues those which this one locks, and
    /// this one issues none and has no reserves.</summary>
    public string? Issuer { get; init; }

    /// <summary>Null when the bank locks its own tokens; else the only bank that does, since a token must be known
    /// spent in one place.</summary>
    public string? SpentAt { get; init; }

    /// <summary>One denomination of 2^e minor units for each exponent e.</summary>
    public IReadOnlyList<int> Exponents { get; init; } = [.. Enumerable.Range(0, 15)];

    /// <summary>How long a key signs.</summary>
    public long WithdrawSeconds { get; init; } = 30 * 86_400;

    /// <summary>How much longer its tokens can be spent.</summary>
    public long SpendSeconds { get; init; } = 180 * 86_400;

    /// <summary>How much longer they can still be refreshed.</summary>
    public long RefreshSeconds { get; init; } = 90 * 86_400;

    /// <summary>How long before the present key stops the next one is made and announced.</summary>
    public long OverlapSeconds { get; init; } = 2 * 86_400;

    /// <summary>The least time from lock to expiry.</summary>
    public long MinExpirySeconds { get; init; } = 10;

    /// <summary>The most time from lock to expiry.</summary>
    public long MaxExpirySeconds { get; init; } = 7 * 86_400;

    /// <summary>How long a settled sum waits before it can be paid out.</summary>
    public long DisputeWindowSeconds { get; init; } = 7 * 86_400;

    /// <summary>Who decides disputes; without one none are taken in.</summary>
    public Signed<ArbiterCard>? Arbiter { get; init; }

    /// <summary>How long a merchant has to answer a dispute.</summary>
    public long DisputeAnswerSeconds { get; init; } = 3 * 86_400;

    /// <summary>How long the arbiter has from then on; a dispute that nobody decided lapses.</summary>
    public long DisputeRulingSeconds { get; init; } = 14 * 86_400;

    /// <summary>When there are as many, a new one takes the place of the one that was unused for longest.</summary>
    public int MaxAccounts { get; init; } = 100_000;

    /// <summary>So many that filling them costs a rival a sum that hurts: each holds at least the smallest unit until
    /// its expiry.</summary>
    public int MaxOpenLocksPerAccount { get; init; } = 10_000_000;

    /// <summary>How many locks of one token may end in an abort. Each adds to this database and to the log and costs
    /// nothing; after so many the token is refreshed before it is locked again.</summary>
    public int MaxAbortsPerToken { get; init; } = 32;

    public int MaxOpenPayoutsPerAccount { get; init; } = 64;

    /// <summary>Releases of one merchant that may wait for their locks (FIG. 7).</summary>
    public int MaxEarlyReleasesPerAccount { get; init; } = 10_000;

    /// <summary>Releases of all merchants that may.</summary>
    public int MaxEarlyReleases { get; init; } = 100_000;

    /// <summary>How large the list of keys may grow, so that with the revocations it passes through a mask.</summary>
    public int MaxKeyListBytes { get; init; } = Protocol.Bank.DenominationList.MaxBytes / 4 * 3;

    /// <summary>How long the clock must have run evenly before a key is destroyed or written off by its date.</summary>
    public long ClockHoldSeconds { get; init; } = 3600;

    /// <summary>The terms for the bank's party card.</summary>
    public BankTerms Terms(
        IEnumerable<ArchivePolicy> policies, BankPeer? issuer = null, BankPeer? spentAt = null,
        PolicyId? joint = null) => new(
        Currency.Code, Currency.Decimals, [.. policies.Select(policy => policy.Text)],
        MinExpirySeconds, MaxExpirySeconds, DisputeWindowSeconds, issuer, spentAt, Arbiter, joint);

    /// <summary>Throws when the options contradict each other.</summary>
    public void Validate()
    {
        if (!Names.IsPartyName(Name))
            throw new ArgumentException("The bank's name is not a party name.");
        if ((Issuer is not null && (!Names.IsPartyName(Issuer) || Issuer == Name || SpentAt is not null))
            || (SpentAt is not null && (!Names.IsPartyName(SpentAt) || SpentAt == Name)))
            throw new ArgumentException("A bank has one other bank that issues or locks for it, or none.");
        if (Exponents.Count is < 1 or > 32 || Exponents.Distinct().Count() != Exponents.Count
            || Exponents.Any(exponent => exponent is < 0 or > Protocol.Bank.Denomination.MaxExponent))
            throw new ArgumentException("A bank has 1 to 32 different denominations, none above 2^40.");
        if (OverlapSeconds < 1 || WithdrawSeconds <= OverlapSeconds || SpendSeconds < 0 || RefreshSeconds < 0)
            throw new ArgumentException("A key signs for longer than the overlap, and no period is negative.");
        // Else a token that is locked on its last day would be written off before an abort gives it back.
        if (Issuer is null && SpentAt is null && RefreshSeconds < MaxExpirySeconds)
            throw new ArgumentException("A token can be refreshed for at least as long as it may be locked.");
        if (ClockHoldSeconds < 0 || MaxAbortsPerToken < 1)
            throw new ArgumentException("The clock's hold is negative, or no lock may be aborted.");
        if (MinExpirySeconds < 0 || MaxExpirySeconds < MinExpirySeconds || DisputeWindowSeconds < 0)
            throw new ArgumentException("The range of expiries is empty, or the dispute window is negative.");
        if (DisputeAnswerSeconds < 0 || DisputeRulingSeconds < 1
            || (Arbiter is not null && !ArbiterCard.Holds(Arbiter)))
            throw new ArgumentException("The arbiter's card is not signed by its key, or a term is negative.");
    }
}

/// <summary>An archive with the quorum that this bank acts on, and how it is reached.</summary>
public sealed record BankArchive(ArchivePolicy Policy, IArchive Client);

/// <summary>An acquirer whose notices fund reserves, and how payouts reach it.</summary>
public sealed record BankAcquirer(P256PublicKey Key, IAcquirer Client);

/// <summary>The other bank that issues the tokens which this one locks.</summary>
public sealed record BankIssuer(P256PublicKey Key, Protocol.Bank.IBank Client);

/// <summary>Whom the bank deals with.</summary>
/// <param name="Archives">The first one's log carries the denominations.</param>
/// <param name="Acquirer">Takes money in and pays out.</param>
/// <param name="Funders">Further keys whose notices fund reserves: that of a bank which locks for this one.</param>
/// <param name="Issuer">With <see cref="BankOptions.Issuer"/>: the bank of that name.</param>
/// <param name="SpentAt">With <see cref="BankOptions.SpentAt"/>: the key of that bank, whose notes close tokens of a
/// revoked key.</param>
/// <param name="Joint">Which of the archives the bank runs itself; null when none.</param>
public sealed record BankParties(
    IReadOnlyList<BankArchive> Archives, BankAcquirer Acquirer, IReadOnlyList<P256PublicKey> Funders,
    BankIssuer? Issuer = null, P256PublicKey? SpentAt = null, JointArchive? Joint = null);

/// <summary>The archive that is the bank's own (FIG. 6 and 7); its client calls it in this process.</summary>
/// <param name="Policy">Names it among the bank's archives.</param>
/// <param name="Sealing">Seals releases that wait for their lock.</param>
public sealed record JointArchive(PolicyId Policy, SealingKey Sealing);
