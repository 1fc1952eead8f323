using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;
using Bauta.Wallet.Purchase;

namespace Bauta.Simulation.World;

/// <summary>What a judge says about purchases that are over.</summary>
internal sealed partial class SimulatedWorld
{
    /// <summary>The evidence proves what happened; and where archive or bank had signed twice, it would prove
    /// that.</summary>
    private async Task HearAsync(Customer customer, PurchaseState state)
    {
        if (state is not (Opened or Returned))
            return;
        var evidence = await customer.Wallet.EvidenceAsync(state.Order.Id, CancellationToken.None);
        var goods = customer.Wallet.Store.GoodsPathOf(state.Order.Id);
        using (var ciphertext = File.Exists(goods) ? File.OpenRead(goods) : null)
            Expect(evidence, state switch
            {
                _ when evidence.OtherLockNote is not null => Outcome.BankAtFault,
                Opened { AsPromised: false } => Outcome.MerchantAtFault,
                Opened => Outcome.Complete,
                _ => Outcome.Aborted,
            }, ciphertext);
        if (evidence is not { LockNote: { } note, OtherLockNote: null, OtherDecision: null })
            return;
        var other = note.Content with { ExpiresAt = note.Content.ExpiresAt.AddSeconds(1) };
        Expect(
            evidence with { OtherLockNote = Signed<LockNote>.Sign(kit.BankKey, other) }, Outcome.BankAtFault);
        if (state is Opened)
            Expect(
                evidence with
                {
                    OtherDecision = Lies.Liar.Forge(
                        this, new LogEntry(LogEntry.Abort, note.Content.ExpiresAt, note), withWitnesses: true),
                },
                Outcome.ArchiveAtFault);
    }

    private void Expect(PurchaseEvidence evidence, Outcome expected, Stream? goods = null)
    {
        if (!PurchaseEvidence.TryParse(evidence.ToBytes(), out var read))
        {
            Breach("Evidence cannot be read.");
            return;
        }

        var verdict = PurchaseJudge.Judge(read, goods);
        Tally.Add($"verdict {verdict.Outcome}");
        if (verdict.Outcome != expected)
            Breach($"The judge says {verdict.Outcome} where it is {expected}: {verdict.Summary}");
    }
}
