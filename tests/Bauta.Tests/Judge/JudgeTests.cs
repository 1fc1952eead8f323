using System.Text;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Xunit;

namespace Bauta.Tests.Judge;

public class JudgeTests
{
    [Fact]
    public void A_committed_purchase_is_complete()
    {
        using var dispute = new Dispute();
        var verdict = Judge(dispute.Committed());
        Assert.Equal(Outcome.Complete, verdict.Outcome);
        Assert.All(verdict.Reasons, reason => Assert.True(reason.Holds, reason.Text));
        Assert.Contains(verdict.TrustedKeys, key => key.Key == dispute.Bank.PublicKey.Thumbprint);
        Assert.Contains(verdict.TrustedKeys, key => key.Key == dispute.Shop.PublicKey.Thumbprint);
        Assert.Equal(1 + 1 + 1 + 3, verdict.TrustedKeys.Count);
        Is(Outcome.Complete, dispute.Committed(), dispute.Ciphertext);
    }

    [Fact]
    public void An_aborted_purchase_is_aborted()
    {
        using var dispute = new Dispute();
        var locked = dispute.Locked();
        Is(Outcome.Aborted, locked with { Decision = dispute.Abort(locked.LockNote!) });
    }

    [Fact]
    public void What_has_not_come_far_enough_is_undecided()
    {
        using var dispute = new Dispute();
        var locked = dispute.Locked();
        Is(Outcome.Undecided, locked);
        Is(Outcome.Undecided, locked with { LockNote = null, Payment = null });
        Is(Outcome.Undecided, locked with { LockNote = null, Payment = null, Authorization = null });
    }

    [Fact]
    public void A_merchant_proves_the_same_without_the_authorization_that_it_never_sees()
    {
        using var dispute = new Dispute();
        var locked = dispute.Locked() with { Authorization = null, Denominations = null };
        Is(Outcome.Undecided, locked);
        Is(Outcome.Complete, locked with { Decision = dispute.Commit(locked.LockNote!) }, dispute.Ciphertext);
        Is(Outcome.Aborted, locked with { Decision = dispute.Abort(locked.LockNote!) });
        var second = dispute.SignedNote(dispute.Note with { ExpiresAt = dispute.Note.ExpiresAt.AddSeconds(1) });
        Is(Outcome.BankAtFault, locked with { Decision = dispute.Abort(second) });
        Is(Outcome.NotProven, locked with { Payment = Signed<PaymentNote>.Sign(dispute.Stranger, dispute.Payment) });
    }

    [Fact]
    public void A_bank_that_kept_its_payment_note_back_hides_no_decision()
    {
        using var dispute = new Dispute();
        Is(Outcome.Complete, dispute.Committed() with { Payment = null }, dispute.Ciphertext);
        Is(Outcome.Undecided, dispute.Locked() with { Payment = null });
        using var broken = new Dispute(promisesAnotherFile: true);
        Is(Outcome.MerchantAtFault, broken.Committed() with { Payment = null }, broken.Ciphertext);
    }

    [Fact]
    public void The_evidence_file_reads_back_to_the_same_verdict()
    {
        using var dispute = new Dispute();
        Assert.True(PurchaseEvidence.TryParse(dispute.Committed().ToBytes(), out var evidence));
        Is(Outcome.Complete, evidence, dispute.Ciphertext);
    }

    [Fact]
    public void Evidence_with_any_changed_character_proves_nothing()
    {
        using var dispute = new Dispute();
        // As many cosignatures as the quorum needs, so that none can be spared.
        dispute.Log.Cosigning = 2;
        var bytes = dispute.Committed().ToBytes();
        var (read, proven) = (0, new List<string>());
        for (var at = 0; at < bytes.Length; at += 5)
        {
            var other = (byte[])bytes.Clone();
            other[at] = other[at] == (byte)'A' ? (byte)'B' : (byte)'A';
            if (!PurchaseEvidence.TryParse(other, out var evidence))
                continue;
            read++;
            var outcome = PurchaseJudge.Judge(evidence).Outcome;
            if (outcome is not Outcome.NotProven)
                proven.Add($"{outcome} at {Encoding.ASCII.GetString(bytes, Math.Max(0, at - 30), 31)}");
        }

        Assert.True(read > 100, $"{read} files could be read.");
        Assert.True(proven.Count == 0, string.Join("\n", proven));
    }

    [Fact]
    public void Statements_signed_by_a_stranger_prove_nothing()
    {
        using var dispute = new Dispute();
        var evidence = dispute.Committed();
        Is(Outcome.NotProven, evidence with
        {
            Merchandise = Signed<Merchandise>.Sign(dispute.Stranger, dispute.Promise),
        });
        Is(Outcome.NotProven, evidence with { LockNote = dispute.SignedNote(by: dispute.Stranger) });
        Is(Outcome.NotProven, evidence with { Payment = Signed<PaymentNote>.Sign(dispute.Stranger, dispute.Payment) });
        Is(Outcome.NotProven, evidence with { Authorization = dispute.Authorization(by: dispute.Stranger) });
        Is(Outcome.NotProven, evidence with
        {
            BankCard = Signed<PartyCard>.Sign(dispute.Stranger, evidence.BankCard.Content),
        });
        Is(Outcome.NotProven, evidence with { MerchantCard = evidence.BankCard });
        using var otherLog = new Bank.LogInMemory(dispute.Clock);
        Is(Outcome.NotProven, evidence with { Policy = otherLog.Policy.Text });
    }

    [Fact]
    public void An_authorization_of_something_else_proves_nothing()
    {
        using var dispute = new Dispute();
        var evidence = dispute.Committed();
        Func<Authorization, Authorization>[] changes =
        [
            it => it with { ExpiresAt = it.ExpiresAt.AddSeconds(1) },
            it => it with { Account = AccountId.Of(dispute.Stranger.PublicKey) },
            it => it with { Transaction = TransactionId.Of(dispute.Stranger.PublicKey) },
            it => it with { Archive = PolicyId.FromBytes(new byte[32]) },
            it => it with { Commitment = KeyCommitment.To(it.Transaction, new byte[32]) },
            it => it with { Currency = "USD" },
            it => it with
            {
                Amount = Amount.FromMinorUnits(3), Tokens = [it.Tokens[0] with { Amount = Amount.FromMinorUnits(3) }],
            },
        ];
        Assert.All(changes, change => Is(
            Outcome.NotProven, evidence with { Authorization = dispute.Authorization(change) }));
    }

    [Fact]
    public void Tokens_of_a_key_that_is_not_in_the_log_prove_nothing()
    {
        using var dispute = new Dispute();
        var evidence = dispute.Committed();
        var listed = evidence.Denominations![0];
        Is(Outcome.NotProven, evidence with { Denominations = null });
        Is(Outcome.NotProven, evidence with { Denominations = [] });
        Is(Outcome.NotProven, evidence with { Denominations = [dispute.Listed(dispute.Stranger)] });
        Is(Outcome.NotProven, evidence with { Denominations = [listed with { Proof = evidence.Decision! }] });
        dispute.Log.Cosigning = 1;
        Is(Outcome.NotProven, evidence with { Denominations = [dispute.Listed()] });
    }

    [Fact]
    public void Two_lock_notes_for_one_transaction_are_the_banks_fault()
    {
        using var dispute = new Dispute();
        var evidence = dispute.Committed();
        var second = dispute.SignedNote(dispute.Note with { ExpiresAt = dispute.Note.ExpiresAt.AddSeconds(1) });
        Is(Outcome.BankAtFault, evidence with { OtherLockNote = second });
        Is(Outcome.BankAtFault, evidence with { Decision = dispute.Commit(second) });
        // The same note signed twice, a stranger's note and a note for another sale are none.
        Is(Outcome.Complete, evidence with { OtherLockNote = dispute.SignedNote() });
        Is(Outcome.Complete, evidence with { OtherLockNote = dispute.SignedNote(second.Content, dispute.Stranger) });
        Is(Outcome.Complete, evidence with
        {
            OtherLockNote = dispute.SignedNote(
                second.Content with { Transaction = TransactionId.Of(dispute.Stranger.PublicKey) }),
        });
    }

    [Fact]
    public void Notes_that_differ_from_P2_do_not_blame_the_bank_alone()
    {
        // Whoever holds R and the token's key can sign another P1 and P2 for the same transaction afterwards.
        using var dispute = new Dispute();
        var evidence = dispute.Locked();
        Is(Outcome.NotProven, evidence with
        {
            LockNote = dispute.SignedNote(dispute.Note with { ExpiresAt = dispute.Note.ExpiresAt.AddSeconds(1) }),
        });
        Is(Outcome.NotProven, evidence with
        {
            Payment = Signed<PaymentNote>.Sign(
                dispute.Bank, dispute.Payment with { Amount = Amount.FromMinorUnits(5) }),
        });
    }

    [Fact]
    public void A_commit_and_an_abort_are_the_archives_fault()
    {
        using var dispute = new Dispute();
        var evidence = dispute.Committed();
        Is(Outcome.ArchiveAtFault, evidence with { OtherDecision = dispute.Abort(evidence.LockNote!) });
        Is(Outcome.ArchiveAtFault, evidence with
        {
            Decision = dispute.Abort(evidence.LockNote!),
            OtherDecision = evidence.Decision,
        });
        Is(Outcome.Complete, evidence with { OtherDecision = evidence.Decision });
        Is(Outcome.Complete, evidence with
        {
            OtherDecision = dispute.Abort(dispute.SignedNote(
                dispute.Note with { Transaction = TransactionId.Of(dispute.Stranger.PublicKey) })),
        });
        // Anybody who knows n can have another bank lock under it, and that lock aborted.
        Is(Outcome.Complete, evidence with
        {
            OtherDecision = dispute.Abort(Signed<LockNote>.Sign(dispute.Stranger, dispute.Note)),
        });
    }

    [Fact]
    public void A_commit_from_expiry_on_and_an_abort_before_it_are_the_archives_fault()
    {
        using var dispute = new Dispute();
        var locked = dispute.Locked();
        var expiry = dispute.Note.ExpiresAt;
        foreach (var (at, isLate) in ((long, bool)[])[(-1, false), (0, true), (1, true)])
        {
            Is(isLate ? Outcome.ArchiveAtFault : Outcome.Complete, locked with
            {
                Decision = dispute.Log.Append(new LogEntry(
                    LogEntry.Commit, expiry.AddSeconds(at), locked.LockNote, dispute.Release())),
            });
            Is(isLate ? Outcome.Aborted : Outcome.ArchiveAtFault, locked with
            {
                Decision = dispute.Log.Append(new LogEntry(
                    LogEntry.Abort, expiry.AddSeconds(at), locked.LockNote)),
            });
        }

        // Without the quorum nobody stood by it.
        dispute.Log.Cosigning = 1;
        Is(Outcome.NotProven, locked with
        {
            Decision = dispute.Log.Append(new LogEntry(LogEntry.Commit, expiry, locked.LockNote, dispute.Release())),
        });
    }

    [Fact]
    public void A_late_commit_beside_an_abort_is_a_second_decision()
    {
        using var dispute = new Dispute();
        var locked = dispute.Locked();
        Is(Outcome.ArchiveAtFault, locked with
        {
            Decision = dispute.Abort(locked.LockNote!),
            OtherDecision = dispute.Log.Append(new LogEntry(
                LogEntry.Commit, dispute.Note.ExpiresAt, locked.LockNote, dispute.Release())),
        });
    }

    [Fact]
    public void A_release_that_does_not_match_is_the_archives_fault()
    {
        using var dispute = new Dispute();
        var locked = dispute.Locked();
        Is(Outcome.ArchiveAtFault, locked with
        {
            Decision = dispute.Commit(locked.LockNote!, dispute.Release(new byte[32])),
        });
        Is(Outcome.ArchiveAtFault, locked with
        {
            Decision = dispute.Commit(locked.LockNote!, dispute.Release(by: dispute.Stranger)),
        });
    }

    [Fact]
    public void A_forged_lock_note_in_the_log_is_the_archives_fault_and_another_banks_is_not()
    {
        using var dispute = new Dispute();
        var locked = dispute.Locked();
        var text = locked.LockNote!.Text;
        var end = text.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBA" : "AAAA";
        Assert.True(Signed<LockNote>.TryParse(text[..^4] + end, out var forged));
        Is(Outcome.ArchiveAtFault, locked with { Decision = dispute.Commit(forged) });
        // A customer may have locked the same transaction at another bank that the archive admits.
        Is(Outcome.NotProven, locked with { Decision = dispute.Commit(dispute.SignedNote(by: dispute.Stranger)) });
    }

    [Fact]
    public void A_decision_without_the_quorum_or_on_another_transaction_proves_nothing()
    {
        using var dispute = new Dispute();
        var locked = dispute.Locked();
        Is(Outcome.NotProven, locked with
        {
            Decision = dispute.Abort(dispute.SignedNote(
                dispute.Note with { Transaction = TransactionId.Of(dispute.Stranger.PublicKey) })),
        });
        Is(Outcome.NotProven, locked with { Decision = locked.Denominations![0].Proof });
        dispute.Log.Cosigning = 1;
        Is(Outcome.NotProven, locked with { Decision = dispute.Commit(locked.LockNote!) });
    }

    [Fact]
    public void Goods_that_are_not_what_was_promised_are_the_merchants_fault()
    {
        using var otherFile = new Dispute(promisesAnotherFile: true);
        Is(Outcome.MerchantAtFault, otherFile.Committed(), otherFile.Ciphertext);
        Is(Outcome.Complete, otherFile.Committed());
        using var otherKey = new Dispute(encryptsUnderAnotherKey: true);
        Is(Outcome.MerchantAtFault, otherKey.Committed(), otherKey.Ciphertext);
    }

    [Fact]
    public void Goods_that_the_merchant_did_not_sign_prove_nothing()
    {
        using var dispute = new Dispute();
        byte[] damaged = [.. dispute.Ciphertext];
        damaged[9] ^= 1;
        Is(Outcome.NotProven, dispute.Committed(), damaged);
        Is(Outcome.NotProven, dispute.Committed(), dispute.Ciphertext[..^1]);
        Is(Outcome.NotProven, dispute.Committed(), [.. dispute.Ciphertext, 0]);
        Is(Outcome.NotProven, dispute.Committed(), []);
    }

    private static void Is(Outcome expected, PurchaseEvidence evidence, byte[]? goods = null)
    {
        var verdict = Judge(evidence, goods);
        Assert.True(expected == verdict.Outcome, $"{verdict.Outcome}: {verdict.Summary}");
    }

    private static Verdict Judge(PurchaseEvidence evidence, byte[]? goods = null) =>
        PurchaseJudge.Judge(evidence, goods is null ? null : new MemoryStream(goods));
}
