using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;

namespace Bauta.Wallet.Network;

/// <summary>
/// The parties that a wallet deals with, reached through masks or directly. Cards are verified against the addresses
/// before anything is sent.
/// </summary>
public interface INetwork
{
    /// <summary>The bank's card.</summary>
    Task<Signed<PartyCard>> BankCardAsync(CancellationToken cancellation);

    /// <summary>The card of the bank that locks what the bank issues; its own unless the user's network file pins
    /// another one.</summary>
    Task<Signed<PartyCard>> LockingBankCardAsync(CancellationToken cancellation) => BankCardAsync(cancellation);

    /// <summary>A merchant's card.</summary>
    Task<Signed<PartyCard>> MerchantCardAsync(PartyAddress shop, CancellationToken cancellation);

    /// <summary>The bank that issues the wallet's tokens.</summary>
    IBank Bank { get; }

    /// <summary>The bank that locks and refreshes them; the same one unless the user's network file pins
    /// another.</summary>
    IBank LockingBank => Bank;

    /// <summary>The acquirer.</summary>
    IAcquirer Acquirer { get; }

    /// <summary>The archive.</summary>
    IArchive Archive { get; }

    /// <summary>The archive's policy, as the user's network file pins it.</summary>
    ArchivePolicy Policy { get; }

    /// <summary>The shortest time for which the bank may let a denomination key be withdrawn from.</summary>
    long MinWithdrawSeconds => Tokens.DenominationBook.DefaultMinWithdrawSeconds;

    /// <summary>A merchant.</summary>
    IMerchant Merchant(PartyAddress shop);
}
