using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Tests.Bank;
using Bauta.Wallet;
using Bauta.Wallet.Tokens;
using Xunit;

namespace Bauta.Tests.Wallet;

public sealed class DenominationBookTests : IDisposable
{
    private const string Name = "bank.example";
    private static readonly RsaPublicKey[] keys = [.. FixtureKeys.Twelve.Select(name => RsaPrivateKey.FromPkcs8Pem(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Bank", "Keys", name + ".pem"))).PublicKey)];

    private readonly HandClock clock = new();
    private readonly LogInMemory log;
    private readonly P256PrivateKey bank = P256PrivateKey.Generate();
    private readonly P256PrivateKey stranger = P256PrivateKey.Generate();

    public DenominationBookTests() => log = new LogInMemory(clock);

    [Fact]
    public void A_list_that_holds_is_taken()
    {
        var book = Verify([Listed(0, 1), Listed(1, 2), Listed(2, 2)], [Revoked(1)]);
        Assert.Equal(3, book.All.Count);
        Assert.True(book.Find(keys[1].KeyId)!.IsRevoked);
        Assert.False(book.Find(keys[2].KeyId)!.IsRevoked);
        Assert.Null(book.Find(keys[3].KeyId));
        var offered = book.Withdrawable(clock.Now);
        Assert.Equal(2, offered.Count);
        Assert.Equal(keys[2].KeyId, offered[Amount.FromMinorUnits(2)].Key.KeyId);
        Assert.Empty(book.Withdrawable(clock.Now.AddSeconds(1000)));
        Assert.Empty(book.Withdrawable(UnixTime.FromSeconds(clock.Now.Seconds - 1)));
    }

    [Fact]
    public void A_key_by_another_bank_is_refused()
    {
        Distrusted([Listed(0, 1, signer: stranger)]);
        Distrusted([Listed(0, 1, issuer: "other.example")]);
    }

    [Fact]
    public void A_key_that_does_not_stand_in_the_log_is_refused()
    {
        var (logged, other) = (Listed(0, 1), Listed(1, 1));
        Distrusted([logged with { Proof = other.Proof }]);
        Distrusted([logged with { Proof = Revoked(0) }]);
        Distrusted([logged with { Proof = logged.Proof with { Proof = "" } }]);
        using var otherLog = new LogInMemory(clock);
        Distrusted([logged with
        {
            Proof = otherLog.Append(new LogEntry(LogEntry.Denomination, clock.Now, Statement: logged.Key.Text)),
        }]);
    }

    [Fact]
    public void A_key_without_the_witness_quorum_is_refused()
    {
        log.Cosigning = 1;
        var listed = Listed(0, 1);
        log.Cosigning = 3;
        Distrusted([listed]);
    }

    [Fact]
    public void A_key_that_stands_twice_is_refused() => Distrusted([Listed(0, 1), Listed(0, 1)]);

    [Fact]
    public void One_key_under_two_denominations_is_refused() => Distrusted([Listed(0, 1), Listed(0, 2)]);

    [Fact]
    public void More_keys_of_one_denomination_than_allowed_are_refused()
    {
        Verify([Listed(0, 1), Listed(1, 1), Listed(2, 1)], []);
        Distrusted([Listed(0, 1), Listed(1, 1), Listed(2, 1), Listed(3, 1)]);
        // A revoked one tells nobody apart, since nobody withdraws from it.
        Verify([Listed(0, 1), Listed(1, 1), Listed(2, 1), Listed(3, 1)], [Revoked(3)]);
    }

    [Fact]
    public void A_key_that_is_withdrawable_too_shortly_is_refused()
    {
        var listed = Listed(0, 1);
        DenominationBook Take(long least) => DenominationBook.Verify(
            new DenominationList([listed], []), Name, bank.PublicKey, log.Policy, clock.Now, least);
        Take(1000);
        Assert.Equal(WalletError.Distrusted, Assert.Throws<WalletException>(() => Take(1001)).Error);
        Assert.Throws<WalletException>(() => DenominationBook.Verify(
            new DenominationList([listed], []), Name, bank.PublicKey, log.Policy, clock.Now));
        // When it signs no longer, its tokens are still spent.
        clock.Advance(1000);
        Take(1001);
    }

    [Fact]
    public void More_keys_of_one_denomination_in_use_than_allowed_are_refused()
    {
        var listed = Enumerable.Range(0, DenominationBook.MaxLivingKeys + 1).Select(number =>
        {
            // Nobody signs with these, so no primes are needed.
            var modulus = Enumerable.Repeat((byte)0xFF, RsaPublicKey.ModulusSize).ToArray();
            modulus[100] = (byte)number;
            return Listed(RsaPublicKey.FromModulus(modulus), 1);
        }).ToArray();
        clock.Advance(1000);
        Verify(listed[1..], []);
        Distrusted(listed);
        clock.Advance(2000);
        Verify(listed, []);
    }

    [Fact]
    public void A_list_that_is_too_long_is_refused()
    {
        var one = Listed(0, 1);
        Distrusted([.. Enumerable.Repeat(one, DenominationList.MaxDenominations + 1)]);
        Distrusted([one], [.. Enumerable.Repeat(Revoked(1), DenominationList.MaxDenominations + 1)]);
    }

    [Fact]
    public void A_revocation_that_does_not_hold_is_refused()
    {
        var one = Listed(0, 1);
        Distrusted([one], [Revoked(0, signer: stranger)]);
        Distrusted([one], [Revoked(0, issuer: "other.example")]);
        Distrusted([one], [one.Proof]);
        log.Cosigning = 1;
        var unwitnessed = Revoked(0);
        log.Cosigning = 3;
        Distrusted([one], [unwitnessed]);
    }

    public void Dispose()
    {
        log.Dispose();
        bank.Dispose();
        stranger.Dispose();
    }

    private DenominationBook Verify(ListedDenomination[] listed, LoggedEntry[] revoked) => DenominationBook.Verify(
        new DenominationList(listed, revoked), Name, bank.PublicKey, log.Policy, clock.Now, 1000);

    private void Distrusted(ListedDenomination[] listed, LoggedEntry[]? revoked = null) => Assert.Equal(
        WalletError.Distrusted, Assert.Throws<WalletException>(() => Verify(listed, revoked ?? [])).Error);

    private ListedDenomination Listed(int key, long value, ISigner? signer = null, string issuer = Name) =>
        Listed(keys[key], value, signer, issuer);

    private ListedDenomination Listed(RsaPublicKey key, long value, ISigner? signer = null, string issuer = Name)
    {
        var signed = Signed<Denomination>.Sign(signer ?? bank, new Denomination(
            issuer, "EUR", 2, Amount.FromMinorUnits(value), key.Spki, clock.Now, clock.Now.AddSeconds(1000),
            clock.Now.AddSeconds(2000), clock.Now.AddSeconds(3000)));
        return new ListedDenomination(
            signed, log.Append(new LogEntry(LogEntry.Denomination, clock.Now, Statement: signed.Text)));
    }

    private LoggedEntry Revoked(int key, ISigner? signer = null, string issuer = Name) => log.Append(new LogEntry(
        LogEntry.Revocation, clock.Now, Statement: Signed<Revocation>.Sign(
            signer ?? bank, new Revocation(issuer, keys[key].KeyId, clock.Now)).Text));
}
