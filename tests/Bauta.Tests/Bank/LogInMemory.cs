using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;

namespace Bauta.Tests.Bank;

/// <summary>
/// An archive that keeps its log in memory: really signed, cosigned and proven, so that the bank verifies all of it.
/// It can be told to misbehave.
/// </summary>
public sealed class LogInMemory : IArchive, ILog, IDisposable
{
    private readonly TimeProvider clock;
    private readonly NoteSigner log = NoteSigner.Generate("archive.example");
    private Cosigner[] witnesses;
    private readonly MerkleTree tree = new();
    private readonly Dictionary<(int, long), MerkleHash> nodes = [];
    private readonly List<byte[]> leaves = [];
    private readonly Dictionary<string, LoggedEntry> decisions = [];
    private readonly Dictionary<string, LoggedEntry> statements = [];
    private readonly Lock gate = new();

    public LogInMemory(TimeProvider clock)
    {
        this.clock = clock;
        (witnesses, Policy) = NewWitnesses();
    }

    public ArchivePolicy Policy { get; private set; }

    /// <summary>All witnesses leave and others come: what is asked from now on is proven by them.</summary>
    public void ChangeWitnesses()
    {
        foreach (var witness in witnesses)
            witness.Dispose();
        (witnesses, Policy) = NewWitnesses();
        statements.Clear();
    }

    private (Cosigner[], ArchivePolicy) NewWitnesses()
    {
        Cosigner[] made = [.. Enumerable.Range(1, 3).Select(i => Cosigner.Generate($"witness{i}.example", clock))];
        return (made, ArchivePolicy.Create(log.Verifier, [.. made.Select(witness => witness.Verifier)], 2));
    }

    /// <summary>How many witnesses cosign.</summary>
    public int Cosigning { get; set; } = 3;

    /// <summary>Answers that there is no quorum yet.</summary>
    public bool IsSlow { get; set; }

    /// <summary>Does not answer.</summary>
    public bool IsDown { get; set; }

    public int DecisionsAsked { get; private set; }

    public Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(
        DecisionRequest request, CancellationToken cancellation)
    {
        lock (gate)
        {
            DecisionsAsked++;
            Meet();
            var note = request.LockNote.Content;
            if (decisions.TryGetValue(KeyOf(BankKeyId.Of(request.LockNote), note.Transaction), out var known))
                return Answer(known);
            var isExpired = UnixTime.Now(clock) >= note.ExpiresAt;
            if (request.Release is null && !isExpired)
                return Refuse(ArchiveError.NotExpired);
            if (request.Release is not null && isExpired)
                return Refuse(ArchiveError.Expired);
            if (request.Release is not null && !Release.Matches(request.Release, note))
                return Refuse(ArchiveError.BadRelease);
            var entry = Append(new LogEntry(
                request.Release is null ? LogEntry.Abort : LogEntry.Commit, UnixTime.Now(clock), request.LockNote,
                request.Release));
            decisions[KeyOf(BankKeyId.Of(request.LockNote), note.Transaction)] = entry;
            return Answer(entry);
        }
    }

    public Task<Result<DecisionAnswer, ArchiveError>> DecisionAsync(
        BankKeyId bank, TransactionId transaction, CancellationToken cancellation)
    {
        lock (gate)
            return decisions.TryGetValue(KeyOf(bank, transaction), out var known)
                ? Answer(known)
                : Refuse(ArchiveError.Undecided);
    }

    public Task<Result<DecisionAnswer, ArchiveError>> EnterAsync(
        EntryRequest request, CancellationToken cancellation)
    {
        lock (gate)
        {
            Meet();
            if (!statements.TryGetValue(request.Statement, out var known))
            {
                known = Append(new LogEntry(request.Kind, UnixTime.Now(clock), Statement: request.Statement));
                statements[request.Statement] = known;
            }

            return Answer(known);
        }
    }

    public Task<KeepingTerms> KeepingAsync(CancellationToken cancellation) => throw new NotSupportedException();

    public Task<Result<KeepingTerms, ArchiveError>> KeepAsync(KeepRequest request, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<Result<GoodsChunk, ArchiveError>> KeptAsync(
        BankKeyId bank, TransactionId transaction, long index, CancellationToken cancellation) =>
        throw new NotSupportedException();

    private static string KeyOf(BankKeyId bank, TransactionId transaction) => $"{bank}/{transaction}";

    /// <summary>Puts a leaf into the log, whatever it says.</summary>
    public LoggedEntry Append(LogEntry entry)
    {
        lock (gate)
        {
            var leaf = entry.ToLeaf();
            leaves.Add(leaf);
            var index = tree.Append(
                MerkleHash.Leaf(leaf), (int level, long at, in MerkleHash hash) => nodes[(level, at)] = hash);
            var path = InclusionProof.Generate(index, tree.Size, (level, at) => nodes[(level, at)]);
            return new LoggedEntry(leaf, Encoding.UTF8.GetString(new TlogProof(index, path, Sign()).ToBytes()));
        }
    }

    public Task<string> CheckpointAsync(CancellationToken cancellation)
    {
        lock (gate)
        {
            Meet();
            return Task.FromResult(Encoding.UTF8.GetString(Sign().ToBytes()));
        }
    }

    public Task<byte[]?> ReadAsync(string path, CancellationToken cancellation)
    {
        lock (gate)
        {
            Meet();
            if (!TileAddress.TryParse(path, out var tile)
                || tile.Width > TileAddress.WidthAt(Math.Max(tile.Level, 0), tile.Index, tree.Size))
                return Task.FromResult<byte[]?>(null);
            var start = (int)tile.Index * TileAddress.FullWidth;
            return Task.FromResult<byte[]?>(tile.IsEntries
                ? EntryBundle.Encode(
                    [.. leaves.Skip(start).Take(tile.Width).Select(leaf => new ReadOnlyMemory<byte>(leaf))])
                : [.. Enumerable.Range(start, tile.Width).SelectMany(i =>
                    nodes[(tile.Level * TileAddress.Height, i)].ToArray())]);
        }
    }

    private SignedNote Sign() => SignedNote.Sign(
        new Checkpoint(log.Verifier.Name, tree.Size, tree.Root).ToBytes(),
        [log, .. witnesses.Take(Cosigning)]);

    public void Dispose()
    {
        log.Dispose();
        foreach (var witness in witnesses)
            witness.Dispose();
    }

    private void Meet()
    {
        if (IsDown)
            throw new PartyUnreachableException("The archive is down.");
    }

    private Task<Result<DecisionAnswer, ArchiveError>> Answer(LoggedEntry entry) =>
        Task.FromResult<Result<DecisionAnswer, ArchiveError>>(new DecisionAnswer(IsSlow ? null : entry));

    private static Task<Result<DecisionAnswer, ArchiveError>> Refuse(ArchiveError error) =>
        Task.FromResult<Result<DecisionAnswer, ArchiveError>>(error);
}

/// <summary>The merchant's secrets of one sale: the release key, what it will publish, and what it promised.</summary>
public sealed class Sale(bool isSession = false, bool isForced = false)
{
    private readonly byte[] maskedKey = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private readonly P256PrivateKey releaseKey = P256PrivateKey.Generate();

    public TransactionId Transaction => TransactionId.Of(releaseKey.PublicKey);

    private readonly P256PrivateKey? customer =
        isSession || isForced ? P256PrivateKey.Generate() : null;

    public KeyCommitment Commitment => customer is null
        ? KeyCommitment.To(Transaction, maskedKey)
        : isForced ? KeyCommitment.ToOrder(Transaction, customer.PublicKey)
        : KeyCommitment.To(Transaction, customer.PublicKey);

    /// <summary>With a session, what seals its total.</summary>
    public byte[]? TotalKey { get; } =
        isSession || isForced ? [.. Enumerable.Range(100, 32).Select(i => (byte)i)] : null;

    /// <summary>With a session, what the customer acknowledged.</summary>
    public long Total { get; init; }

    public Signed<Release> Release() => isForced ? Forced() : Signed<Release>.Sign(
        releaseKey, new Release(releaseKey.PublicKey.Spki, maskedKey, customer is null ? null : Agreed(customer)));

    private Signed<Release> Forced() => Signed<Release>.Sign(releaseKey, new Release(
        releaseKey.PublicKey.Spki, maskedKey, Made: Signed<MadeGoods>.Sign(releaseKey, new MadeGoods(
            releaseKey.PublicKey.Spki, customer!.PublicKey.Spki, KeyCommitment.To(Transaction, maskedKey),
            new byte[32], 1024))));

    /// <summary>What somebody acknowledges in place of the customer.</summary>
    public Signed<Release> ReleaseAgreedBy(P256PrivateKey somebody) => Signed<Release>.Sign(
        releaseKey, new Release(releaseKey.PublicKey.Spki, maskedKey, Agreed(somebody)));

    private Signed<ItemAcknowledgement> Agreed(P256PrivateKey by)
    {
        var commitment = KeyCommitment.To(Transaction, maskedKey);
        return Signed<ItemAcknowledgement>.Sign(by, new ItemAcknowledgement(
            by.PublicKey.Spki, Transaction, commitment,
            SealedTotal.Seal(TotalKey ?? new byte[32], commitment, Amount.FromMinorUnits(Total)), new byte[32]));
    }

    /// <summary>Signed by the right key, but opens something else than what was promised.</summary>
    public Signed<Release> OtherRelease() =>
        Signed<Release>.Sign(releaseKey, new Release(releaseKey.PublicKey.Spki, new byte[32]));
}
