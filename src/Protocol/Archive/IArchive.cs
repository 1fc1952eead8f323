using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;

namespace Bauta.Protocol.Archive;

/// <summary>A leaf with its proof: what every party acts on, keeps and shows to a judge.</summary>
/// <param name="Entry">The leaf's bytes, at most <see cref="LogEntry.MaxLength"/>.</param>
/// <param name="Proof">C2SP tlog-proof: index, inclusion path, checkpoint and cosignatures.</param>
public sealed record LoggedEntry(byte[] Entry, string Proof)
{
    /// <summary>The longest proof in characters.</summary>
    public const int MaxProofLength = 16 * 1024;
}

/// <summary>Asks for a decision.</summary>
/// <param name="LockNote">The bank's lock note; without one the archive decides nothing.</param>
/// <param name="Release">P4, to commit; absent, to abort after expiry.</param>
public sealed record DecisionRequest(Signed<LockNote> LockNote, Signed<Release>? Release = null);

/// <summary>An entry with its proof, or nothing while it is durable but not yet cosigned by the quorum: ask
/// again.</summary>
/// <param name="Decision">The entry. A decision's bytes are the same for ever once given; a statement is proven anew
/// when other witnesses count.</param>
public sealed record DecisionAnswer(LoggedEntry? Decision = null);

/// <summary>Gives a chunk of goods made to order to the archive, before a commit is forced with them.</summary>
/// <param name="LockNote">The bank's lock note, which lets the commit be forced.</param>
/// <param name="Made">E4, signed by the key that owns the transaction.</param>
/// <param name="Index">Which chunk.</param>
/// <param name="Chunk">The chunk with its audit path, in the binary form of a delivery.</param>
public sealed record KeepRequest(Signed<LockNote> LockNote, Signed<MadeGoods> Made, long Index, byte[] Chunk)
{
    /// <summary>The longest request as JSON, in bytes.</summary>
    public const int MaxLength = (GoodsChunk.MaxLength / 3 * 4) + 8192;
}

/// <summary>What an archive keeps for forced commits.</summary>
/// <param name="MaxBytes">Of the goods of one transaction, plain and padded; zero: it keeps none.</param>
/// <param name="Seconds">How long after the expiry.</param>
public sealed record KeepingTerms(long MaxBytes, long Seconds);

/// <summary>Enters a bank's statement into the log.</summary>
/// <param name="Kind"><c>bank</c>, <c>denomination</c>, <c>revocation</c> or <c>totals</c>.</param>
/// <param name="Statement">The signed statement.</param>
public sealed record EntryRequest(string Kind, string Statement);

/// <summary>
/// The archive: decides commit or abort by its own clock and publishes it, never both. What it answered is durable,
/// and the same question has the same answer for ever. Safe for concurrent use.
/// </summary>
public interface IArchive
{
    /// <summary>
    /// Commits when a release that matches the lock note arrives before the note's expiry, aborts on demand from
    /// expiry on. What is decided keeps its decision, whatever is asked. A decision is on one bank's lock of one
    /// transaction: what another bank signed for the same <c>n</c> is decided by itself.
    /// </summary>
    Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(
        DecisionRequest request, CancellationToken cancellation);

    /// <summary>The decision on a transaction that a bank locked.</summary>
    Task<Result<DecisionAnswer, ArchiveError>> DecisionAsync(
        BankKeyId bank, TransactionId transaction, CancellationToken cancellation);

    /// <summary>The same, held back until there is a decision with its quorum or the time is over: a push for those
    /// who cannot be called, behind masks as well.</summary>
    /// <param name="bank">Whose lock.</param>
    /// <param name="transaction">Of which transaction.</param>
    /// <param name="wait">At most <see cref="MaxWait"/>; an archive may answer sooner.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<Result<DecisionAnswer, ArchiveError>> AwaitDecisionAsync(
        BankKeyId bank, TransactionId transaction, TimeSpan wait, CancellationToken cancellation) =>
        DecisionAsync(bank, transaction, cancellation);

    /// <summary>The longest that an answer is held back.</summary>
    static TimeSpan MaxWait => TimeSpan.FromSeconds(10);

    /// <summary>Enters an admitted bank's statement; the same statement is entered once.</summary>
    Task<Result<DecisionAnswer, ArchiveError>> EnterAsync(EntryRequest request, CancellationToken cancellation);

    /// <summary>What it keeps of goods that nobody acknowledged.</summary>
    Task<KeepingTerms> KeepingAsync(CancellationToken cancellation);

    /// <summary>
    /// Keeps a chunk of goods made to order (FIG. 5); durable when it is answered. With all of them kept, a release
    /// with these goods is committed without the customer's acknowledgement.
    /// </summary>
    Task<Result<KeepingTerms, ArchiveError>> KeepAsync(KeepRequest request, CancellationToken cancellation);

    /// <summary>A chunk that is kept. It opens for nobody without P1.</summary>
    Task<Result<GoodsChunk, ArchiveError>> KeptAsync(
        BankKeyId bank, TransactionId transaction, long index, CancellationToken cancellation);
}

/// <summary>The log as files (C2SP tlog-tiles): every party and every stranger may read it.</summary>
public interface ILog
{
    /// <summary>The latest checkpoint with its cosignatures.</summary>
    Task<string> CheckpointAsync(CancellationToken cancellation);

    /// <summary>A tile or entry bundle by its path below the log's prefix, or null when the log is not that
    /// large.</summary>
    /// <param name="path">Such as <c>tile/0/x001/067</c> or <c>tile/entries/000.p/17</c>.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<byte[]?> ReadAsync(string path, CancellationToken cancellation);
}

/// <summary>A witness (C2SP tlog-witness): cosigns what is consistent and decides each bank's lock of a transaction
/// once.</summary>
public interface IWitness
{
    /// <summary>
    /// Asks for a cosignature. Before it answers, the witness has read and checked every leaf between the size it
    /// last cosigned and the new one.
    /// </summary>
    /// <param name="request">The body of C2SP add-checkpoint.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The cosignature line, or the refusal; a conflict's detail is the size that the witness holds.</returns>
    Task<Result<string, WitnessError>> AddCheckpointAsync(string request, CancellationToken cancellation);
}

/// <summary>What an archive refuses, and why. The list is closed.</summary>
public enum ArchiveError
{
    /// <summary>Not readable.</summary>
    [Refusal(400, "The request is not well formed. Correct it; nothing was changed.")]
    Malformed,

    /// <summary>Another archive.</summary>
    [Refusal(422, "The lock note names another archive or another witness quorum.")]
    WrongArchive,

    /// <summary>The bank is not admitted.</summary>
    [Refusal(403, "The note or statement is not signed by a bank that this archive admits.")]
    UnknownBank,

    /// <summary>The release does not match.</summary>
    [Refusal(422, "The release is not signed by the key that owns the transaction, or does not hash to the commitment in the lock note.")]
    BadRelease,

    /// <summary>Too late or too early.</summary>
    [Refusal(409, "The transaction has not expired, so it is not aborted. Ask again after its expiry.")]
    NotExpired,

    /// <summary>Expired.</summary>
    [Refusal(410, "The transaction has expired by the archive's clock, so it is not committed. Ask for the abort.")]
    Expired,

    /// <summary>Nothing decided.</summary>
    [Refusal(404, "Nothing is decided on this bank's lock of this transaction.")]
    Undecided,

    /// <summary>Other lock note.</summary>
    [Refusal(409, "The transaction is decided under another lock note of the same bank. A bank that signed both is at fault.")]
    OtherLockNote,

    /// <summary>Another statement on the same key.</summary>
    [Refusal(409, "Another statement on the same bank key, token key, or token key and day stands in the log, or the key to revoke was never announced.")]
    OtherStatement,

    /// <summary>Too many keys of one denomination.</summary>
    [Refusal(409, "Three keys of this issuer, currency and value can be withdrawn from in that time already, or 256 of this issuer have not ended. Let the new one begin later, or revoke one.")]
    TooManyKeys,

    /// <summary>Too large to keep.</summary>
    [Refusal(413, "The archive keeps no goods of that size. What it keeps is at /keeping.")]
    TooLarge,

    /// <summary>No room.</summary>
    [Refusal(507, "The archive keeps as much as it may. Try again later, before the expiry.")]
    NoRoom,

    /// <summary>A chunk that is not of the goods.</summary>
    [Refusal(422, "The goods are not signed by the key that owns the transaction, are not what the lock note lets be forced, or are others than those kept for it; or the chunk is not under their root.")]
    BadGoods,

    /// <summary>Not kept.</summary>
    [Refusal(404, "The archive does not keep that chunk, or not all of the goods that the release is for.")]
    NotKept,

    /// <summary>No such tile.</summary>
    [Refusal(404, "The log has no such tile or bundle, or is not that large.")]
    NoSuchTile,

    /// <summary>The log is full or its clock is wrong.</summary>
    [Refusal(503, "The archive cannot decide now. Try again later.")]
    Unavailable,
}

/// <summary>What a witness refuses, and why. The list is closed.</summary>
public enum WitnessError
{
    /// <summary>Not readable.</summary>
    [Refusal(400, "The request is not well formed.")]
    Malformed,

    /// <summary>Not this log.</summary>
    [Refusal(404, "This witness does not know that log.")]
    UnknownLog,

    /// <summary>Not signed by the log.</summary>
    [Refusal(403, "The checkpoint is not signed by the log's key.")]
    BadSignature,

    /// <summary>Another size.</summary>
    [Refusal(409, "The old size is not the one that this witness holds, which the body states.")]
    Conflict,

    /// <summary>Not consistent.</summary>
    [Refusal(422, "The consistency proof does not verify.")]
    Inconsistent,

    /// <summary>A leaf breaks the rules.</summary>
    [Refusal(422, "A leaf breaks the archive's rules: form, signature, time, or a second decision on one bank's lock of one transaction.")]
    BadLeaf,

    /// <summary>The leaves cannot be read.</summary>
    [Refusal(503, "The witness could not read the leaves. Try again.")]
    Unavailable,
}
