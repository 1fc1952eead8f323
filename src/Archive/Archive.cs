using System.Text;
using Bauta.Archive.Cosign;
using Bauta.Archive.Decide;
using Bauta.Archive.Enter;
using Bauta.Archive.Keep;
using Bauta.Archive.Log;
using Bauta.Archive.Push;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Archive;

/// <summary>
/// The archive: decides commit or abort by its own clock, in a log that witnesses cosign. Opened with
/// <see cref="OpenAsync"/>; orders and signs while <see cref="RunAsync"/> runs. Safe for concurrent use.
/// </summary>
public sealed class Archive : IArchive, ILog
{
    private static readonly TimeSpan sweepPause = TimeSpan.FromHours(1);

    private readonly IDatabase database;
    private readonly ArchivePolicy policy;
    private readonly ArchiveOptions options;
    private readonly TimeProvider time;
    private readonly BankList banks;
    private readonly DecisionIndex decisions;
    private readonly KeyAdmission keys;
    private readonly LogProofs proofs;
    private readonly Keeping keeping;
    private readonly Sequencer sequencer;
    private readonly CheckpointLoop checkpoints;
    private readonly Publications publications;
    private readonly IReadOnlyList<WitnessLink> links;
    private int held;

    private Archive(Parts parts, LogState state)
    {
        (database, policy, options, time) = (parts.Database, parts.Policy, parts.Options, parts.Time);
        (banks, decisions) = (state.Banks, state.Decisions);
        keys = new KeyAdmission(state.Keys, () => sequencer!.Head.LastAt);
        proofs = new LogProofs(database);
        keeping = new Keeping(database, options, policy.Id, banks, decisions, () => sequencer!.Now);
        publications = new Publications(database, state.Published);
        links = [.. parts.Witnesses.Select(
            peer => new WitnessLink(peer, proofs, options.WitnessTimeout, time))];
        var auditor = new Auditor(database, decisions, banks, state.SignedTree, state.SignedAt);
        sequencer = new Sequencer(database, decisions, options, time, state.Head, state.Tree, batch =>
        {
            auditor.Expect(batch.Entries);
            foreach (var entry in batch.Entries)
                if (entry.From.NewBank is { } bank)
                    banks.Add(bank);
        }, () => checkpoints!.Wake());
        checkpoints = new CheckpointLoop(
            database, parts.SecondPlace, parts.Signer, policy.Policy, links, auditor, proofs, publications, options,
            time, () => sequencer.Head);
        checkpoints.StartFrom(state.Signed);
    }

    /// <summary>Its policy: the log's key, the witnesses and the quorum.</summary>
    public ArchivePolicy Policy => policy;

    /// <summary>Number of leaves that are durable.</summary>
    public long Size => sequencer.Head.Size;

    /// <summary>Number of leaves under the latest published checkpoint.</summary>
    public long PublishedSize => publications.Latest?.Size ?? 0;

    /// <summary>How long leaves have waited for a checkpoint with the quorum; zero when none wait.</summary>
    public TimeSpan Unpublished => checkpoints.Unpublished;

    /// <summary>How it goes with each witness.</summary>
    public IReadOnlyList<WitnessStatus> Witnesses => [.. links.Select(link => link.Status)];

    /// <summary>Opens the log and refuses one that was put back or does not fit its second place.</summary>
    /// <param name="database">With <see cref="ArchiveSchema.Migrations"/>.</param>
    /// <param name="secondPlace">The file, best on another disk, that holds the latest signed checkpoint.</param>
    /// <param name="signer">The log's key; its name is the policy's origin.</param>
    /// <param name="policy">The policy of this log.</param>
    /// <param name="witnesses">Who cosigns.</param>
    /// <param name="options">The options.</param>
    /// <param name="time">The clock that decides.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StorageException">Refused: the log must not be served as it is.</exception>
    public static async Task<Archive> OpenAsync(
        IDatabase database, ForwardOnly secondPlace, INoteSigner signer, ArchivePolicy policy,
        IReadOnlyList<WitnessPeer> witnesses, ArchiveOptions options, TimeProvider time,
        CancellationToken cancellation = default)
    {
        if (!policy.Policy.Logs[0].Key.Equals(signer.Verifier))
            throw new ArgumentException("The policy names another log key.", nameof(policy));
        var state = await LogState.LoadAsync(
            database, secondPlace, signer.Verifier, options.MergeAt, cancellation);
        return new Archive(
            new Parts(database, secondPlace, signer, policy, witnesses, options, time), state);
    }

    /// <summary>Orders, signs and has cosigned until cancelled. When it throws, the process must stop: the disk failed,
    /// or the log is not what this process wrote.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ordering = SideBySide.Start(() => sequencer.RunAsync(stop.Token));
        var signing = SideBySide.Start(() => checkpoints.RunAsync(stop.Token));
        // Where this fails, the log is served all the same, with a look-up more for each decision.
        var reading = SideBySide.Start(() => decisions.ReadTableAsync(database, stop.Token));
        var sweeping = SweepAsync(stop.Token);
        var first = await Task.WhenAny(ordering, signing);
        await stop.CancelAsync();
        await sweeping.ConfigureAwait(Quietly);
        await reading.ConfigureAwait(Quietly);
        var other = first == ordering ? signing : ordering;
        await other.ConfigureAwait(Quietly);
        if (first.IsFaulted || !cancellation.IsCancellationRequested)
            await first;
        if (other.IsFaulted)
            await other;
    }

    /// <summary>Drops goods that need not be kept any more; <see cref="RunAsync"/> does it from time to time.</summary>
    public async Task DropKeptAsync(CancellationToken cancellation)
    {
        while (await keeping.SweepAsync(cancellation))
        {
            // More of them are due.
        }
    }

    private async Task SweepAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await DropKeptAsync(cancellation);
            }
            catch (StorageException) when (!cancellation.IsCancellationRequested)
            {
                // Appends fail on the same disk, and say so; what is due is dropped later.
            }

            await Task.Delay(sweepPause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Verifies a request without deciding it: signatures, policy, and that it comes in time by now.</summary>
    public Result<VerifiedLeaf, ArchiveError> Verify(DecisionRequest request) =>
        DecisionRules.Verify(request, policy.Id, options.Banks, banks, sequencer.Now);

    /// <summary>Appends a verified leaf; completes when it is durable, before it is cosigned.</summary>
    public Task<Result<Appended, ArchiveError>> AppendAsync(VerifiedLeaf leaf) => sequencer.AppendAsync(leaf);

    /// <inheritdoc/>
    public async Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(
        DecisionRequest request, CancellationToken cancellation)
    {
        var subject = LeafRules.SubjectOf(request.LockNote);
        if (await FindAsync(subject, cancellation) is { } decided)
            return await DecidedAsync(decided, request, cancellation);
        var verified = Verify(request);
        if (!verified.IsOk)
            return await UnlessDecidedAsync(subject, request, verified.Map(_ => None), cancellation);
        // With such a leaf the archive says that it has the goods, and gives them out to whoever comes for them.
        if (request.Release?.Content.Made is { } made
            && !await keeping.IsWholeAsync(request.LockNote, made.Content, cancellation))
            return ArchiveError.NotKept;
        var appended = await sequencer.AppendAsync(verified.Value);
        if (!appended.IsOk)
            return await UnlessDecidedAsync(subject, request, appended.Map(_ => None), cancellation);
        return appended.Value.Leaf is { } leaf
            ? await AnswerAsync(appended.Value.Index, leaf, options.QuorumWait, cancellation)
            : await DecidedAsync(appended.Value.Index, request, cancellation);
    }

    /// <inheritdoc/>
    public async Task<Result<DecisionAnswer, ArchiveError>> DecisionAsync(
        BankKeyId bank, TransactionId transaction, CancellationToken cancellation)
    {
        var index = await FindAsync(LeafRules.SubjectOf(bank, transaction), cancellation);
        return index is null
            ? ArchiveError.Undecided
            : await AnswerAsync(
                index.Value, await LeafAsync(index.Value, cancellation), TimeSpan.Zero, cancellation);
    }

    /// <inheritdoc/>
    public async Task<Result<DecisionAnswer, ArchiveError>> AwaitDecisionAsync(
        BankKeyId bank, TransactionId transaction, TimeSpan wait, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        var isHeld = Interlocked.Increment(ref held) <= options.MaxHeldAnswers;
        try
        {
            while (true)
            {
                var size = PublishedSize;
                var answer = await DecisionAsync(bank, transaction, cancellation);
                var left = wait - time.GetElapsedTime(start);
                if (answer is { IsOk: true, Value.Decision: not null } || !isHeld || left <= TimeSpan.Zero)
                    return answer;
                await publications.WaitAsync(size, left, time, cancellation);
            }
        }
        finally
        {
            Interlocked.Decrement(ref held);
        }
    }

    /// <summary>Tells others of each decision as it is published, until cancelled.</summary>
    public Task PushAsync(IReadOnlyList<PushPeer> peers, CancellationToken cancellation) => Task.WhenAll(
        peers.Select(peer => new DecisionPush(peer, publications, LeafAsync, PublishedAsync, time)
            .RunAsync(cancellation)));

    /// <inheritdoc/>
    public async Task<Result<DecisionAnswer, ArchiveError>> EnterAsync(
        EntryRequest request, CancellationToken cancellation)
    {
        if (!EntryRules.TryRead(request, out var entry))
            return ArchiveError.Malformed;
        var subject = LeafRules.SubjectOf(entry);
        var known = await database.ReadAsync(tx => LogStore.FindStatement(tx, entry.Kind, subject), cancellation);
        if (known is { } existing)
            return await EnteredAsync(existing, request, cancellation);
        var verified = EntryRules.Verify(entry, subject, options.Banks, banks);
        if (!verified.IsOk)
            return verified.Map(_ => None);
        if (entry.Kind == LogEntry.Revocation && !await IsAnnouncedAsync(entry, subject, cancellation))
            return ArchiveError.OtherStatement;
        var appended = await keys.AppendAsync(
            entry, subject, () => sequencer.AppendAsync(verified.Value), cancellation);
        if (!appended.IsOk)
            return appended.Map(_ => None);
        return appended.Value.Leaf is { } leaf
            ? await ProveStatementAsync(appended.Value.Index, leaf, cancellation)
            : await EnteredAsync(appended.Value.Index, request, cancellation);
    }

    /// <inheritdoc/>
    public Task<KeepingTerms> KeepingAsync(CancellationToken cancellation) => Task.FromResult(keeping.Terms);

    /// <inheritdoc/>
    public Task<Result<KeepingTerms, ArchiveError>> KeepAsync(KeepRequest request, CancellationToken cancellation) =>
        keeping.KeepAsync(request, cancellation);

    /// <inheritdoc/>
    public Task<Result<GoodsChunk, ArchiveError>> KeptAsync(
        BankKeyId bank, TransactionId transaction, long index, CancellationToken cancellation) =>
        keeping.ChunkAsync(bank, transaction, index, cancellation);

    /// <inheritdoc/>
    public async Task<string> CheckpointAsync(CancellationToken cancellation)
    {
        // A log that was just opened for the first time has no checkpoint for a moment.
        if (publications.Latest is null)
            await publications.WaitAsync(-1, options.QuorumWait, time, cancellation);
        return publications.Latest is { } latest
            ? Encoding.UTF8.GetString(latest.Note)
            : throw new PartyUnreachableException("No checkpoint has reached the quorum yet.");
    }

    /// <inheritdoc/>
    public async Task<byte[]?> ReadAsync(string path, CancellationToken cancellation)
    {
        // Witnesses read what is signed but not yet cosigned; nobody reads beyond.
        if (checkpoints.Signed is not { } signed || !TileAddress.TryParse(path, out var tile))
            return null;
        var level = tile.IsEntries ? 0 : tile.Level;
        if (tile.Width > TileAddress.WidthAt(level, tile.Index, signed.Size))
            return null;
        return await database.ReadAsync(tx =>
        {
            if (!tile.IsEntries)
                return new LogStore.TileSource(tx).Read(tile).ToArray();
            var from = tile.Index * TileAddress.FullWidth;
            var leaves = LogStore.Leaves(tx, from, from + tile.Width);
            return EntryBundle.Encode(leaves);
        }, cancellation);
    }

    private const ConfigureAwaitOptions Quietly =
        ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext;

    private static readonly DecisionAnswer None = new();

    private async Task<LoggedEntry?> PublishedAsync(long index, byte[] leaf, CancellationToken cancellation) =>
        (await AnswerAsync(index, leaf, TimeSpan.Zero, cancellation)).Value.Decision;

    private Task<long?> FindAsync(byte[] subject, CancellationToken cancellation) =>
        decisions.FindAsync(database, subject, cancellation);

    private async Task<byte[]> LeafAsync(long index, CancellationToken cancellation) =>
        await database.ReadAsync(tx => LogStore.Leaf(tx, index), cancellation)
        ?? throw new StorageException(StorageFailure.InvariantViolation, $"The log lacks entry {index}.");

    // A refusal for coming too early or too late must not hide a decision that was made meanwhile.
    private async Task<Result<DecisionAnswer, ArchiveError>> UnlessDecidedAsync(
        byte[] subject, DecisionRequest request, Result<DecisionAnswer, ArchiveError> refusal,
        CancellationToken cancellation) =>
        refusal.Error is ArchiveError.Expired or ArchiveError.NotExpired
        && await FindAsync(subject, cancellation) is { } decided
            ? await DecidedAsync(decided, request, cancellation)
            : refusal;

    private async Task<Result<DecisionAnswer, ArchiveError>> DecidedAsync(
        long index, DecisionRequest request, CancellationToken cancellation)
    {
        var leaf = await LeafAsync(index, cancellation);
        if (!LogEntry.TryParse(leaf, out var entry) || !entry.IsDecision)
            throw new StorageException(StorageFailure.InvariantViolation, $"Entry {index} is no decision.");
        return request.LockNote.SaysTheSameAs(entry.LockNote)
            ? await AnswerAsync(index, leaf, options.QuorumWait, cancellation)
            : ArchiveError.OtherLockNote;
    }

    private async Task<Result<DecisionAnswer, ArchiveError>> EnteredAsync(
        long index, EntryRequest request, CancellationToken cancellation)
    {
        var leaf = await LeafAsync(index, cancellation);
        if (!LogEntry.TryParse(leaf, out var entry) || entry.Statement is null)
            throw new StorageException(StorageFailure.InvariantViolation, $"Entry {index} is no statement.");
        return EntryRules.IsSame(entry.Statement, request.Statement)
            ? await ProveStatementAsync(index, leaf, cancellation)
            : ArchiveError.OtherStatement;
    }

    private async Task<bool> IsAnnouncedAsync(LogEntry revocation, byte[] subject, CancellationToken cancellation)
    {
        var index = await database.ReadAsync(
            tx => LogStore.FindStatement(tx, LogEntry.Denomination, subject), cancellation);
        return index is not null && LogEntry.TryParse(await LeafAsync(index.Value, cancellation), out var announced)
            && LeafRules.IssuerOf(announced) == LeafRules.IssuerOf(revocation);
    }

    /// <summary>The entry with its proof under the first published checkpoint that covers it, or pending.</summary>
    private async Task<Result<DecisionAnswer, ArchiveError>> AnswerAsync(
        long index, byte[] leaf, TimeSpan wait, CancellationToken cancellation)
    {
        if (!await publications.WaitAsync(index, wait, time, cancellation))
            return new DecisionAnswer();
        var (checkpoint, note) = Read(await publications.CoveringAsync(index, cancellation), index);
        return await ProveAsync(index, leaf, checkpoint, note, cancellation);
    }

    /// <summary>A statement is used long after it was entered, by those who know the present witnesses only: where the
    /// first checkpoint does not satisfy the present policy, the latest one proves it.</summary>
    private async Task<Result<DecisionAnswer, ArchiveError>> ProveStatementAsync(
        long index, byte[] leaf, CancellationToken cancellation)
    {
        if (!await publications.WaitAsync(index, options.QuorumWait, time, cancellation))
            return new DecisionAnswer();
        var (checkpoint, note) = Read(await publications.CoveringAsync(index, cancellation), index);
        if (!policy.Policy.IsSatisfied(note, out _))
            (checkpoint, note) = Read(publications.Latest, index);
        return policy.Policy.IsSatisfied(note, out _)
            ? await ProveAsync(index, leaf, checkpoint, note, cancellation)
            : new DecisionAnswer();
    }

    private static (PublishedCheckpoint, SignedNote) Read(PublishedCheckpoint? checkpoint, long index) =>
        checkpoint is not null && SignedNote.TryParse(checkpoint.Note, out var note)
            ? (checkpoint, note)
            : throw new StorageException(StorageFailure.InvariantViolation, $"No checkpoint covers entry {index}.");

    private async Task<Result<DecisionAnswer, ArchiveError>> ProveAsync(
        long index, byte[] leaf, PublishedCheckpoint checkpoint, SignedNote note, CancellationToken cancellation)
    {
        var path = await proofs.InclusionAsync(index, checkpoint.Size, cancellation);
        var proof = new TlogProof(index, path, note);
        return new DecisionAnswer(new LoggedEntry(leaf, Encoding.UTF8.GetString(proof.ToBytes())));
    }

    private sealed record Parts(
        IDatabase Database, ForwardOnly SecondPlace, INoteSigner Signer, ArchivePolicy Policy,
        IReadOnlyList<WitnessPeer> Witnesses, ArchiveOptions Options, TimeProvider Time);
}
