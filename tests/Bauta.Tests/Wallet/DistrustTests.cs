using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Tokens;
using Xunit;

namespace Bauta.Tests.Wallet;

/// <summary>Each party in turn answers something else than it must; the wallet loses nothing by it.</summary>
public class DistrustTests
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes((1 << 20) + 9);

    public static TheoryData<string> Promises => [.. Changes.Keys];

    private static Dictionary<string, Func<Merchandise, InProcessNetwork, Merchandise>> Changes { get; } = new()
    {
        ["title"] = (p, _) => p with { Contract = p.Contract with { Title = "Other goods" } },
        ["description"] = (p, _) => p with { Contract = p.Contract with { Description = "Other goods" } },
        ["price"] = (p, _) => p with { Contract = p.Contract with { Price = p.Contract.Price + p.Contract.Price } },
        ["currency"] = (p, _) => p with { Contract = p.Contract with { Currency = "USD" } },
        ["file name"] = (p, _) => p with { Contract = p.Contract with { FileName = "other" } },
        ["content hash"] = (p, _) => p with { Contract = p.Contract with { ContentHash = new byte[32] } },
        ["offer"] = (p, _) => p with { Contract = p.Contract with { Offer = OfferId.Generate() } },
        ["archive"] = (p, _) => p with { Archive = PolicyId.FromBytes(new byte[32]) },
        ["bank"] = (p, _) => p with { Bank = "other.example" },
        ["early expiry"] = (p, n) => p with { ExpiresAt = n.Clock.Now.AddSeconds(9) },
        ["late expiry"] = (p, n) => p with { ExpiresAt = n.Clock.Now.AddSeconds(501) },
        ["goods root"] = (p, _) => p with { GoodsRoot = new byte[32] },
        ["secret"] = (p, _) => p with { Secret = new byte[32] },
    };

    [Theory]
    [MemberData(nameof(Promises))]
    public async Task A_promise_that_is_not_the_offer_is_not_paid(string changed)
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        network.MerchantWire.ChangePromise = signed =>
            Signed<Merchandise>.Sign(network.ShopKey, Changes[changed](signed.Content, network));
        var ended = await customer.BuyAsync(await network.OfferAsync(goods, 7), "bought.bin");
        Assert.IsType<Abandoned>(ended);
        Assert.DoesNotContain("IBank.LockAsync", network.Wire.Log);
        Assert.Equal(31, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
        Assert.Empty(await customer.ResumeAsync());
    }

    [Fact]
    public async Task A_promise_by_another_key_is_not_paid()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var stranger = P256PrivateKey.Generate();
        network.MerchantWire.ChangePromise = signed => Signed<Merchandise>.Sign(stranger, signed.Content);
        Assert.IsType<Abandoned>(await customer.BuyAsync(await network.OfferAsync(goods, 7), "bought.bin"));
        Assert.DoesNotContain("IMerchant.ChunkAsync", network.Wire.Log);
    }

    [Theory]
    [InlineData("account")]
    [InlineData("commitment")]
    [InlineData("mask")]
    public async Task A_promise_that_the_shop_cannot_keep_ends_in_an_abort(string changed)
    {
        // Only the shop knows these; P3 or the release will not match, so it is never paid.
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        network.MerchantWire.ChangePromise = signed => Signed<Merchandise>.Sign(network.ShopKey, changed switch
        {
            "account" => signed.Content with { Account = AccountId.Of(network.ShopKey.PublicKey) },
            "commitment" => signed.Content with
            {
                Commitment = KeyCommitment.To(signed.Content.Transaction(), new byte[32]),
            },
            _ => signed.Content with { Mask = new byte[32] },
        });
        var ended = await customer.BuyAsync(await network.OfferAsync(goods, 7), "bought.bin");
        if (changed == "mask")
        {
            // The mask is not committed to: the wrong one opens nothing, and P1 proves it.
            Assert.False(Assert.IsType<Opened>(ended).AsPromised);
            return;
        }

        network.Clock.Advance(360);
        Assert.Empty(await customer.ResumeAsync());
        Assert.True(await customer.LastPurchaseAsync() is Returned or Abandoned);
        Assert.Equal(31, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Fact]
    public async Task A_chunk_damaged_on_its_way_is_asked_for_again()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var damaged = 0;
        network.MerchantWire.ChangeChunk = (chunk, index) => index == 1 && damaged++ < 2 ? Damage(chunk) : chunk;
        Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(goods, 7), "bought.bin"));
        Assert.Equal(2 + 2, network.MerchantWire.ChunksGiven);
    }

    [Fact]
    public async Task A_chunk_that_stays_damaged_ends_the_purchase_before_anything_is_paid()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        network.MerchantWire.ChangeChunk = (chunk, index) => index == 1 ? Damage(chunk) : chunk;
        Assert.IsType<Abandoned>(await customer.BuyAsync(await network.OfferAsync(goods, 7), "bought.bin"));
        Assert.DoesNotContain("IBank.LockAsync", network.Wire.Log);
        Assert.Equal(31, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Theory]
    [InlineData("expiry")]
    [InlineData("commitment")]
    [InlineData("archive")]
    [InlineData("transaction")]
    [InlineData("amount")]
    [InlineData("account")]
    [InlineData("key")]
    public async Task Notes_that_do_not_match_are_not_passed_on(string changed)
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var stranger = P256PrivateKey.Generate();
        network.BankWire.ChangeLock = answer =>
        {
            var (note, payment) = (answer.LockNote.Content, answer.Payment.Content);
            var key = changed == "key" ? stranger : network.BankKey;
            note = changed switch
            {
                "expiry" => note with { ExpiresAt = note.ExpiresAt.AddSeconds(1) },
                "commitment" => note with { Commitment = KeyCommitment.To(note.Transaction, new byte[32]) },
                "archive" => note with { Archive = PolicyId.FromBytes(new byte[32]) },
                "transaction" => note with { Transaction = TransactionId.Of(stranger.PublicKey) },
                _ => note,
            };
            payment = changed switch
            {
                "amount" => payment with { Amount = payment.Amount + payment.Amount },
                "account" => payment with { Account = AccountId.Of(stranger.PublicKey) },
                _ => payment,
            };
            return new LockAnswer(Signed<LockNote>.Sign(key, note), Signed<PaymentNote>.Sign(key, payment));
        };
        var offer = await network.OfferAsync(goods, 7);
        Assert.Equal(WalletError.Distrusted,
            (await Assert.ThrowsAsync<WalletException>(() => customer.BuyAsync(offer, "bought.bin"))).Error);
        Assert.DoesNotContain("IMerchant.PayAsync", network.Wire.Log);
        Assert.NotEmpty(await customer.ResumeAsync());

        // It ends by itself, and nothing is lost even though the bank stays as it is.
        network.Clock.Advance(360);
        Assert.Empty(await customer.ResumeAsync());
        var ended = await customer.LastPurchaseAsync();
        if (changed is "amount" or "account")
        {
            // The lock note is right, so the abort is demanded with it: nobody's word is needed.
            Assert.IsType<Returned>(ended);
            Assert.Contains("IArchive.DecideAsync", network.Wire.Log);
        }
        else
        {
            Assert.NotNull(Assert.IsType<Abandoned>(ended).Lock);
            Assert.DoesNotContain("IArchive.DecideAsync", network.Wire.Log);
        }

        Assert.NotNull((await customer.Wallet.EvidenceAsync(ended.Order.Id, default)).LockNote);
        await network.BackgroundAsync();
        await customer.Wallet.RefreshAsync(TimeSpan.Zero, null, default);
        Assert.Equal(31, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Fact]
    public async Task A_decision_without_the_quorum_or_on_another_purchase_is_not_accepted()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var other = Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(goods, 7), "other.bin"));
        network.MerchantWire.IgnoresPayments = true;
        Assert.IsType<Locked>(await customer.BuyAsync(await network.OfferAsync(goods, 3), "bought.bin"));
        network.Clock.Advance(300);

        network.ArchiveWire.Change = _ => new DecisionAnswer(other.Decision);
        Assert.NotEmpty(await customer.ResumeAsync());
        Assert.IsType<Locked>(await customer.LastPurchaseAsync());

        // All cosignatures but one are taken away.
        network.ArchiveWire.Change = answer => answer.Decision is not { } decision ? answer
            : new DecisionAnswer(decision with
            {
                Proof = decision.Proof[..(decision.Proof.TrimEnd().LastIndexOf('\n') + 1)],
            });
        Assert.NotEmpty(await customer.ResumeAsync());
        Assert.IsType<Locked>(await customer.LastPurchaseAsync());

        // A flipped byte in the leaf.
        network.ArchiveWire.Change = answer => answer.Decision is not { } decision ? answer
            : new DecisionAnswer(decision with { Entry = [.. decision.Entry[..^9], 0, .. decision.Entry[^8..]] });
        Assert.NotEmpty(await customer.ResumeAsync());
        Assert.IsType<Locked>(await customer.LastPurchaseAsync());

        network.ArchiveWire.Change = null;
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Returned>(await customer.LastPurchaseAsync());
    }

    [Fact]
    public async Task A_shop_that_shows_a_false_decision_does_not_keep_the_true_one_away()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var other = Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(goods, 7), "other.bin"));
        network.MerchantWire.ChangeAnswer = _ => new PaymentAnswer(other.Decision);
        Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(goods, 3), "bought.bin"));
    }

    [Fact]
    public async Task A_token_that_the_bank_calls_spent_is_cleared_up_by_a_refresh()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 1);
        await using var thief = await Customer.JoinAsync(network, "thief", customer.Phrase);
        await thief.Wallet.RestoreAsync(null, default);
        Assert.Equal(1, await thief.CountAsync(TokenState.Held));
        // The thief's restore refreshed the token; the customer's copy is dead.
        Assert.IsType<Denied>(await customer.BuyAsync(await network.OfferAsync(goods, 1), "bought.bin"));
        network.Clock.Advance(360);
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Abandoned>(await customer.LastPurchaseAsync());
        Assert.Equal(1, await customer.CountAsync(TokenState.Doubtful));
        await customer.Wallet.RefreshAsync(TimeSpan.Zero, null, default);
        Assert.Equal(0, await customer.CountAsync(TokenState.Doubtful));
        Assert.Empty(await customer.ResumeAsync());
    }

    [Fact]
    public async Task A_declined_card_funds_nothing()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.JoinAsync(network);
        Assert.Equal(WalletError.Declined, (await Assert.ThrowsAsync<WalletException>(() => customer.Wallet.FundAsync(
            Amount.FromMinorUnits(5), Bauta.Acquirer.TestCards.Declined, default))).Error);
        Assert.Equal(0, (await customer.AgreesWithBankAsync()).InReserves.MinorUnits);
        Assert.Equal(WalletError.NotEnough, (await Assert.ThrowsAsync<WalletException>(
            () => customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(1), default))).Error);
        Assert.Empty(await customer.ResumeAsync());
    }

    [Fact]
    public async Task A_wallet_opens_with_its_password_only_and_is_not_made_twice()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.JoinAsync(network);
        var folder = customer.Wallet.Store.Folder;
        await customer.Wallet.Store.DisposeAsync();
        Assert.Equal(WalletError.Exists, (await Assert.ThrowsAsync<WalletException>(
            () => WalletStore.CreateAsync(folder, "password", customer.Phrase, network.Clock, 1))).Error);
        Assert.Equal(WalletError.WrongPassword, (await Assert.ThrowsAsync<WalletException>(
            () => WalletStore.OpenAsync(folder, "passwort", network.Clock))).Error);
        Assert.Equal(WalletError.NoWallet, (await Assert.ThrowsAsync<WalletException>(
            () => WalletStore.OpenAsync(network.File("nowhere"), "password", network.Clock))).Error);
        Assert.Equal(WalletError.BadPhrase, (await Assert.ThrowsAsync<WalletException>(
            () => WalletStore.CreateAsync(network.File("new"), "password", "abandon", network.Clock, 1))).Error);
        await customer.RestartAsync();
    }

    private static GoodsChunk Damage(GoodsChunk chunk)
    {
        var bytes = (byte[])chunk.Ciphertext.Clone();
        bytes[3] ^= 1;
        return chunk with { Ciphertext = bytes };
    }
}
