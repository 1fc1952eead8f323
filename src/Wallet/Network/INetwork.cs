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

    /// <summary>A merchant's card.</summary>
    Task<Signed<PartyCard>> MerchantCardAsync(PartyAddress shop, CancellationToken cancellation);

    /// <summary>The bank.</summary>
    IBank Bank { get; }

    /// <summary>The acquirer.</summary>
    IAcquirer Acquirer { get; }

    /// <summary>The archive.</summary>
    IArchive Archive { get; }

    /// <summary>The archive's policy, as the user's network file pins it.</summary>
    ArchivePolicy Policy { get; }

    /// <summary>A merchant.</summary>
    IMerchant Merchant(PartyAddress shop);
}
