using Bauta.Bank.Denominations;
using Bauta.Bank.Ledger;
using Bauta.Bank.Reserves;
using Bauta.Bank.Tokens;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Refresh;

/// <summary>
/// Turns all that is left of a token into a reserve credit, from which tokens are withdrawn that cannot be linked to
/// it. Once per token: the same token and reserve has the same answer for ever. Where another bank is the issuer, the
/// credit is a notice to it.
/// </summary>
internal sealed class RefreshDesk(
    BankOptions options, BankDatabase database, ISigner statementKey, DenominationShelf shelf, TimeProvider clock,
    Action<DenominationKey> forged)
{
    // What is left changes only while the token is being spent elsewhere at the same time.
    private const int MaxAttempts = 8;

    public async Task<Result<RefreshAnswer, BankError>> RefreshAsync(
        Signed<RefreshOrder> order, CancellationToken cancellation)
    {
        if (options.SpentAt is not null)
            return BankError.WrongBank;
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
            ? known.For(false, content.Reserve)
            : await RefreshAsync(token, content.Reserve, cancellation);
    }

    private async Task<Result<RefreshAnswer, BankError>> RefreshAsync(
        PresentedToken token, ReserveId reserve, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            // The notice is signed before the write, over what is left now.
            var notice = token.Key.IsOwn ? null : await SignNoticeAsync(token, reserve, cancellation);
            var answer = await database.WriteAsync(
                (transaction, books) => Store(transaction, books, token, reserve, notice), cancellation);
            if (answer is { } done)
                return done;
        }

        return BankError.TooMany;
    }

    private async Task<Signed<FundingNotice>?> SignNoticeAsync(
        PresentedToken token, ReserveId reserve, CancellationToken cancellation)
    {
        var row = await database.ReadAsync(reader => TokenRows.Find(reader, token.Serial), cancellation);
        var left = row?.Left ?? token.Key.Value;
        return left == Amount.Zero
            ? null
            : Signed<FundingNotice>.Sign(statementKey, new FundingNotice(
                RequestId.Generate(), options.Issuer!, reserve, options.Currency.Code, left));
    }

    /// <summary>The answer, or null when the notice is not over what is left.</summary>
    private Result<RefreshAnswer, BankError>? Store(
        IWriteTransaction transaction, Books books, PresentedToken token, ReserveId reserve,
        Signed<FundingNotice>? notice)
    {
        if (RefreshRows.Find(transaction, token.Serial) is { } known)
            return known.For(false, reserve);
        var key = shelf.Current[token.Key.Number];
        var row = TokenRows.Find(transaction, token.Serial);
        var left = row?.Left ?? token.Key.Value;
        if (Refuses(key, token, row, left, books) is { } refusal)
            return refusal;
        if (!key.IsOwn && notice?.Content.Amount != left)
            return null;
        TokenRows.Refresh(transaction, token, left);
        RefreshRows.Insert(transaction, token.Serial, new RefreshRow(false, reserve, left, notice));
        if (key.IsOwn)
        {
            ReserveRows.Credit(transaction, reserve, left);
            books.Refresh(key.Number, left);
        }
        else
        {
            if (row is null)
                books.Admit(key.Number, key.Value);
            books.Return(key.Number, left);
        }

        return new RefreshAnswer(left, notice);
    }

    private BankError? Refuses(DenominationKey key, PresentedToken token, TokenRow? row, Amount left, Books books)
    {
        if (key.IsRevoked)
            return BankError.KeyRevoked;
        if (key.IsClosed || books.IsWrittenOff(key.Number))
            return BankError.KeyExpired;
        if (row?.Refuses(token) is { } refusal)
            return refusal;
        if (left == Amount.Zero)
            return BankError.TokenSpent;
        if (!key.IsOwn)
            return books.HasRoom ? null : BankError.TooMany;
        if (left.MinorUnits <= books.Unspent(key.Number))
            return null;
        forged(key);
        return BankError.BadToken;
    }
}
