using System.Text;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Simulation.World;

namespace Bauta.Simulation.Lies;

/// <summary>Puts a liar in the place of one party, with that party's own keys. It lies now and then, as the seed says,
/// and until the world is calm.</summary>
internal sealed class Liar
{
    private const int Often = 400_000;

    private readonly SimulatedWorld world;
    private readonly Lie lie;
    private readonly Chance chance;

    // What was seen of releases before they were published, by transaction.
    private readonly Dictionary<TransactionId, DecisionRequest> releases = [];
    private readonly Dictionary<OfferId, Signed<Merchandise>> promised = [];
    private readonly Dictionary<TransactionId, bool> withheld = [];
    private string? oldCosignature;

    public Liar(SimulatedWorld world, Lie lie, Chance chance) =>
        (this.world, this.lie, this.chance) = (world, lie, chance);

    /// <summary>Whether it still lies.</summary>
    private bool IsAtIt => world.IsStormy;

    public void TakePlace()
    {
        switch (lie)
        {
            case Lie.ShopWrongRoot or Lie.ShopReplaysTransaction or Lie.CustomerWithholdsNotes:
                world.ShopMask = real => new Shop(this, real);
                break;
            case Lie.BankLocksTwice or Lie.BankDeniesToken or Lie.BankLocksAndDenies or Lie.BankWrongAmount:
                world.BankMask = real => new Bank(this, real);
                break;
            case Lie.ShopWithholdsRelease or Lie.ArchiveTwoDecisions or Lie.ArchiveEarlyKey or Lie.ArchiveSilent:
                world.ArchiveMask = real => new Archive(this, real);
                break;
            case Lie.WitnessSilent or Lie.WitnessStale:
                world.WitnessMask = (index, real) => index == 0 ? new Witness(this, real) : real;
                break;
            case Lie.ShopWrongGoods:
                SpoilGoods();
                break;
        }
    }

    /// <summary>Proves any leaf as those could who sign.</summary>
    public static LoggedEntry Forge(SimulatedWorld world, LogEntry entry, bool withWitnesses)
    {
        var leaf = entry.ToLeaf();
        var tree = new MerkleTree();
        tree.Append(MerkleHash.Leaf(leaf));
        var kit = world.Kit;
        INoteSigner[] signers = withWitnesses
            ? [kit.LogSigner, .. Enumerable.Range(0, kit.Witnesses).Select(i => kit.Cosigner(i, world.Loop.Clock))]
            : [kit.LogSigner];
        var note = SignedNote.Sign(new Checkpoint(kit.LogSigner.Verifier.Name, 1, tree.Root).ToBytes(), signers);
        return new LoggedEntry(leaf, Encoding.UTF8.GetString(new TlogProof(0, [], note).ToBytes()));
    }

    private bool Lies()
    {
        if (!IsAtIt || !chance.Happens(Often))
            return false;
        world.Tally.Add("lie " + LieNames.Of(lie));
        return true;
    }

    // Of the same size, so that only its hash tells.
    private void SpoilGoods()
    {
        foreach (var file in Directory.EnumerateFiles(world.PathOf("goods")))
        {
            if (!chance.Happens(500_000))
                continue;
            var bytes = File.ReadAllBytes(file);
            bytes[chance.Below(bytes.Length)] ^= 1;
            File.WriteAllBytes(file, bytes);
            world.Tally.Add("lie " + LieNames.Of(lie));
        }
    }

    private sealed class Shop(Liar liar, IMerchant real) : HonestShop(real)
    {
        public override async Task<Result<Signed<Merchandise>, MerchantError>> PurchaseAsync(
            PurchaseRequest request, CancellationToken cancellation)
        {
            if (liar.promised.GetValueOrDefault(request.Offer) is { } before
                && Terms.AreSame(before.Content.Terms, request.Terms)
                && before.Content.ExpiresAt > liar.world.Now.AddSeconds(10) && liar.Lies())
                return before;
            var answer = await Real.PurchaseAsync(request, cancellation);
            if (answer.IsOk && liar is { lie: Lie.ShopReplaysTransaction })
                liar.promised[request.Offer] = answer.Value;
            return answer;
        }

        public override async Task<Result<GoodsChunk, MerchantError>> ChunkAsync(
            DeliveryId delivery, long index, CancellationToken cancellation)
        {
            var answer = await Real.ChunkAsync(delivery, index, cancellation);
            if (!answer.IsOk || liar is not { lie: Lie.ShopWrongRoot } || !liar.Lies())
                return answer;
            var spoilt = (byte[])answer.Value.Ciphertext.Clone();
            spoilt[0] ^= 1;
            return new GoodsChunk(answer.Value.Path, spoilt);
        }

        // The customer's lie: its P3 never comes, however often it seems to be sent.
        public override Task<Result<PaymentAnswer, MerchantError>> PayAsync(
            PaymentRequest request, CancellationToken cancellation)
        {
            if (liar is { lie: Lie.CustomerWithholdsNotes })
            {
                if (!liar.withheld.TryGetValue(request.Transaction, out var isWithheld))
                    liar.withheld[request.Transaction] = isWithheld = liar.Lies();
                if (isWithheld)
                    throw new PartyUnreachableException("It was never sent.");
            }

            return Real.PayAsync(request, cancellation);
        }
    }

    private sealed class Bank(Liar liar, IBank real) : HonestBank(real)
    {
        public override async Task<Result<LockAnswer, BankError>> LockAsync(
            SignedAuthorization authorization, CancellationToken cancellation)
        {
            if (!liar.Lies())
                return await Real.LockAsync(authorization, cancellation);
            if (liar is { lie: Lie.BankDeniesToken })
                return BankError.TokenSpent;
            var answer = await Real.LockAsync(authorization, cancellation);
            if (!answer.IsOk)
                return answer;
            if (liar is { lie: Lie.BankLocksAndDenies })
                return BankError.TokenSpent;
            var (note, payment) = (answer.Value.LockNote.Content, answer.Value.Payment.Content);
            var key = liar.world.Kit.BankKey;
            return liar is { lie: Lie.BankLocksTwice }
                ? answer.Value with
                {
                    LockNote = Signed<LockNote>.Sign(key, note with { ExpiresAt = note.ExpiresAt.AddSeconds(100) }),
                }
                : answer.Value with
                {
                    Payment = Signed<PaymentNote>.Sign(
                        key, payment with { Amount = payment.Amount + Amount.FromMinorUnits(1) }),
                };
        }
    }

    private sealed class Archive(Liar liar, IArchive real) : HonestArchive(real)
    {
        public override async Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(
            DecisionRequest request, CancellationToken cancellation)
        {
            if (liar is { lie: Lie.ShopWithholdsRelease } && request.Release is not null)
            {
                var n = request.LockNote.Content.Transaction;
                if (!liar.withheld.TryGetValue(n, out var isWithheld))
                    liar.withheld[n] = isWithheld = liar.Lies();
                if (isWithheld)
                    throw new PartyUnreachableException("It was never sent.");
            }

            if (liar is { lie: Lie.ArchiveSilent } && liar.Lies())
                throw new PartyUnreachableException("Silence.");
            if (request.Release is not null)
                liar.releases[request.LockNote.Content.Transaction] = request;
            // The shop waits, and so the customer asks.
            if (liar is { lie: Lie.ArchiveEarlyKey } && request.Release is not null && liar.Lies())
                throw new PartyUnreachableException("Silence.");
            if (liar is { lie: Lie.ArchiveTwoDecisions } && liar.Lies())
                return new DecisionAnswer(liar.ForgedAbort(request.LockNote));
            return await Real.DecideAsync(request, cancellation);
        }

        public override async Task<Result<DecisionAnswer, ArchiveError>> DecisionAsync(
            BankKeyId bank, TransactionId transaction, CancellationToken cancellation)
        {
            var answer = await Real.DecisionAsync(bank, transaction, cancellation);
            if (liar.releases.GetValueOrDefault(transaction) is not { } seen)
                return answer;
            return liar.lie switch
            {
                Lie.ArchiveEarlyKey when answer.Error == ArchiveError.Undecided && liar.IsAtIt =>
                    new DecisionAnswer(Forge(
                        liar.world, new LogEntry(LogEntry.Commit, liar.world.Now, seen.LockNote, seen.Release), false)),
                Lie.ArchiveTwoDecisions when liar.Lies() => new DecisionAnswer(liar.ForgedAbort(seen.LockNote)),
                _ => answer,
            };
        }
    }

    private LoggedEntry ForgedAbort(Signed<LockNote> note) =>
        Forge(world, new LogEntry(LogEntry.Abort, note.Content.ExpiresAt, note), withWitnesses: false);

    private sealed class Witness(Liar liar, IWitness real) : IWitness
    {
        public async Task<Result<string, WitnessError>> AddCheckpointAsync(
            string request, CancellationToken cancellation)
        {
            if (liar is { lie: Lie.WitnessSilent } && liar.Lies())
                throw new PartyUnreachableException("Silence.");
            if (liar is { lie: Lie.WitnessStale, oldCosignature: { } old } && liar.Lies())
                return old;
            var answer = await real.AddCheckpointAsync(request, cancellation);
            if (answer.IsOk)
                liar.oldCosignature ??= answer.Value;
            return answer;
        }
    }
}
