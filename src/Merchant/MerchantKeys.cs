using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Merchant;

/// <summary>The merchant's keys, and the one it trusts its bank by.</summary>
public sealed class MerchantKeys
{
    /// <param name="identity">Signs P1 and the party card.</param>
    /// <param name="account">Owns the account at the bank and signs its orders.</param>
    /// <param name="sealing">Seals what is secret in the database; lives in a file of mode 0600.</param>
    /// <param name="bank">The bank's statement key, pinned.</param>
    public MerchantKeys(ISigner identity, ISigner account, SealingKey sealing, P256PublicKey bank)
    {
        (Identity, Account, Sealing, Bank) = (identity, account, sealing, bank);
        AccountId = AccountId.Of(account.PublicKey);
    }

    public ISigner Identity { get; }

    public ISigner Account { get; }

    public AccountId AccountId { get; }

    public P256PublicKey Bank { get; }

    internal SealingKey Sealing { get; }
}
