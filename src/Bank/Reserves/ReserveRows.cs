using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Bank.Reserves;

/// <summary>Reserves as rows.</summary>
internal static class ReserveRows
{
    public static Amount? Find(IReadTransaction transaction, ReserveId reserve) => transaction.QuerySingleOrDefault(
        "SELECT balance FROM reserves WHERE id = $1",
        row => (Amount?)Amount.FromMinorUnits(row.GetInt64(0)),
        reserve.ToArray());

    public static void Credit(IWriteTransaction transaction, ReserveId reserve, Amount amount) => transaction.Execute(
        """
        INSERT INTO reserves (id, balance) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET balance = reserves.balance + excluded.balance
        """,
        reserve.ToArray(), amount.MinorUnits);

    public static void Debit(IWriteTransaction transaction, ReserveId reserve, Amount amount) =>
        transaction.ExecuteExpecting(
            1, "UPDATE reserves SET balance = balance - $2 WHERE id = $1", reserve.ToArray(), amount.MinorUnits);
}
