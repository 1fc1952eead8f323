using Bauta.SystemTests.Banks;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>What stands in the books of two banks about tokens of revoked keys.</summary>
/// <param name="Closed">How many tokens the locking bank has closed.</param>
/// <param name="ClosedSum">What was left of them.</param>
/// <param name="Taken">How many of its notes the issuer keeps.</param>
/// <param name="TakenSum">What they are over.</param>
/// <param name="Refunded">What the issuer gave back.</param>
/// <param name="Voided">How many tokens are worth nothing any more where they are locked.</param>
internal sealed record Recouped(long Closed, long ClosedSum, long Taken, long TakenSum, long Refunded, long Voided)
{
    public static Recouped Of(RealNetwork network) => new(
        LiveRows.Number(network, BankPair.Locker, "SELECT COUNT(*) FROM closings"),
        LiveRows.Number(network, BankPair.Locker, "SELECT COALESCE(SUM(amount), 0) FROM closings"),
        LiveRows.Number(network, BankPair.Issuer, "SELECT COUNT(*) FROM closings"),
        LiveRows.Number(network, BankPair.Issuer, "SELECT COALESCE(SUM(amount), 0) FROM closings"),
        LiveRows.Number(network, BankPair.Issuer, "SELECT COALESCE(SUM(refunded), 0) FROM key_totals"),
        LiveRows.Number(network, BankPair.Locker, "SELECT COUNT(*) FROM tokens WHERE value = settled + refreshed"));

    /// <summary>Each of so many whole tokens, worth so much together, was closed once and given back once.</summary>
    public void IsMoreThan(Recouped before, long tokens, long sum) => Assert.Equal(
        before with
        {
            Closed = before.Closed + tokens,
            ClosedSum = before.ClosedSum + sum,
            Taken = before.Taken + tokens,
            TakenSum = before.TakenSum + sum,
            Refunded = before.Refunded + sum,
            Voided = before.Voided + tokens,
        },
        this);
}
