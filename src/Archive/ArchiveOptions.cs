using Bauta.Protocol.Merchant;

namespace Bauta.Archive;

/// <summary>How an archive decides, waits and whom it admits.</summary>
public sealed record ArchiveOptions
{
    /// <summary>The banks that the operator admits. Each enters its registration itself. One that stands in the log and
    /// is not named here any more can only have its locks aborted and its keys revoked.</summary>
    public IReadOnlyList<AdmittedBank> Banks { get; init; } = [];

    /// <summary>How long a decision waits for the quorum before it is answered as pending.</summary>
    public TimeSpan QuorumWait { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long one witness may take for one checkpoint.</summary>
    public TimeSpan WitnessTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait before a checkpoint without quorum is offered again.</summary>
    public TimeSpan CosignRetry { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How far the clock may stand behind the last entry. Up to here time stands still until the clock has
    /// caught up; beyond, nothing is decided.</summary>
    public long ClockToleranceSeconds { get; init; } = 10;

    /// <summary>How long nothing is decided after the clock was seen to jump ahead by more than the tolerance, unless
    /// it is put right before. A leaf dated ahead of the witnesses' clocks would stop the log until then.</summary>
    public TimeSpan ClockHold { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Appends that may wait for the next transaction, and share it; one more is refused.</summary>
    public int QueueLimit { get; init; } = 4096;

    /// <summary>Decisions kept in memory before they are sorted into the database: 40 bytes each, twice as many at
    /// most.</summary>
    public int MergeAt { get; init; } = 65_536;

    /// <summary>The largest goods made to order that are kept for a forced commit, with their padding; zero: none.
    /// </summary>
    public long MaxKeptBytes { get; init; } = MadeGoods.MaxSizeBytes;

    /// <summary>All of them together; one more is refused.</summary>
    public long MaxKeptBytesInAll { get; init; } = 16L << 30;

    /// <summary>How long they are kept after the expiry of a purchase that was committed.</summary>
    public long KeepSeconds { get; init; } = 30 * 86_400;

    /// <summary>Questions for a decision that may be held back until there is one; what is beyond is answered at
    /// once.</summary>
    public int MaxHeldAnswers { get; init; } = 4096;

    /// <summary>The log is full at this size.</summary>
    public long MaxEntries { get; init; } = 1L << 40;
}

/// <summary>A bank that may register itself.</summary>
/// <param name="Name">The name in its registration and in its denominations.</param>
/// <param name="KeyId">The RFC 7638 thumbprint of its statement key.</param>
public sealed record AdmittedBank(string Name, string KeyId);
