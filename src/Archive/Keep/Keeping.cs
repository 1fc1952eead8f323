using Bauta.Archive.Log;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Archive.Keep;

/// <summary>
/// Goods made to order that the customer did not acknowledge (FIG. 5): kept as ciphertext, which opens for nobody
/// without P1, so that a commit can be forced and the customer finds its goods later. Only the merchant of a
/// transaction that an admitted bank locked, and whose lock note allows it, can give them; all of it is bounded.
/// </summary>
internal sealed class Keeping(
    IDatabase database, ArchiveOptions options, PolicyId policy, BankList banks, DecisionIndex decisions,
    Func<UnixTime> now)
{
    private const int SweepLimit = 32;

    /// <summary>After its expiry nothing is committed any more, so what was not is dropped; with time for a clock that
    /// was put right meanwhile.</summary>
    private const long GraceSeconds = 3600;

    public KeepingTerms Terms { get; } = new(options.MaxKeptBytes, options.KeepSeconds);

    public async Task<Result<KeepingTerms, ArchiveError>> KeepAsync(
        KeepRequest request, CancellationToken cancellation)
    {
        var (note, made) = (request.LockNote, request.Made.Content);
        if (!GoodsChunk.TryDecode(request.Chunk, out var chunk))
            return ArchiveError.Malformed;
        if (!note.Content.Archive.Equals(policy))
            return ArchiveError.WrongArchive;
        if (made.SizeBytes > options.MaxKeptBytes)
            return ArchiveError.TooLarge;
        if (now() >= note.Content.ExpiresAt)
            return ArchiveError.Expired;
        if (banks.Find(note.KeyId) is not { } bank || !bank.IsIn(options.Banks) || !note.IsSignedBy(bank.Key))
            return ArchiveError.UnknownBank;
        if (!MadeGoods.Matches(request.Made, note.Content) || !made.Holds(request.Index, chunk))
            return ArchiveError.BadGoods;
        var refused = await database.WriteAsync(
            transaction => KeptStore.Keep(
                transaction, LeafRules.SubjectOf(note), made, note.Content.ExpiresAt, request.Index, request.Chunk,
                options.MaxKeptBytesInAll),
            cancellation);
        return refused is { } error ? error : Terms;
    }

    /// <summary>Whether all chunks are here of the goods that a release is for.</summary>
    public Task<bool> IsWholeAsync(Signed<LockNote> note, MadeGoods made, CancellationToken cancellation) =>
        database.ReadAsync(
            transaction => KeptStore.IsWhole(transaction, LeafRules.SubjectOf(note), made), cancellation);

    public async Task<Result<GoodsChunk, ArchiveError>> ChunkAsync(
        BankKeyId bank, TransactionId transaction, long index, CancellationToken cancellation)
    {
        var kept = await database.ReadAsync(
            reader => KeptStore.Chunk(reader, LeafRules.SubjectOf(bank, transaction), index), cancellation);
        if (kept is null)
            return ArchiveError.NotKept;
        return GoodsChunk.TryDecode(kept, out var chunk)
            ? chunk
            : throw new StorageException(StorageFailure.InvariantViolation, "A kept chunk does not parse.");
    }

    /// <summary>Drops what was not committed by its expiry, and what was kept for long enough; true when there may be
    /// more.</summary>
    public async Task<bool> SweepAsync(CancellationToken cancellation)
    {
        var time = now().Seconds;
        var (undecided, old) = await database.ReadAsync(
            transaction => (
                KeptStore.Expired(transaction, isCommitted: false, time - GraceSeconds, SweepLimit),
                KeptStore.Expired(transaction, isCommitted: true, time - options.KeepSeconds, SweepLimit)),
            cancellation);
        foreach (var subject in undecided)
        {
            var isCommitted = await decisions.FindAsync(database, subject, cancellation) is { } index
                && await database.ReadAsync(transaction => LogStore.Leaf(transaction, index), cancellation) is { } leaf
                && LogEntry.TryParse(leaf, out var entry) && entry.Release?.Content.Made is not null;
            await database.WriteAsync(
                transaction =>
                {
                    if (isCommitted)
                        KeptStore.Commit(transaction, subject);
                    else
                        KeptStore.Drop(transaction, subject);
                },
                cancellation);
        }

        foreach (var subject in old)
            await database.WriteAsync(transaction => KeptStore.Drop(transaction, subject), cancellation);
        return undecided.Count == SweepLimit || old.Count == SweepLimit;
    }
}
