using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Simulation.World;

namespace Bauta.Simulation.Lies;

/// <summary>Breaks one rule, for tests that want to see it found.</summary>
internal static class Saboteur
{
    public static void TakePlace(SimulatedWorld world, Sabotage sabotage)
    {
        if (sabotage == Sabotage.ForgedAbort)
            world.ArchiveMask = real => new ForgingArchive(world, real);
        else if (sabotage == Sabotage.FreshNotes)
            world.BankMask = real => new ForgetfulBank(world.Kit.BankKey, real);
        else if (sabotage == Sabotage.LyingDisk)
            world.IsBankDiskLying = true;
    }

    private sealed class ForgingArchive(SimulatedWorld world, IArchive real) : HonestArchive(real)
    {
        public override Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(
            DecisionRequest request, CancellationToken cancellation) => request.Release is null
            ? Task.FromResult(Result<DecisionAnswer, ArchiveError>.Ok(new DecisionAnswer(Liar.Forge(
                world, new LogEntry(LogEntry.Abort, world.Now, request.LockNote), withWitnesses: true))))
            : Real.DecideAsync(request, cancellation);
    }

    private sealed class ForgetfulBank(P256PrivateKey key, IBank real) : HonestBank(real)
    {
        public override async Task<Result<LockAnswer, BankError>> LockAsync(
            SignedAuthorization authorization, CancellationToken cancellation)
        {
            var answer = await Real.LockAsync(authorization, cancellation);
            return answer.IsOk
                ? answer.Value with { LockNote = Signed<LockNote>.Sign(key, answer.Value.LockNote.Content) }
                : answer;
        }
    }
}
