using System.Collections.Concurrent;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;

namespace Bauta.Wallet.Network;

/// <summary>
/// The parties over HTTP, through masks or directly. With masks everything goes through them, the acquirer included: it
/// knows the payer from the card, and his network address is still none of its business.
/// </summary>
public sealed class HttpNetwork : INetwork, IDisposable
{
    private readonly PartyTransport transport;
    private readonly PartyAddress bank;
    private readonly PartyAddress lockingBank;
    private readonly ConcurrentDictionary<PartyAddress, MerchantClient> shops = new();

    /// <summary>Makes the clients; nothing is sent yet.</summary>
    /// <param name="file">Who the parties are.</param>
    /// <param name="route">The choice of masks.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="sockets">Another way to the network than the usual one; owned from here on.</param>
    public HttpNetwork(
        NetworkFile file, MaskRoute route, TimeProvider clock, HttpMessageHandler? sockets = null)
    {
        Policy = ArchivePolicy.TryParse(file.Policy, out var policy)
            ? policy
            : throw new FormatException("The network file's archive policy cannot be read.");
        MinWithdrawSeconds = file.MinWithdrawSeconds ?? Tokens.DenominationBook.DefaultMinWithdrawSeconds;
        transport = new PartyTransport(route, clock, sockets: sockets);
        bank = PartyAddress.Parse(file.Bank);
        Bank = new BankClient(transport.ClientFor(bank));
        lockingBank = file.SpentAt is null ? bank : PartyAddress.Parse(file.SpentAt);
        LockingBank = file.SpentAt is null ? Bank : new BankClient(transport.ClientFor(lockingBank));
        Acquirer = new AcquirerClient(transport.ClientFor(PartyAddress.Parse(file.Acquirer)));
        var archive = new ArchiveClient(transport.ClientFor(PartyAddress.Parse(file.Archive)));
        (Archive, Log) = (archive, archive);
    }

    /// <inheritdoc/>
    public IBank Bank { get; }

    /// <inheritdoc/>
    public IBank LockingBank { get; }

    /// <inheritdoc/>
    public IAcquirer Acquirer { get; }

    /// <inheritdoc/>
    public IArchive Archive { get; }

    /// <summary>The archive's log.</summary>
    public ILog Log { get; }

    /// <inheritdoc/>
    public ArchivePolicy Policy { get; }

    /// <inheritdoc/>
    public long MinWithdrawSeconds { get; }

    /// <inheritdoc/>
    public async Task<Signed<PartyCard>> BankCardAsync(CancellationToken cancellation) =>
        OfRole(await transport.CardAsync(bank, cancellation), Roles.Bank);

    /// <inheritdoc/>
    public async Task<Signed<PartyCard>> LockingBankCardAsync(CancellationToken cancellation) =>
        OfRole(await transport.CardAsync(lockingBank, cancellation), Roles.Bank);

    /// <inheritdoc/>
    public async Task<Signed<PartyCard>> MerchantCardAsync(PartyAddress shop, CancellationToken cancellation) =>
        OfRole(await transport.CardAsync(shop, cancellation), Roles.Merchant);

    /// <inheritdoc/>
    public IMerchant Merchant(PartyAddress shop) =>
        shops.GetOrAdd(shop, at => new MerchantClient(transport.ClientFor(at)));

    /// <inheritdoc/>
    public void Dispose() => transport.Dispose();

    // A key is bound to its role: a merchant's key must not pass for a bank's.
    private static Signed<PartyCard> OfRole(Signed<PartyCard> card, string role) => card.Content.Role == role
        ? card
        : throw new ProtocolViolationException($"The party at this address is a {card.Content.Role}, not a {role}.");
}
