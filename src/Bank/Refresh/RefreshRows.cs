using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Refresh;

/// <summary>What the rest of a token was turned into; once per serial.</summary>
internal sealed record RefreshRow(
    bool IsRecoup, ReserveId Reserve, Amount Amount, Signed<FundingNotice>? Notice = null)
{
    /// <summary>The same answer for the same order; nothing is left for another one.</summary>
    public Result<RefreshAnswer, BankError> For(bool isRecoup, ReserveId reserve) =>
        IsRecoup == isRecoup && Reserve.Equals(reserve)
            ? new RefreshAnswer(Amount, Notice)
            : BankError.TokenSpent;
}

/// <summary>Refreshes and recoups as rows.</summary>
internal static class RefreshRows
{
    public static RefreshRow? Find(IReadTransaction transaction, byte[] serial) => transaction.QuerySingleOrDefault(
        "SELECT recoup, reserve, amount, notice FROM refreshes WHERE serial = $1",
        row => new RefreshRow(
            row.GetInt64(0) != 0, ReserveId.FromBytes(row.GetBytes(1)), Amount.FromMinorUnits(row.GetInt64(2)),
            row.GetStringOrNull(3) is not { } text ? null
                : Signed<FundingNotice>.TryParse(text, out var notice) ? notice
                : throw new InvalidDataException("A stored notice does not parse.")),
        serial);

    public static void Insert(IWriteTransaction transaction, byte[] serial, RefreshRow row) => transaction.Execute(
        "INSERT INTO refreshes (serial, recoup, reserve, amount, notice) VALUES ($1, $2, $3, $4, $5)",
        serial, row.IsRecoup ? 1L : 0L, row.Reserve.ToArray(), row.Amount.MinorUnits, row.Notice?.Text);
}
