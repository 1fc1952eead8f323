using System.Security.Cryptography;
using Bauta.Bank.Denominations;
using Bauta.Bank.Ledger;
using Bauta.Bank.Refresh;
using Bauta.Bank.Reserves;
using Bauta.Bank.Tokens;
using Bauta.Bank.Withdraw;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Recoup;

/// <summary>
/// Exchanges a token of a revoked key. Who stole the key can sign tokens, but was not issued them: the holder shows
/// the seed of the blinding, which leads to a request on record.
/// </summary>
/// <remarks>
/// Were salt and blind taken from the holder, a thief could open his own honest requests as tokens that he forged: for
/// any message m he finds r = (B / m)^d. Both derive from the seed, so he would have to hit B with a hash.
/// See docs/decisions/015-recoup-shows-the-seed.md. A request is recouped once all the same, and never more comes
/// back than the key issued. Where another bank locks, its note says what is left:
/// see docs/decisions/022-recoup-across-two-banks.md.
/// </remarks>
internal sealed class RecoupDesk(
    BankOptions options, BankDatabase database, P256PublicKey? lockingBank, DenominationShelf shelf,
    TimeProvider clock)
{
    // The authenticator signs all that stands before it.
    private const int SignedSize = Token.Size - RsaPublicKey.ModulusSize;

    public async Task<Result<RefreshAnswer, BankError>> RecoupAsync(
        Signed<RecoupOrder> order, CancellationToken cancellation)
    {
        // Who locks for another bank does not know what was issued.
        if (options.Issuer is not null)
            return BankError.WrongBank;
        var content = order.Content;
        var read = PresentedToken.Read(shelf.Current, content.Token, content.Key);
        if (!read.IsOk)
            return read.Error.Value;
        var token = read.Value;
        var known = await database.ReadAsync(reader => RefreshRows.Find(reader, token.Serial), cancellation);
        if (known is null && token.Key.RefusesToRecoup(UnixTime.Now(clock)) is { } refusal)
            return refusal;
        if (!token.IsGenuine())
            return BankError.BadToken;
        if (!P256PublicKey.TryFromSpki(content.Key, out var owner) || !order.IsSignedBy(owner))
            return BankError.BadSignature;
        if (known is not null)
            return known.For(true, content.Reserve);
        if (!IsClosed(token, content.Closing))
            return BankError.BadClosing;
        return TryOpen(token, content) is { } requestHash
            ? await database.WriteAsync(
                (transaction, books) => Store(transaction, books, token, requestHash, content), cancellation)
            : BankError.NeverIssued;
    }

    /// <summary>Whether the only bank that locks this issuer's tokens has closed this one; there is no note when that
    /// is the issuer itself.</summary>
    private bool IsClosed(PresentedToken token, Signed<ClosingNote>? note) => lockingBank is null
        ? note is null
        : note is not null && note.Content.Closes(options.Name, token.Key.KeyId, token.Serial)
            && note.Content.Amount <= token.Key.Value && note.IsSignedBy(lockingBank);

    /// <summary>The hash of the request that the seed leads to.</summary>
    private static byte[]? TryOpen(PresentedToken token, RecoupOrder order)
    {
        try
        {
            using var blinding = BlindRsa.Blind(
                token.Key.PublicKey, order.Token.AsSpan(0, SignedSize), order.Seed);
            return SHA256.HashData(
                new TokenRequest(token.Key.PublicKey.TruncatedKeyId, blinding.BlindedMessage).Encode());
        }
        catch (CryptographicException)
        {
            // Not a number that blinds: it shares a factor with the modulus.
            return null;
        }
    }

    private Result<RefreshAnswer, BankError> Store(
        IWriteTransaction transaction, Books books, PresentedToken token, byte[] requestHash, RecoupOrder order)
    {
        var reserve = order.Reserve;
        if (RefreshRows.Find(transaction, token.Serial) is { } known)
            return known.For(true, reserve);
        if (shelf.Current[token.Key.Number].IsClosed || books.IsWrittenOff(token.Key.Number))
            return BankError.KeyExpired;
        if (WithdrawalRows.FindIssue(transaction, requestHash) is not { } issue || issue.Key != token.Key.Number
            || issue.Recouped is not null)
            return BankError.NeverIssued;
        var row = TokenRows.Find(transaction, token.Serial);
        if (row?.Refuses(token) is { } refusal)
            return refusal;
        var left = order.Closing?.Content.Amount ?? row?.Left ?? token.Key.Value;
        if (left == Amount.Zero || left.MinorUnits > books.Unspent(token.Key.Number))
            return BankError.TokenSpent;
        TokenRows.Refund(transaction, token, left);
        ReserveRows.Credit(transaction, reserve, left);
        RefreshRows.Insert(transaction, token.Serial, new RefreshRow(true, reserve, left));
        if (order.Closing is { } closing)
            ClosingRows.Insert(transaction, closing);
        WithdrawalRows.SetRecouped(transaction, requestHash, token.Serial);
        books.Recoup(token.Key.Number, left);
        return new RefreshAnswer(left);
    }
}
