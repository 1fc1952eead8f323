using Bauta.Bank.Denominations;
using Bauta.Bank.Ledger;
using Bauta.Bank.Tokens;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Recoup;

/// <summary>
/// Where another bank issues: states to it, once for each token of a revoked key, what is left, after which nothing is
/// left here. A forged token is closed like any other, since only the issuer can tell them apart; so the note pays
/// nothing without the issuer's own record of the withdrawal.
/// </summary>
internal sealed class ClosingDesk(
    BankOptions options, BankDatabase database, ISigner statementKey, DenominationShelf shelf, TimeProvider clock)
{
    public async Task<Result<ClosingAnswer, BankError>> CloseAsync(
        Signed<ClosingOrder> order, CancellationToken cancellation)
    {
        if (options.Issuer is not { } issuer)
            return BankError.WrongBank;
        var read = PresentedToken.Read(shelf.Current, order.Content.Token, order.Content.Key);
        if (!read.IsOk)
            return read.Error.Value;
        var token = read.Value;
        var refusedByKey = token.Key.RefusesToRecoup(UnixTime.Now(clock));
        // After the key: what was seen revoked is locked and refreshed no more, so the row that is read now stays.
        var (known, row) = await database.ReadAsync(
            reader => (ClosingRows.Find(reader, token.Serial), TokenRows.Find(reader, token.Serial)), cancellation);
        if (known is null && (refusedByKey ?? Refuses(token, row)) is { } refusal)
            return refusal;
        if (!token.IsGenuine())
            return BankError.BadToken;
        if (!P256PublicKey.TryFromSpki(order.Content.Key, out var owner) || !order.IsSignedBy(owner))
            return BankError.BadSignature;
        if (known is not null)
            return new ClosingAnswer(known);
        var note = Signed<ClosingNote>.Sign(
            statementKey, new ClosingNote(issuer, token.Key.KeyId, token.Serial, Left(token, row)));
        return await database.WriteAsync(
            (transaction, books) => Store(transaction, books, token, note), cancellation);
    }

    private Result<ClosingAnswer, BankError> Store(
        IWriteTransaction transaction, Books books, PresentedToken token, Signed<ClosingNote> note)
    {
        if (ClosingRows.Find(transaction, token.Serial) is { } known)
            return new ClosingAnswer(known);
        var key = shelf.Current[token.Key.Number];
        if (key.IsClosed || books.IsWrittenOff(key.Number))
            return BankError.KeyExpired;
        var row = TokenRows.Find(transaction, token.Serial);
        if (Refuses(token, row) is { } refusal)
            return refusal;
        var left = Left(token, row);
        if (left != note.Content.Amount)
            throw new InvalidOperationException("A token of a revoked key, not locked, was moved.");
        ClosingRows.Insert(transaction, note);
        if (row is null)
        {
            TokenRows.Void(transaction, token);
            return new ClosingAnswer(note);
        }

        TokenRows.Refresh(transaction, token, left);
        books.Return(key.Number, left);
        return new ClosingAnswer(note);
    }

    private static BankError? Refuses(PresentedToken token, TokenRow? row) =>
        row?.Refuses(token) ?? (Left(token, row) == Amount.Zero ? BankError.TokenSpent : null);

    private static Amount Left(PresentedToken token, TokenRow? row) => row?.Left ?? token.Key.Value;
}
