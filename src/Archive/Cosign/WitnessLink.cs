using System.Globalization;
using System.Text;
using Bauta.Archive.Log;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;

namespace Bauta.Archive.Cosign;

/// <summary>A witness and where it answers.</summary>
/// <param name="Key">Its key, as the policy lists it.</param>
/// <param name="Client">How to ask it.</param>
public sealed record WitnessPeer(NoteVerifier Key, IWitness Client);

/// <summary>How it goes with a witness.</summary>
/// <param name="Name">Its key's name.</param>
/// <param name="Size">The size that it cosigned last, as far as known.</param>
/// <param name="Refusal">Why it did not cosign what it was asked last; null when it did.</param>
/// <param name="Failures">How often it was asked and did not cosign.</param>
public sealed record WitnessStatus(string Name, long Size, string? Refusal, long Failures);

/// <summary>A checkpoint that this log has signed, and that stands in the second place.</summary>
internal sealed record SignedHead(long Size, SignedNote Note);

/// <summary>Asks one witness for cosignatures, one request at a time, and remembers how far it is.</summary>
internal sealed class WitnessLink(WitnessPeer peer, LogProofs proofs, TimeSpan timeout, TimeProvider time)
{
    private int busy;
    private long knownSize;
    private long failures;
    private volatile string? refusal = "Not asked yet.";

    public NoteVerifier Key => peer.Key;

    public WitnessStatus Status => new(
        peer.Key.Name, Interlocked.Read(ref knownSize), refusal, Interlocked.Read(ref failures));

    /// <summary>The verified cosignature, or null: refused, unreachable, too slow, or busy with another one.</summary>
    public async Task<NoteSignature?> AskAsync(SignedHead head, CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref busy, 1) == 1)
            return null;
        var isCosigned = false;
        try
        {
            using var deadline = new CancellationTokenSource(timeout, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
            var before = Interlocked.Read(ref knownSize);
            var cosignature = await TryAskAsync(head, both.Token);
            // A conflict has told how far the witness is, so the second question fits.
            if (cosignature is null && Interlocked.Read(ref knownSize) != before)
                cosignature = await TryAskAsync(head, both.Token);
            isCosigned = cosignature is not null;
            return cosignature;
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            refusal = failure is OperationCanceledException ? "No answer in time." : failure.Message;
            return null;
        }
        finally
        {
            if (!isCosigned && !cancellation.IsCancellationRequested)
                Interlocked.Increment(ref failures);
            Volatile.Write(ref busy, 0);
        }
    }

    private async Task<NoteSignature?> TryAskAsync(SignedHead head, CancellationToken cancellation)
    {
        var oldSize = Interlocked.Read(ref knownSize);
        if (oldSize > head.Size)
        {
            refusal = "The witness has seen more of this log than there is: the log was put back, or forked.";
            return null;
        }

        var proof = await proofs.ConsistencyAsync(oldSize, head.Size, cancellation);
        var request = new AddCheckpointRequest(oldSize, proof, head.Note);
        var answer = await peer.Client.AddCheckpointAsync(Encoding.UTF8.GetString(request.ToBytes()), cancellation);
        if (answer.IsOk)
            return Take(head, answer.Value);
        refusal = $"{Refusals<WitnessError>.Code(answer.Error.Value)} {answer.Detail}".TrimEnd();
        if (answer.Error == WitnessError.Conflict && long.TryParse(
            answer.Detail, NumberStyles.None, CultureInfo.InvariantCulture, out var size))
            Interlocked.Exchange(ref knownSize, size);
        return null;
    }

    private NoteSignature? Take(SignedHead head, string body)
    {
        if (AddCheckpointResponse.TryParse(Encoding.UTF8.GetBytes(body), out var lines))
        {
            foreach (var line in lines.Where(Key.IsNamedBy))
            {
                if (!Key.TryVerify(head.Note.TextBytes, line, out _))
                    continue;
                Interlocked.Exchange(ref knownSize, head.Size);
                refusal = null;
                return line;
            }
        }

        refusal = "The answer holds no cosignature of this witness.";
        return null;
    }
}
