using Bauta.Crypto.Jose;
using Bauta.Http;
using Bauta.Http.Gateway;
using Bauta.Protocol;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Bauta.Tests.Bank;
using Bauta.Tests.Http;
using Bauta.Tests.Storage;
using Bauta.Wallet.Network;
using Xunit;

namespace Bauta.Tests.Wallet;

public sealed class HttpNetworkTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly HandClock clock = new();
    private readonly LogInMemory log;
    private readonly P256PrivateKey key = P256PrivateKey.Generate();
    private readonly GatewayKeyRing ring;

    public HttpNetworkTests()
    {
        log = new LogInMemory(clock);
        ring = GatewayKeyRing.Open(directory.File("ring.json"), clock);
    }

    [Fact]
    public async Task A_key_serves_in_the_role_that_its_card_names_and_in_no_other()
    {
        await using var bank = await ServeAsync((keys, at) => new PartyCard(
            Roles.Bank, "bank.example", key.PublicKey.Spki, keys, at,
            Bank: new BankTerms("EUR", 2, [log.Policy.Text], 10, 1000, 60)));
        using (var network = Open(bank))
        {
            Assert.Equal("bank.example", (await network.BankCardAsync(default)).Content.Name);
            Assert.Equal("bank.example", (await network.LockingBankCardAsync(default)).Content.Name);
            await Assert.ThrowsAsync<ProtocolViolationException>(
                () => network.MerchantCardAsync(AddressOf(bank), default));
        }

        await using var shop = await ServeAsync((keys, at) => new PartyCard(
            Roles.Merchant, "shop.example", key.PublicKey.Spki, keys, at,
            Merchant: new MerchantTerms("bank.example", key.PublicKey.Thumbprint, [log.Policy.Text])));
        using (var network = Open(shop))
        {
            Assert.Equal("shop.example", (await network.MerchantCardAsync(AddressOf(shop), default)).Content.Name);
            await Assert.ThrowsAsync<ProtocolViolationException>(() => network.BankCardAsync(default));
            await Assert.ThrowsAsync<ProtocolViolationException>(() => network.LockingBankCardAsync(default));
        }
    }

    [Fact]
    public async Task The_network_file_states_how_short_a_window_may_be()
    {
        await using var host = await ServeAsync((keys, at) => new PartyCard(
            Roles.Acquirer, "acquirer.example", key.PublicKey.Spki, keys, at));
        using (var network = Open(host))
            Assert.Equal(86_400, network.MinWithdrawSeconds);
        using (var network = Open(host, 20))
            Assert.Equal(20, network.MinWithdrawSeconds);
        Assert.True(NetworkFile.TryParse(FileOf(host, 20).ToBytes(), out var read));
        Assert.Equal(20, read.MinWithdrawSeconds);
        Assert.False(NetworkFile.TryParse(FileOf(host, -1).ToBytes(), out _));
    }

    public void Dispose()
    {
        ring.Dispose();
        key.Dispose();
        log.Dispose();
        directory.Dispose();
    }

    private Task<TestHost> ServeAsync(Func<byte[], UnixTime, PartyCard> card)
    {
        var source = new PartyCardSource(key, ring, clock, card);
        return TestHost.StartAsync(routes => routes.MapPartyCard(() => source.Current), null, clock);
    }

    private PartyAddress AddressOf(TestHost host) => PartyAddress.Create(host.Address, key.PublicKey.Thumbprint);

    private NetworkFile FileOf(TestHost host, long? minWithdrawSeconds = null)
    {
        var at = AddressOf(host).ToString();
        return new NetworkFile([], at, at, at, log.Policy.Text, new Dictionary<string, string>(),
            MinWithdrawSeconds: minWithdrawSeconds);
    }

    private HttpNetwork Open(TestHost host, long? minWithdrawSeconds = null) =>
        new(FileOf(host, minWithdrawSeconds), MaskRoute.Direct, clock);
}
