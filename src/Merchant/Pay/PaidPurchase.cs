using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;

namespace Bauta.Merchant.Pay;

/// <summary>
/// A purchase whose P3 held, in one of its states: released, then decided, then settled; or disputed, when the archive
/// decided under another lock note than the one the bank gave for this payment.
/// </summary>
internal abstract record PaidPurchase(PaymentRequest Request, Signed<Release> Release, int Attempts)
{
    public TransactionId Transaction => Request.Transaction;

    public Signed<LockNote> LockNote => Request.Lock.LockNote;

    public Signed<PaymentNote> Payment => Request.Lock.Payment;

    /// <summary>What the customer signed, when P1 asks for it.</summary>
    public Signed<Acknowledgement>? Acknowledgement => Request.Acknowledgement;

    /// <summary>The decision, once it is known.</summary>
    public virtual LoggedEntry? Known => null;

    /// <summary>Whether this is what was taken; equal texts of the notes need no verification again.</summary>
    public bool IsFor(PaymentRequest again) =>
        LockNote.Text == again.Lock.LockNote.Text && Payment.Text == again.Lock.Payment.Text
        && (Acknowledgement?.SaysTheSameAs(again.Acknowledgement) ?? again.Acknowledgement is null);
}

/// <summary>P4 is durable and may have been sent; the decision is not known.</summary>
internal sealed record ReleasedPurchase(PaymentRequest Request, Signed<Release> Release, int Attempts)
    : PaidPurchase(Request, Release, Attempts)
{
    /// <summary>The archive decided under this lock note.</summary>
    public DecidedPurchase Decided(string outcome, LoggedEntry decision) =>
        new(Request, Release, 0, outcome, decision);

    /// <summary>The archive decided under another lock note of the bank: two for one <c>n</c>.</summary>
    public DisputedPurchase Disputed(string outcome, LoggedEntry decision) => new(Request, Release, outcome, decision);
}

/// <summary>The archive's decision is known; the bank may not have been told.</summary>
internal sealed record DecidedPurchase(
    PaymentRequest Request, Signed<Release> Release, int Attempts, string Outcome, LoggedEntry Decision)
    : PaidPurchase(Request, Release, Attempts)
{
    public override LoggedEntry? Known => Decision;

    /// <summary>The bank has acted on the decision.</summary>
    public SettledPurchase Settled() => new(Request, Release, Outcome, Decision);
}

/// <summary>The bank has settled or unlocked; nothing is left to do.</summary>
internal sealed record SettledPurchase(
    PaymentRequest Request, Signed<Release> Release, string Outcome, LoggedEntry Decision)
    : PaidPurchase(Request, Release, 0)
{
    public override LoggedEntry? Known => Decision;
}

/// <summary>Evidence against the bank; nothing more is done by itself.</summary>
internal sealed record DisputedPurchase(
    PaymentRequest Request, Signed<Release> Release, string Outcome, LoggedEntry Decision)
    : PaidPurchase(Request, Release, 0)
{
    public override LoggedEntry? Known => Decision;
}
