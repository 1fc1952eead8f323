using System.Globalization;
using System.Text;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;

namespace Bauta.Archive.Follow;

/// <summary>
/// A witness of one log: cosigns a checkpoint only when it extends the one cosigned last and every leaf between keeps
/// the rules, each transaction decided once. What it cosigned is durable before the cosignature leaves. Safe for
/// concurrent use; requests are taken one by one.
/// </summary>
public sealed class Witness : IWitness, IDisposable
{
    private readonly NoteVerifier logKey;
    private readonly ILog log;
    private readonly INoteSigner signer;
    private readonly ForwardOnly? secondPlace;
    private readonly LogFollower follower;
    private readonly SemaphoreSlim gate = new(1);

    private Witness(
        NoteVerifier logKey, ILog log, INoteSigner signer, ForwardOnly? secondPlace, LogFollower follower) =>
        (this.logKey, this.log, this.signer, this.secondPlace, this.follower) =
        (logKey, log, signer, secondPlace, follower);

    /// <summary>The size cosigned last.</summary>
    public long Size => follower.Accepted.Size;

    /// <summary>Opens the witness and refuses a database that was put back behind its second place.</summary>
    /// <param name="database">With <see cref="FollowSchema.Migrations"/>.</param>
    /// <param name="secondPlace">A file that holds what was cosigned last; null to go without.</param>
    /// <param name="logKey">The log's key; its name is the origin.</param>
    /// <param name="log">Where the log's leaves are read.</param>
    /// <param name="signer">The witness's key (cosignature/v1).</param>
    /// <param name="options">The options.</param>
    /// <param name="time">The witness's clock.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<Witness> OpenAsync(
        IDatabase database, ForwardOnly? secondPlace, NoteVerifier logKey, ILog log, INoteSigner signer,
        WitnessOptions options, TimeProvider time, CancellationToken cancellation = default)
    {
        if (signer.Verifier.Type != NoteKeyType.Cosignature || logKey.Type != NoteKeyType.Ed25519)
            throw new ArgumentException("A witness cosigns with type 0x04 what a log signed with type 0x01.");
        var rules = new FollowRules(true, options.FutureToleranceSeconds);
        var follower = await LogFollower.OpenAsync(database, logKey.Name, rules, time, cancellation);
        if (secondPlace?.Latest is { } mark && !IsPast(follower.Accepted, mark))
            throw new StorageException(
                StorageFailure.Refused, $"The witness cosigned a checkpoint over {mark.Number} entries that its " +
                "database does not know: it was put back to an older state.");
        return new Witness(logKey, log, signer, secondPlace, follower);
    }

    /// <inheritdoc/>
    public async Task<Result<string, WitnessError>> AddCheckpointAsync(string request, CancellationToken cancellation)
    {
        if (!AddCheckpointRequest.TryParse(Encoding.UTF8.GetBytes(request), out var asked)
            || !Checkpoint.TryParse(asked.Note.TextBytes, out var checkpoint))
            return WitnessError.Malformed;
        if (checkpoint.Origin != logKey.Name)
            return WitnessError.UnknownLog;
        if (!asked.Note.TryVerify([logKey], out _))
            return WitnessError.BadSignature;

        await gate.WaitAsync(cancellation);
        try
        {
            return await CosignAsync(asked, checkpoint, cancellation);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => gate.Dispose();

    private async Task<Result<string, WitnessError>> CosignAsync(
        AddCheckpointRequest asked, Checkpoint checkpoint, CancellationToken cancellation)
    {
        var accepted = follower.Accepted;
        if (asked.OldSize != accepted.Size)
            return Result<string, WitnessError>.Refuse(
                WitnessError.Conflict, accepted.Size.ToString(CultureInfo.InvariantCulture));
        if (!ConsistencyProof.Verify(
            accepted.Size, accepted.Tree().Root, checkpoint.Size, checkpoint.Root, asked.Proof.ToArray()))
            return WitnessError.Inconsistent;

        if (checkpoint.Size > accepted.Size)
        {
            BadLeaf? bad = null;
            switch (await FollowAsync(checkpoint, leaf => bad ??= leaf, cancellation))
            {
                case FollowOutcome.BadLeaf:
                    return Result<string, WitnessError>.Refuse(
                        WitnessError.BadLeaf, $"Leaf {bad!.Index}: {bad.Fault}.");
                case FollowOutcome.OtherRoot:
                    return Result<string, WitnessError>.Refuse(
                        WitnessError.Inconsistent, "The leaves do not give the checkpoint's root.");
                case FollowOutcome.Unavailable:
                    return WitnessError.Unavailable;
            }
        }

        if (checkpoint.Size > (secondPlace?.Latest?.Number ?? -1))
            secondPlace?.Advance(checkpoint.Size, checkpoint.Root.ToBase64());
        var cosignature = signer.Sign(asked.Note.TextBytes);
        return Encoding.UTF8.GetString(AddCheckpointResponse.Write([cosignature]));
    }

    private async Task<FollowOutcome> FollowAsync(
        Checkpoint checkpoint, Action<BadLeaf> found, CancellationToken cancellation)
    {
        try
        {
            return await follower.FollowAsync(checkpoint, log, found, null, cancellation);
        }
        catch (Exception unreadable) when (unreadable is PartyUnreachableException or ProtocolViolationException)
        {
            return FollowOutcome.Unavailable;
        }
    }

    private static bool IsPast(LogPoint accepted, ForwardOnly.Mark mark) =>
        accepted.Size > mark.Number
        || (accepted.Size == mark.Number && accepted.Tree().Root.ToBase64() == mark.Text);
}
