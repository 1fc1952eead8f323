namespace Bauta.Bank.Ledger;

/// <summary>What became of all that one denomination key issued, in minor units; as a delta, any part may be
/// negative.</summary>
public readonly record struct KeyTotals(
    long Issued, long Unspent, long Locked, long Settled, long Refreshed, long Refunded, long Expired)
{
    /// <summary>Nothing is made or lost: every unit issued is in exactly one place.</summary>
    public bool IsConserved => Issued == Unspent + Locked + Settled + Refreshed + Refunded + Expired;

    public bool IsNowhereNegative => Issued >= 0 && Unspent >= 0 && Locked >= 0 && Settled >= 0 && Refreshed >= 0
        && Refunded >= 0 && Expired >= 0;

    public static KeyTotals operator +(KeyTotals left, KeyTotals right) => new(
        left.Issued + right.Issued, left.Unspent + right.Unspent, left.Locked + right.Locked,
        left.Settled + right.Settled, left.Refreshed + right.Refreshed, left.Refunded + right.Refunded,
        left.Expired + right.Expired);

    public static KeyTotals Add(KeyTotals left, KeyTotals right) => left + right;
}

/// <summary>Where all the money is that was ever taken in, in minor units; as a delta, any part may be
/// negative.</summary>
public readonly record struct BankTotals(
    long Funded, long Reserves, long Unspent, long Locked, long Merchants, long PaidOut, long Fees, long Expired)
{
    /// <inheritdoc cref="KeyTotals.IsConserved"/>
    public bool IsConserved => Funded == Reserves + Unspent + Locked + Merchants + PaidOut + Fees + Expired;

    public bool IsNowhereNegative => Funded >= 0 && Reserves >= 0 && Unspent >= 0 && Locked >= 0 && Merchants >= 0
        && PaidOut >= 0 && Fees >= 0 && Expired >= 0;

    public static BankTotals operator +(BankTotals left, BankTotals right) => new(
        left.Funded + right.Funded, left.Reserves + right.Reserves, left.Unspent + right.Unspent,
        left.Locked + right.Locked, left.Merchants + right.Merchants, left.PaidOut + right.PaidOut,
        left.Fees + right.Fees, left.Expired + right.Expired);

    public static BankTotals Add(BankTotals left, BankTotals right) => left + right;
}

/// <summary>The books do not balance: a bug. Nothing of the transaction is kept.</summary>
public sealed class ConservationException : InvalidOperationException
{
    public ConservationException() { }

    public ConservationException(string message) : base(message) { }

    public ConservationException(string message, Exception inner) : base(message, inner) { }
}
