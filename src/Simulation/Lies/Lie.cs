namespace Bauta.Simulation.Lies;

/// <summary>What one party of a byzantine world does. The others are honest.</summary>
public enum Lie
{
    /// <summary>Everybody is honest.</summary>
    None,

    /// <summary>The shop sells other files than its offers name.</summary>
    ShopWrongGoods,

    /// <summary>The shop delivers chunks that are not under the root it signed.</summary>
    ShopWrongRoot,

    /// <summary>The shop promises one customer what it promised another, under the same transaction.</summary>
    ShopReplaysTransaction,

    /// <summary>The shop takes P3 and never sends P4.</summary>
    ShopWithholdsRelease,

    /// <summary>The bank signs two lock notes for one transaction.</summary>
    BankLocksTwice,

    /// <summary>The bank refuses a valid token.</summary>
    BankDeniesToken,

    /// <summary>The bank locks, and says that it did not.</summary>
    BankLocksAndDenies,

    /// <summary>The bank signs a payment note over another sum.</summary>
    BankWrongAmount,

    /// <summary>The archive tells some of an abort that its witnesses never saw.</summary>
    ArchiveTwoDecisions,

    /// <summary>The archive gives a key away before it commits.</summary>
    ArchiveEarlyKey,

    /// <summary>The archive does not answer.</summary>
    ArchiveSilent,

    /// <summary>A witness does not answer.</summary>
    WitnessSilent,

    /// <summary>A witness answers with an old cosignature.</summary>
    WitnessStale,

    /// <summary>A customer spends from two copies of one wallet.</summary>
    CustomerDoubleSpends,

    /// <summary>A customer sends everything again and again.</summary>
    CustomerReplays,

    /// <summary>A customer locks and never pays.</summary>
    CustomerWithholdsNotes,
}

/// <summary>A rule that is broken on purpose, so that a test sees the simulation find it.</summary>
internal enum Sabotage
{
    None,

    /// <summary>Archive and witnesses together abort for the bank what they did not abort.</summary>
    ForgedAbort,

    /// <summary>The bank signs its notes anew for a request that it has answered.</summary>
    FreshNotes,

    /// <summary>The bank's disk acknowledges what it did not keep.</summary>
    LyingDisk,
}

/// <summary>The lies by the names that a command line has for them.</summary>
public static class LieNames
{
    /// <summary>Of each lie, in kebab case.</summary>
    public static IReadOnlyDictionary<string, Lie> All { get; } =
        Enum.GetValues<Lie>().ToDictionary(Of, lie => lie, StringComparer.Ordinal);

    /// <summary>The name of one.</summary>
    public static string Of(Lie lie) => string.Concat(lie.ToString().Select((letter, i) =>
        char.IsAsciiLetterUpper(letter) ? (i == 0 ? "" : "-") + char.ToLowerInvariant(letter) : letter.ToString()));
}
