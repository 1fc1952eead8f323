using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;

namespace Bauta.Judge;

/// <summary>
/// Decides from an evidence file alone, offline: recomputes every hash, verifies every signature and names who is at
/// fault. It believes nobody; it says which keys the verdict rests on.
/// </summary>
public static class PurchaseJudge
{
    /// <summary>Judges.</summary>
    /// <param name="evidence">The statements.</param>
    /// <param name="goods">The ciphertext that was delivered, if the dispute is about it; read once.</param>
    public static Verdict Judge(PurchaseEvidence evidence, Stream? goods = null)
    {
        var hearing = new Hearing();
        try
        {
            Hear(evidence, goods, hearing);
        }
        catch (HearingEnded)
        {
            // The verdict is in; what follows would rest on what has just failed.
        }

        return hearing.Verdict();
    }

    private static void Hear(PurchaseEvidence evidence, Stream? goods, Hearing hearing)
    {
        if (!ArchivePolicy.TryParse(evidence.Policy, out var policy))
            throw hearing.End(Outcome.NotProven, "The archive's policy cannot be read.");
        var merchant = KeyOf(evidence.MerchantCard, Roles.Merchant, hearing);
        var bank = KeyOf(evidence.BankCard, Roles.Bank, hearing);
        hearing.Bank = bank;
        hearing.Trust($"archive {policy.Origin}", policy.Policy.Logs[0].Key.ToString()!);
        foreach (var witness in policy.Policy.Witnesses)
            hearing.Trust($"witness {witness.Key.Name}", witness.Key.ToString()!);

        var promise = evidence.Merchandise.Content;
        hearing.Demand(evidence.Merchandise.IsSignedBy(merchant), Outcome.NotProven,
            "P1: the contract is signed by the merchant");
        hearing.Demand(promise.Archive.Equals(policy.Id), Outcome.NotProven,
            "P1: the contract names this archive and witness quorum");
        hearing.Demand(promise.Bank == evidence.BankCard.Content.Name, Outcome.NotProven,
            "P1: the contract names this bank");
        HearReuse(evidence, merchant, hearing);
        HearAcknowledgement(evidence, hearing);

        if (evidence.Authorization is { } p2)
        {
            var keys = HearAuthorization(
                evidence, p2, promise, IssuerOf(evidence, bank, hearing), policy, hearing);
            if (evidence is { LockNote: null, Decision: null })
                DenialCheck.Hear(evidence, p2, keys, bank, policy, hearing);
        }
        else if (evidence.LockNote is null)
            throw hearing.End(Outcome.Undecided, "No tokens were authorized, so no value was at stake.");
        else
            hearing.Note(true, "P2 is not in evidence, since a merchant never has it: the bank's notes stand for it");
        HearLock(evidence, promise, bank, policy, hearing);
        HearDecisions(evidence, promise, policy, goods, hearing);
    }

    /// <summary>"Any dispute involving reuse of n can be resolved against the party selecting the ID" (section 1): only
    /// who has R makes a P1 under its n that the merchant's key signs.</summary>
    private static void HearReuse(PurchaseEvidence evidence, P256PublicKey merchant, Hearing hearing)
    {
        if (evidence.OtherMerchandise is { } other && other.IsSignedBy(merchant)
            && other.Content.Transaction().Equals(evidence.Merchandise.Content.Transaction())
            && !other.SaysTheSameAs(evidence.Merchandise))
            throw hearing.End(Outcome.MerchantAtFault,
                "The merchant signed two different contracts under one transaction ID.");
    }

    /// <summary>
    /// <c>S_P(P1)</c>: the customer's statement, which the merchant keeps. One that does not hold proves nothing, and
    /// whoever handed it in must not gain by it.
    /// </summary>
    private static void HearAcknowledgement(PurchaseEvidence evidence, Hearing hearing)
    {
        var terms = evidence.Merchandise.Content.Terms;
        if (evidence.Acknowledgement is not { } acknowledgement)
        {
            if (terms?.CustomerKey is not null)
                hearing.Note(true, "P1 asks for two-sided delivery, and no acknowledgement is in evidence: the proof "
                    + "is one-sided, as the customer can give it");
            return;
        }

        hearing.Demand(terms?.CustomerKey is not null, Outcome.NotProven,
            "S_P(P1): P1 names a customer key that can acknowledge the delivery");
        hearing.Demand(Acknowledgement.Holds(acknowledgement, evidence.Merchandise), Outcome.NotProven,
            "S_P(P1): the customer's key P acknowledged exactly this delivery");
        hearing.Trust(
            terms!.CustomerName is { } name ? $"customer, who calls itself {name}" : "customer (key P)",
            acknowledgement.KeyId);
    }

    /// <summary>What a commit proves, and for whom.</summary>
    private static string ProofOf(PurchaseEvidence evidence) =>
        evidence.Acknowledgement is not null
            ? " The customer's key P acknowledged exactly this delivery, so the merchant proves it, too."
            : evidence.Merchandise.Content.Terms?.CustomerKey is not null
                ? " No acknowledgement is in evidence: the proof of delivery is one-sided."
                : "";

    private static P256PublicKey KeyOf(Signed<PartyCard> card, string role, Hearing hearing)
    {
        var key = card.Content.IdentityKey();
        hearing.Trust($"{role} {card.Content.Name}", key.Thumbprint);
        hearing.Demand(card.IsSignedBy(key) && card.Content.Role == role, Outcome.NotProven,
            $"the {role}'s card is signed by the key it names");
        return key;
    }

    /// <summary>The bank whose tokens are spent: the one that locks them, or the one that its card names.</summary>
    private static (string Name, P256PublicKey Key) IssuerOf(
        PurchaseEvidence evidence, P256PublicKey bank, Hearing hearing)
    {
        var card = evidence.BankCard.Content;
        if (evidence.IssuerCard is not { } issuerCard)
        {
            hearing.Demand(card.Bank!.Issuer is null, Outcome.NotProven,
                "the bank issued the tokens itself, or the issuer's card is in evidence");
            return (card.Name, bank);
        }

        var issuer = KeyOf(issuerCard, Roles.Bank, hearing);
        hearing.Demand(
            card.Bank!.Issuer == BankPeer.Of(issuerCard.Content)
            && issuerCard.Content.Bank!.SpentAt == BankPeer.Of(card),
            Outcome.NotProven, "issuer and locking bank name each other");
        return (issuerCard.Content.Name, issuer);
    }

    /// <summary>P2: the customer's own statement. A fault in it proves nothing against anybody else.</summary>
    private static TokenKeys HearAuthorization(
        PurchaseEvidence evidence, byte[] p2, Merchandise promise, (string Name, P256PublicKey Key) issuer,
        ArchivePolicy policy, Hearing hearing)
    {
        if (!SignedAuthorization.TryParse(p2, out var signed))
            throw hearing.End(Outcome.NotProven, "P2 cannot be read.");
        var authorization = signed.Content;
        hearing.Demand(
            signed.IsSignedByItsTokenKeys(), Outcome.NotProven, "P2: signed by the key of every token in it");
        hearing.Demand(
            authorization.Transaction.Equals(promise.Transaction()) && authorization.ExpiresAt == promise.ExpiresAt
            && authorization.Account.Equals(promise.Account) && authorization.Archive.Equals(promise.Archive)
            && authorization.Commitment.Equals(promise.Commitment)
            && authorization.Currency == promise.Contract.Currency && authorization.Amount == promise.Contract.Price
            && authorization.TotalKey.AsSpan().SequenceEqual(promise.Later?.TotalKey),
            Outcome.NotProven, "P2: pays what the contract asks, to the account it names, for the key it commits to");
        var keys = new TokenKeys(evidence.Denominations ?? [], issuer.Name, issuer.Key, policy);
        hearing.Demand(authorization.Tokens.All(keys.Honours), Outcome.NotProven,
            $"P2: each of {authorization.Tokens.Count} token(s) verifies under a denomination key of the issuer that "
            + "stands in the archive's log");
        return keys;
    }

    /// <summary>
    /// P3. A note that does not match P2 proves nothing against the bank: whoever holds R and the tokens' keys can sign
    /// another P1 and P2 for the same transaction afterwards. Two notes for one transaction prove it at fault.
    /// </summary>
    private static void HearLock(
        PurchaseEvidence evidence, Merchandise promise, P256PublicKey bank, ArchivePolicy policy, Hearing hearing)
    {
        // A bank may keep its notes back: then the lock note is the one that the decision rests on.
        if (evidence.LockNote is not { } note || (evidence.Payment is null && evidence.Decision is null))
            throw hearing.End(Outcome.Undecided, "The bank locked nothing, so no value was at stake.");
        hearing.Demand(note.IsSignedBy(bank) && evidence.Payment?.IsSignedBy(bank) is not false, Outcome.NotProven,
            "P3: both notes are signed by the bank");
        if (evidence.OtherLockNote is { } other && other.IsSignedBy(bank)
            && other.Content.Transaction.Equals(note.Content.Transaction) && other.Content != note.Content)
            throw hearing.End(Outcome.BankAtFault, "The bank signed two different lock notes for one transaction.");
        HearRelease(evidence, promise, policy, hearing);
        var expected = promise.ToLockNote();
        hearing.Demand(note.Content.Transaction.Equals(expected.Transaction), Outcome.NotProven,
            "P3: the lock note is for this transaction");
        hearing.Demand(note.Content == expected, Outcome.NotProven,
            "P3: the lock note has the expiry, archive and commitment of P1");
        hearing.Demand(
            evidence.Payment is not { } payment || payment.Content.Matches(promise.ToPaymentNote()),
            Outcome.NotProven, "P3: the payment note has the account and sum of P1");
    }

    /// <summary>
    /// A commit on another key than P1 promises. The bank need not be at fault: the merchant can have another token
    /// locked to its <c>n</c> first, and the bank then refuses P2. But only the merchant has the key that releases.
    /// </summary>
    private static void HearRelease(
        PurchaseEvidence evidence, Merchandise promise, ArchivePolicy policy, Hearing hearing)
    {
        if (evidence.Decision is { } decision && policy.TryVerify(decision, out var logged)
            && logged.Entry.Kind == LogEntry.Commit && logged.Entry.LockNote!.Content is var note
            && note.Transaction.Equals(promise.Transaction()) && !note.Commitment.Equals(promise.Commitment)
            && Release.Matches(logged.Entry.Release!, note))
            throw hearing.End(Outcome.MerchantAtFault,
                "The merchant promised one key under this transaction, and its release key published another.");
    }

    private static void HearDecisions(
        PurchaseEvidence evidence, Merchandise promise, ArchivePolicy policy, Stream? goods, Hearing hearing)
    {
        if (evidence.Decision is not { } decision)
        {
            SilenceCheck.HearUndecided(evidence, policy, hearing);
            throw hearing.End(Outcome.Undecided,
                "The tokens are locked and the archive's decision is not in evidence: ask the archive for it.");
        }

        var logged = Verified(decision, "P5", promise, evidence.LockNote!, policy, hearing);
        if (evidence.OtherDecision is { } second)
        {
            // Whatever note of this bank it rests on: a bank's lock of a transaction is decided once.
            if (policy.TryVerifyAtAnyTime(second, out var other) && other.Entry.IsDecision
                && other.Entry.Kind != logged.Kind
                && other.Entry.LockNote!.KeyId == evidence.LockNote!.KeyId
                && other.Entry.LockNote.Content.Transaction.Equals(promise.Transaction()))
                throw hearing.End(Outcome.ArchiveAtFault,
                    "The archive published both a commit and an abort for one transaction.");
        }

        if (logged.Kind == LogEntry.Abort)
            SilenceCheck.HearAborted(evidence, policy, hearing);
        if (logged.Kind == LogEntry.Abort)
            throw hearing.End(Outcome.Aborted,
                $"The archive aborted at {logged.At}, after expiry at {promise.ExpiresAt}: the tokens are the "
                + "customer's.");
        hearing.Demand(Release.Matches(logged.Release!, evidence.LockNote!.Content), Outcome.ArchiveAtFault,
            "P5a: the published key is signed by the key that owns the transaction and hashes to the commitment");
        hearing.Demand(
            promise.Later is null == !logged.Release!.Content.IsOfLater, Outcome.MerchantAtFault,
            "P5a: the merchant published the key that it promised, and none that it agreed to with itself");
        if (promise.Session is not null)
            throw SessionCheck.Hear(evidence, logged, goods, hearing);
        if (promise.LockFirst is not null)
            throw OrderCheck.Hear(evidence, logged, goods, hearing);
        if (goods is not null)
            GoodsCheck.Hear(promise, logged.Release!.Content.MaskedKey, goods, hearing);
        var handedOver = HandOverCheck.Hear(evidence, hearing);
        throw hearing.End(Outcome.Complete,
            $"The archive committed at {logged.At}, before expiry at {promise.ExpiresAt}: the merchant is paid and the "
            + $"key to the goods is published.{ProofOf(evidence)}{handedOver}");
    }

    private static LogEntry Verified(
        LoggedEntry decision, string label, Merchandise promise, Signed<LockNote> note, ArchivePolicy policy,
        Hearing hearing)
    {
        if (!policy.TryVerifyAtAnyTime(decision, out var logged))
            throw hearing.End(Outcome.NotProven,
                $"The {label} does not verify: leaf, inclusion, checkpoint or witness quorum fail.");
        hearing.Note(true, $"{label}: leaf {logged.Index} of the log, under a checkpoint of size {logged.Size} with "
            + "the witness quorum that the contract names");
        var entry = logged.Entry;
        if (!entry.IsDecision || !entry.LockNote!.Content.Transaction.Equals(promise.Transaction()))
            throw hearing.End(Outcome.NotProven, $"The {label} is not about this transaction.");
        // Another bank that the archive admits may have locked the same transaction: that is no fault.
        if (entry.LockNote.KeyId != note.KeyId)
            throw hearing.End(Outcome.NotProven,
                $"The {label} rests on another bank's lock note, so it says nothing about this lock.");
        hearing.Demand(hearing.IsBanksOwn(entry.LockNote), Outcome.ArchiveAtFault,
            $"{label}: rests on a lock note that the bank signed");
        var expiry = entry.LockNote.Content.ExpiresAt;
        hearing.Demand(entry.IsInTime, Outcome.ArchiveAtFault, entry.Kind == LogEntry.Commit
            ? $"{label}: the commit at {entry.At} is before the lock note's expiry at {expiry}"
            : $"{label}: the abort at {entry.At} is not before the lock note's expiry at {expiry}");
        if (entry.LockNote.Content != note.Content)
            throw hearing.End(Outcome.BankAtFault, "The bank signed two different lock notes for one transaction.");
        return entry;
    }
}
