using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Merchant.Pay;

/// <summary>
/// A purchase whose P3 held, in one of its states: released, then decided, then settled; or disputed, when the archive
/// decided under another lock note than the one the bank gave for this payment.
/// </summary>
internal abstract record PaidPurchase(
    TransactionId Transaction, Signed<LockNote> LockNote, Signed<PaymentNote> Payment, Signed<Release> Release,
    int Attempts)
{
    /// <summary>The decision, once it is known.</summary>
    public virtual LoggedEntry? Known => null;

    /// <summary>Whether these are the notes that were taken; equal texts need no verification again.</summary>
    public bool HasNotes(LockAnswer notes) =>
        LockNote.Text == notes.LockNote.Text && Payment.Text == notes.Payment.Text;
}

/// <summary>P4 is durable and may have been sent; the decision is not known.</summary>
internal sealed record ReleasedPurchase(
    TransactionId Transaction, Signed<LockNote> LockNote, Signed<PaymentNote> Payment, Signed<Release> Release,
    int Attempts) : PaidPurchase(Transaction, LockNote, Payment, Release, Attempts)
{
    /// <summary>The archive decided under this lock note.</summary>
    public DecidedPurchase Decided(string outcome, LoggedEntry decision) =>
        new(Transaction, LockNote, Payment, Release, 0, outcome, decision);

    /// <summary>The archive decided under another lock note of the bank: two for one <c>n</c>.</summary>
    public DisputedPurchase Disputed(string outcome, LoggedEntry decision) =>
        new(Transaction, LockNote, Payment, Release, outcome, decision);
}

/// <summary>The archive's decision is known; the bank may not have been told.</summary>
internal sealed record DecidedPurchase(
    TransactionId Transaction, Signed<LockNote> LockNote, Signed<PaymentNote> Payment, Signed<Release> Release,
    int Attempts, string Outcome, LoggedEntry Decision)
    : PaidPurchase(Transaction, LockNote, Payment, Release, Attempts)
{
    public override LoggedEntry? Known => Decision;

    /// <summary>The bank has acted on the decision.</summary>
    public SettledPurchase Settled() => new(Transaction, LockNote, Payment, Release, Outcome, Decision);
}

/// <summary>The bank has settled or unlocked; nothing is left to do.</summary>
internal sealed record SettledPurchase(
    TransactionId Transaction, Signed<LockNote> LockNote, Signed<PaymentNote> Payment, Signed<Release> Release,
    string Outcome, LoggedEntry Decision)
    : PaidPurchase(Transaction, LockNote, Payment, Release, 0)
{
    public override LoggedEntry? Known => Decision;
}

/// <summary>Evidence against the bank; nothing more is done by itself.</summary>
internal sealed record DisputedPurchase(
    TransactionId Transaction, Signed<LockNote> LockNote, Signed<PaymentNote> Payment, Signed<Release> Release,
    string Outcome, LoggedEntry Decision)
    : PaidPurchase(Transaction, LockNote, Payment, Release, 0)
{
    public override LoggedEntry? Known => Decision;
}
