using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Bank.Refresh;

/// <summary>What the rest of a token was turned into; once per serial.</summary>
internal sealed record RefreshRow(bool IsRecoup, ReserveId Reserve, Amount Amount);

/// <summary>Refreshes and recoups as rows.</summary>
internal static class RefreshRows
{
    public static RefreshRow? Find(IReadTransaction transaction, byte[] serial) => transaction.QuerySingleOrDefault(
        "SELECT recoup, reserve, amount FROM refreshes WHERE serial = $1",
        row => new RefreshRow(
            row.GetInt64(0) != 0, ReserveId.FromBytes(row.GetBytes(1)), Amount.FromMinorUnits(row.GetInt64(2))),
        serial);

    public static void Insert(IWriteTransaction transaction, byte[] serial, RefreshRow row) => transaction.Execute(
        "INSERT INTO refreshes (serial, recoup, reserve, amount) VALUES ($1, $2, $3, $4)",
        serial, row.IsRecoup ? 1L : 0L, row.Reserve.ToArray(), row.Amount.MinorUnits);
}
