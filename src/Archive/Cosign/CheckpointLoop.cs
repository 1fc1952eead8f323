using System.Threading.Channels;
using Bauta.Archive.Log;
using Bauta.Crypto.Notes;
using Bauta.Storage;

namespace Bauta.Archive.Cosign;

/// <summary>
/// Signs what is durable and has it cosigned, one checkpoint in flight; what is appended meanwhile is the next one's.
/// </summary>
/// <remarks>
/// Order of a checkpoint: the leaves are durable; they are read back and checked; the checkpoint is signed and written
/// to the second place; only then it leaves this process; cosignatures of the quorum make it published, durably; only
/// then a decision that it covers is answered.
/// </remarks>
internal sealed class CheckpointLoop(
    IDatabase database, ForwardOnly secondPlace, INoteSigner signer, TlogPolicy policy,
    IReadOnlyList<WitnessLink> links, Auditor auditor, LogProofs proofs, Publications publications,
    ArchiveOptions options, TimeProvider time, Func<LogHead> durableHead)
{
    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1)
    {
        FullMode = BoundedChannelFullMode.DropWrite,
    });

    private const long Nothing = long.MinValue;

    private volatile SignedHead? signed;
    private long unpublishedSince = time.GetTimestamp();

    /// <summary>The checkpoint signed last, cosigned or not: witnesses may read the log up to here.</summary>
    public SignedHead? Signed => signed;

    /// <summary>How long there has been something to publish since a checkpoint was last published.</summary>
    public TimeSpan Unpublished => Volatile.Read(ref unpublishedSince) is var since && since != Nothing
        ? time.GetElapsedTime(since)
        : TimeSpan.Zero;

    public void StartFrom(SignedHead? head) => signed = head;

    /// <summary>There is more to sign.</summary>
    public void Wake() => wake.Writer.TryWrite(true);

    public async Task RunAsync(CancellationToken cancellation)
    {
        // Other witnesses count only since a start.
        var isUnderPolicy = publications.Latest is { } last && IsUnderPolicy(last);
        while (!cancellation.IsCancellationRequested)
        {
            if (isUnderPolicy && publications.Latest?.Size == durableHead().Size)
            {
                Volatile.Write(ref unpublishedSince, Nothing);
                await wake.Reader.ReadAsync(cancellation);
                Volatile.Write(ref unpublishedSince, time.GetTimestamp());
            }
            else if (await PublishAsync(cancellation))
            {
                isUnderPolicy = true;
                Volatile.Write(ref unpublishedSince, time.GetTimestamp());
            }
            else
            {
                await Task.Delay(options.CosignRetry, time, cancellation);
            }
        }
    }

    private async Task<bool> PublishAsync(CancellationToken cancellation)
    {
        var head = await SignAsync(durableHead(), cancellation);
        var note = await CosignAsync(head, cancellation);
        if (note is null)
            return false;
        var checkpoint = new PublishedCheckpoint(head.Size, note.ToBytes());
        if (publications.Latest?.Size == head.Size)
        {
            // Other witnesses count since a restart: nothing is new but their cosignatures.
            publications.Renew(checkpoint);
            return true;
        }

        // All that wait for this checkpoint will ask for proofs at once.
        await proofs.WarmAsync(publications.Latest?.Size ?? 0, head.Size, cancellation);
        await database.WriteAsync(tx =>
        {
            LogStore.InsertCheckpoint(tx, checkpoint);
            return true;
        }, CancellationToken.None);
        publications.Add(checkpoint);
        return true;
    }

    private bool IsUnderPolicy(PublishedCheckpoint checkpoint) =>
        SignedNote.TryParse(checkpoint.Note, out var note) && policy.IsSatisfied(note, out _);

    private async Task<SignedHead> SignAsync(LogHead head, CancellationToken cancellation)
    {
        if (signed is { } last && last.Size == head.Size)
            return last;
        await auditor.VerifyAsync(head, cancellation);
        var note = new Checkpoint(signer.Verifier.Name, head.Size, head.Root).Sign(signer);
        secondPlace.Advance(head.Size, System.Text.Encoding.UTF8.GetString(note.ToBytes()));
        return signed = new SignedHead(head.Size, note);
    }

    /// <summary>The note with the first cosignatures that make the quorum, or null when it is not reached.</summary>
    private async Task<SignedNote?> CosignAsync(SignedHead head, CancellationToken cancellation)
    {
        var cosignatures = new List<NoteSignature>();
        var names = new List<string>();
        var asked = links.Select(link => AskAsync(link, head, cancellation)).ToList();
        while (!policy.IsQuorum(names))
        {
            if (asked.Count == 0)
                return null;
            var done = await Task.WhenAny(asked);
            asked.Remove(done);
            var (key, cosignature) = await done;
            if (cosignature is null)
                continue;
            cosignatures.Add(cosignature);
            names.AddRange(policy.Witnesses.Where(w => w.Key.Equals(key)).Select(w => w.Name));
        }

        // The slower ones go on by themselves; what they answer later counts for how far they are.
        return cosignatures.Count == 0 ? head.Note : head.Note.WithSignatures(cosignatures);
    }

    private static async Task<(NoteVerifier Key, NoteSignature? Cosignature)> AskAsync(
        WitnessLink link, SignedHead head, CancellationToken cancellation) =>
        (link.Key, await link.AskAsync(head, cancellation));
}
