using Bauta.Bank.Inspect;
using Bauta.Bank;
using Bauta.Bank.Ledger;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Parties;
using Bauta.Tests.Bank;
using PartyBank = Bauta.Bank.Bank;

namespace Bauta.Tests.Wallet;

/// <summary>The bank that locks what the network's bank issues, behind the same wire.</summary>
public sealed class SecondBank : IAsyncDisposable
{
    public const string Name = "locker.example";

    private readonly BankDatabase database;

    private SecondBank(BankDatabase database, PartyBank bank, WiredBank wired, Signed<PartyCard> card) =>
        (this.database, Bank, Wired, Card) = (database, bank, wired, card);

    /// <summary>The bank itself, without the wire.</summary>
    public PartyBank Bank { get; }

    public WiredBank Wired { get; }

    public Signed<PartyCard> Card { get; }

    public static async Task<SecondBank> OpenAsync(
        string path, P256PrivateKey key, BankIssuer issuer, BankArchive archive, BankAcquirer acquirer, Wire wire,
        TimeProvider clock, Signed<ArbiterCard>? arbiter = null)
    {
        var options = InProcessNetwork.BankOptions with
        {
            Name = Name,
            Issuer = InProcessNetwork.BankName,
            Arbiter = arbiter,
        };
        var database = await BankDatabase.OpenAsync(path);
        var bank = await PartyBank.OpenAsync(
            options, database, key, new FixtureKeys(), new BankParties([archive], acquirer, [], issuer), clock);
        var card = new PartyCard(
            Roles.Bank, Name, key.PublicKey.Spki, [], UnixTime.Now(clock),
            Bank: options.Terms([archive.Policy], issuer: new BankPeer(options.Issuer, issuer.Key.Thumbprint)));
        return new SecondBank(database, bank, new WiredBank(wire, bank), Signed<PartyCard>.Sign(key, card));
    }

    /// <summary>The bank's totals, checked against every row.</summary>
    public Task<BankTotals> AuditAsync() => BankAudit.TotalsAsync(database);

    public async ValueTask DisposeAsync()
    {
        await AuditAsync();
        Bank.Dispose();
        await database.DisposeAsync();
    }
}
