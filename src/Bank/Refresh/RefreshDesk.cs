using Bauta.Bank.Denominations;
using Bauta.Bank.Ledger;
using Bauta.Bank.Reserves;
using Bauta.Bank.Tokens;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Refresh;

/// <summary>
/// Turns all that is left of a token into a reserve credit, from which tokens are withdrawn that cannot be linked to
/// it. Once per token: the same token and reserve has the same answer for ever.
/// </summary>
internal sealed class RefreshDesk(
    BankDatabase database, DenominationShelf shelf, TimeProvider clock, Action<DenominationKey> forged)
{
    public async Task<Result<RefreshAnswer, BankError>> RefreshAsync(
        Signed<RefreshOrder> order, CancellationToken cancellation)
    {
        var content = order.Content;
        var read = PresentedToken.Read(shelf.Current, content.Token, content.Key);
        if (!read.IsOk)
            return read.Error.Value;
        var token = read.Value;
        var known = await database.ReadAsync(reader => RefreshRows.Find(reader, token.Serial), cancellation);
        if (known is null && token.Key.RefusesToRefresh(UnixTime.Now(clock)) is { } refusal)
            return refusal;
        if (!token.IsGenuine())
            return BankError.BadToken;
        if (!P256PublicKey.TryFromSpki(content.Key, out var owner) || !order.IsSignedBy(owner))
            return BankError.BadSignature;
        return known is not null
            ? Answer(known, content.Reserve)
            : await database.WriteAsync(
                (transaction, books) => Store(transaction, books, token, content.Reserve), cancellation);
    }

    private Result<RefreshAnswer, BankError> Store(
        IWriteTransaction transaction, Books books, PresentedToken token, ReserveId reserve)
    {
        if (RefreshRows.Find(transaction, token.Serial) is { } known)
            return Answer(known, reserve);
        var key = shelf.Current[token.Key.Number];
        if (key.IsRevoked)
            return BankError.KeyRevoked;
        if (key.IsClosed)
            return BankError.KeyExpired;
        var row = TokenRows.Find(transaction, token.Serial);
        if (row?.Refuses(token) is { } refusal)
            return refusal;
        var left = row?.Left ?? token.Key.Value;
        if (left == Amount.Zero)
            return BankError.TokenSpent;
        if (left.MinorUnits > books.Unspent(key.Number))
        {
            forged(key);
            return BankError.BadToken;
        }

        TokenRows.Refresh(transaction, token, left);
        ReserveRows.Credit(transaction, reserve, left);
        RefreshRows.Insert(transaction, token.Serial, new RefreshRow(false, reserve, left));
        books.Refresh(key.Number, left);
        return new RefreshAnswer(left);
    }

    private static Result<RefreshAnswer, BankError> Answer(RefreshRow known, ReserveId reserve) =>
        !known.IsRecoup && known.Reserve.Equals(reserve)
            ? new RefreshAnswer(known.Amount)
            : BankError.TokenSpent;
}
