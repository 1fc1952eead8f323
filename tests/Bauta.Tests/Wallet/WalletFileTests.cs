using System.Security.Cryptography;
using System.Text;
using Bauta.Acquirer;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Storage;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Recovery;
using Bauta.Wallet.Tokens;
using Xunit;

namespace Bauta.Tests.Wallet;

/// <summary>What stands in the wallet's file for somebody who copied it and has no password.</summary>
public class WalletFileTests
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes(1000);

    [Fact]
    public async Task Nothing_that_spends_and_nothing_that_another_party_knows_stands_in_the_clear()
    {
        await using var network = await InProcessNetwork.StartAsync();
        var entropy = RandomNumberGenerator.GetBytes(16);
        await using var customer = await Customer.JoinAsync(network, phrase: RecoveryPhrase.Encode(entropy));
        await customer.FundAsync(40);
        await customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(31), default);
        var issued = await customer.Wallet.Store.TokensAsync(TokenState.Held, default);
        var bought = await customer.BuyAsync(await network.OfferAsync(goods, 5), "bought.bin");
        Assert.IsType<Opened>(bought);
        await customer.Wallet.RefreshAsync(TimeSpan.Zero, null, default);
        network.MerchantWire.IgnoresPayments = true;
        var open = await customer.BuyAsync(await network.OfferAsync(goods, 5), "open.bin");
        Assert.IsType<Locked>(open);
        network.Wire.Silent.Add(typeof(IAcquirer));
        await Assert.ThrowsAsync<PartyUnreachableException>(() => customer.FundAsync(5));
        network.Wire.Silent.Clear();

        var secrets = Secrets(customer.Wallet.Store.Seed, issued)
            .Concat([("entropy", entropy), ("seed", customer.Wallet.Store.Seed.Export())])
            .Concat(new[] { bought, open }.Select(one => ("purchase", one.Order.Id.ToArray()))).ToArray();
        string[] words =
        [
            customer.Phrase, customer.Phrase.Split(' ')[0] + " ", network.Shop.Thumbprint, "shop.example",
            bought.Order.Offer.Title, "What is sold.", "goods.bin", "bought.bin", "open.bin", TestCards.Approved,
        ];
        var anyKey = issued[0].TokenKeyId;
        await customer.Wallet.Store.DisposeAsync();
        var files = Directory.GetFiles(customer.Wallet.Store.Folder).Select(File.ReadAllBytes).ToArray();
        // The scan finds what may stand there, so it would find the rest.
        Assert.True(Stands(files, anyKey));
        Assert.True(Stands(files, Encoding.ASCII.GetBytes(TokenState.SetAside)));
        foreach (var (what, secret) in secrets)
        {
            Assert.False(Stands(files, secret), what);
            foreach (var text in new[]
            {
                Base64Url.Encode(secret), Convert.ToBase64String(secret), Convert.ToHexString(secret),
                Convert.ToHexStringLower(secret),
            })
                Assert.False(Stands(files, Encoding.ASCII.GetBytes(text)), $"{what} as text");
        }

        Assert.All(words, word => Assert.False(Stands(files, Encoding.UTF8.GetBytes(word)), word));
        await customer.RestartAsync();
        Assert.Equal(2, (await customer.Wallet.HistoryAsync(default)).Count);
    }

    [Fact]
    public async Task A_sealed_token_cannot_be_put_in_anothers_place()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 3);
        await customer.Wallet.Store.Database.WriteAsync(
            transaction => transaction.Execute("UPDATE tokens SET token = (SELECT MIN(token) FROM tokens)"), default);
        Assert.Equal(WalletError.Damaged, (await Assert.ThrowsAsync<WalletException>(
            () => customer.Wallet.Store.TokensAsync(TokenState.Held, default))).Error);
    }

    [Fact]
    public async Task A_file_whose_making_was_cut_off_is_no_wallet_and_may_become_one()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.JoinAsync(network);
        var folder = customer.Wallet.Store.Folder;
        await customer.Wallet.Store.Database.WriteAsync(
            transaction => transaction.Execute("DELETE FROM settings"), default);
        await customer.Wallet.Store.DisposeAsync();
        Assert.False(await WalletStore.ExistsAsync(folder, network.Clock));
        Assert.Equal(WalletError.NoWallet, (await Assert.ThrowsAsync<WalletException>(
            () => WalletStore.OpenAsync(folder, "password", network.Clock))).Error);
        await (await WalletStore.CreateAsync(folder, "password", customer.Phrase, network.Clock, 1)).DisposeAsync();
        await customer.RestartAsync();
        Assert.True(customer.Wallet.Store.IsOf(customer.Phrase));
        Assert.False(customer.Wallet.Store.IsOf(RecoveryPhrase.Generate()));
        Assert.False(customer.Wallet.Store.IsOf("no phrase"));
    }

    private static IEnumerable<(string What, byte[] Secret)> Secrets(WalletSeed seed, IReadOnlyList<WalletToken> tokens)
    {
        for (var number = 0; number < 3; number++)
        {
            using var key = seed.ReserveKey(number);
            yield return ("reserve key", key.PublicKey.Spki);
            yield return ("reserve", ReserveId.Of(key.PublicKey).ToArray());
        }

        foreach (var token in tokens)
        {
            using var secret = seed.Token(token.TokenKeyId, token.Number);
            using var key = secret.Key();
            using var refresh = secret.RefreshReserveKey();
            yield return ("token", token.Token!);
            yield return ("authenticator", token.Token![^256..]);
            yield return ("serial", token.Token![2..34]);
            yield return ("token key", key.PublicKey.Spki);
            yield return ("blinding seed", secret.BlindingSeed());
            yield return ("refresh reserve", ReserveId.Of(refresh.PublicKey).ToArray());
        }
    }

    private static bool Stands(byte[][] files, byte[] what) => files.Any(file => file.AsSpan().IndexOf(what) >= 0);
}
