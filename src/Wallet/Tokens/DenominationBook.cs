using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Wallet.Tokens;

/// <summary>A denomination key that the wallet has verified, with its key read.</summary>
/// <param name="Terms">The announcement.</param>
/// <param name="Listed">As the bank listed it, for the evidence.</param>
/// <param name="Key">The key.</param>
/// <param name="IsRevoked">Whether the log revokes it.</param>
public sealed record VerifiedDenomination(
    Denomination Terms, ListedDenomination Listed, RsaPublicKey Key, bool IsRevoked);

/// <summary>
/// The bank's denominations, each verified: signed by the bank, for its issuer and currency, and standing in the
/// archive's log under the witness quorum. So a bank cannot show a customer a key of his own and know his tokens by it.
/// </summary>
public sealed class DenominationBook
{
    /// <summary>The most keys of one denomination that are in use at once, from the announcement to the last refresh:
    /// a token's key tells who spends it apart from all that hold tokens of other keys.</summary>
    public const int MaxLivingKeys = 24;

    /// <summary>For how many seconds a key must be withdrawable unless the user's network file states less. Only those
    /// who withdraw in the same window hide each other.</summary>
    public const long DefaultMinWithdrawSeconds = 86_400;

    private readonly Dictionary<string, VerifiedDenomination> byKeyId;

    private DenominationBook(Dictionary<string, VerifiedDenomination> byKeyId) => this.byKeyId = byKeyId;

    /// <summary>All verified keys.</summary>
    public IReadOnlyCollection<VerifiedDenomination> All => byKeyId.Values;

    /// <summary>Verifies a list.</summary>
    /// <param name="list">As the bank answered.</param>
    /// <param name="bankName">The bank's name from its card.</param>
    /// <param name="bankKey">The bank's identity key.</param>
    /// <param name="policy">The archive whose log the keys must stand in.</param>
    /// <param name="now">The time.</param>
    /// <param name="minWithdrawSeconds">The shortest window in which a key may be withdrawn from.</param>
    /// <exception cref="WalletException">An entry does not verify: nothing of the list is used.</exception>
    public static DenominationBook Verify(
        DenominationList list, string bankName, P256PublicKey bankKey, ArchivePolicy policy, UnixTime now,
        long minWithdrawSeconds = DefaultMinWithdrawSeconds)
    {
        if (list.Denominations.Count > DenominationList.MaxDenominations
            || list.Revocations.Count > DenominationList.MaxDenominations)
            throw Distrust("lists more keys than allowed");
        var revoked = list.Revocations.Select(entry => Revoked(entry, bankName, bankKey, policy)).ToHashSet();
        var book = new Dictionary<string, VerifiedDenomination>(StringComparer.Ordinal);
        foreach (var listed in list.Denominations)
        {
            var terms = listed.Key.Content;
            if (terms.Issuer != bankName || !listed.Key.IsSignedBy(bankKey))
                throw Distrust("lists a key that it did not sign");
            if (!listed.StandsIn(policy))
                throw Distrust("lists a key that does not stand in the archive's log under its quorum");
            if (!RsaPublicKey.TryFromSpki(terms.TokenKey, out var key))
                throw Distrust("lists a key that is none");
            var id = Convert.ToHexString(key.KeyId);
            if (!book.TryAdd(id, new VerifiedDenomination(terms, listed, key, revoked.Contains(id))))
                throw Distrust("lists a key twice");
        }

        DemandCrowd(book.Values, now, minWithdrawSeconds);
        return new DenominationBook(book);
    }

    /// <summary>Refuses keys that would each be shared by few.</summary>
    private static void DemandCrowd(
        IReadOnlyCollection<VerifiedDenomination> keys, UnixTime now, long minWithdrawSeconds)
    {
        if (keys.Where(entry => CanWithdraw(entry, now)).GroupBy(entry => entry.Terms.Value)
            .Any(group => group.Count() > DenominationList.MaxConcurrent))
            throw Distrust($"offers more than {DenominationList.MaxConcurrent} keys of one denomination at once");
        // A revoked key tells nobody apart, since nobody withdraws from it.
        if (keys.Where(entry => !entry.IsRevoked && now < entry.Terms.ExpiresAt).GroupBy(entry => entry.Terms.Value)
            .Any(group => group.Count() > MaxLivingKeys))
            throw Distrust($"has more than {MaxLivingKeys} keys of one denomination in use");
        if (keys.Any(entry => !entry.IsRevoked && now < entry.Terms.WithdrawUntil
            && entry.Terms.WithdrawUntil.Seconds - entry.Terms.WithdrawFrom.Seconds < minWithdrawSeconds))
            throw Distrust(
                $"lets a key be withdrawn from for less than {minWithdrawSeconds} seconds, so that few share it");
    }

    /// <summary>A key by its ID, or null.</summary>
    public VerifiedDenomination? Find(ReadOnlySpan<byte> tokenKeyId) =>
        byKeyId.GetValueOrDefault(Convert.ToHexString(tokenKeyId));

    /// <summary>For each value the key that lasts longest among those that can be withdrawn now.</summary>
    public IReadOnlyDictionary<Amount, VerifiedDenomination> Withdrawable(UnixTime now) =>
        byKeyId.Values.Where(entry => CanWithdraw(entry, now))
            .GroupBy(entry => entry.Terms.Value)
            .ToDictionary(group => group.Key, group => group.MaxBy(entry => entry.Terms.ExpiresAt)!);

    private static bool CanWithdraw(VerifiedDenomination entry, UnixTime now) =>
        !entry.IsRevoked && entry.Terms.WithdrawFrom <= now && now < entry.Terms.WithdrawUntil;

    private static string Revoked(LoggedEntry proof, string bankName, P256PublicKey bankKey, ArchivePolicy policy)
    {
        if (!policy.TryVerify(proof, out var logged) || logged.Entry.Kind != LogEntry.Revocation
            || !logged.Entry.IsSignedBy(bankKey))
            throw Distrust("lists a revocation that does not stand in the archive's log");
        var revocation = logged.Entry.StatementAs<Revocation>().Content;
        return revocation.Issuer == bankName
            ? Convert.ToHexString(revocation.TokenKeyId)
            : throw Distrust("lists another issuer's revocation");
    }

    private static WalletException Distrust(string what) => new(WalletError.Distrusted,
        $"The bank {what}. Nothing was sent to it; ask its operator, or use another bank.");
}
