using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Recoup;

/// <summary>Notes on tokens of a revoked key as rows, for ever: one for each serial.</summary>
internal static class ClosingRows
{
    public static Signed<ClosingNote>? Find(IReadTransaction transaction, byte[] serial) =>
        transaction.QuerySingleOrDefault(
            "SELECT note FROM closings WHERE serial = $1",
            row => Signed<ClosingNote>.TryParse(row.GetString(0), out var note)
                ? note
                : throw new InvalidDataException("A stored closing note does not parse."),
            serial);

    public static void Insert(IWriteTransaction transaction, Signed<ClosingNote> note) => transaction.Execute(
        "INSERT INTO closings (serial, amount, note) VALUES ($1, $2, $3)",
        note.Content.Serial, note.Content.Amount.MinorUnits, note.Text);
}
