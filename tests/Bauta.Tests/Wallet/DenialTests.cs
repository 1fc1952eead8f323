using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Tokens;
using Xunit;

namespace Bauta.Tests.Wallet;

/// <summary>The bank locks what P2 authorizes, says something else to the customer, and helps the shop.</summary>
public class DenialTests
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes(1000);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_bank_that_locks_and_denies_it_does_not_keep_the_goods_away(bool isSilent)
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        LockAnswer? kept = null;
        network.BankWire.ReplaceLock = answer =>
        {
            kept = answer.IsOk ? answer.Value : kept;
            return isSilent ? throw new PartyUnreachableException("The bank is silent.") : BankError.BadExpiry;
        };
        var offer = await network.OfferAsync(goods, 7);
        if (isSilent)
            await Assert.ThrowsAsync<PartyUnreachableException>(() => customer.BuyAsync(offer, "bought.bin"));
        else
            Assert.IsType<Denied>(await customer.BuyAsync(offer, "bought.bin"));
        Assert.True((await network.TheMerchant.PayAsync(
            new PaymentRequest(kept!.LockNote.Content.Transaction, kept), default)).IsOk);
        await customer.RestartAsync();
        await PurchaseTests.SoonAsync(async () => (await customer.ResumeAsync()).Count == 0);

        var opened = Assert.IsType<Opened>(await customer.LastPurchaseAsync());
        Assert.True(opened.AsPromised);
        Assert.Equal(goods, await File.ReadAllBytesAsync(network.File("bought.bin")));
        await network.BackgroundAsync();
        var balance = await customer.AgreesWithBankAsync();
        Assert.Equal(24, (balance.Spendable + balance.ToRefresh).MinorUnits);
        Assert.Equal(Outcome.Complete,
            PurchaseJudge.Judge(await customer.Wallet.EvidenceAsync(opened.Order.Id, default)).Outcome);
    }

    [Fact]
    public async Task An_abort_of_a_lock_that_was_denied_gives_the_tokens_back()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        LockAnswer? kept = null;
        network.BankWire.ReplaceLock = answer =>
        {
            kept = answer.Value;
            return BankError.UnknownAccount;
        };
        Assert.IsType<Denied>(await customer.BuyAsync(await network.OfferAsync(goods, 7), "bought.bin"));
        network.Clock.Advance(300);
        Assert.True((await network.TheArchive.DecideAsync(new DecisionRequest(kept!.LockNote), default)).IsOk);
        await PurchaseTests.SoonAsync(async () => (await customer.ResumeAsync()).Count == 0);
        var returned = Assert.IsType<Returned>(await customer.LastPurchaseAsync());
        Assert.Equal(31, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
        Assert.Equal(Outcome.Aborted,
            PurchaseJudge.Judge(await customer.Wallet.EvidenceAsync(returned.Order.Id, default)).Outcome);
    }

    [Theory]
    [InlineData(BankError.BadExpiry, TokenState.Held)]
    [InlineData(BankError.TokenLocked, TokenState.Doubtful)]
    public async Task A_refusal_holds_goods_and_tokens_until_nothing_can_be_committed(BankError error, string after)
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        network.BankWire.RefuseLock = error;
        var denied = Assert.IsType<Denied>(await customer.BuyAsync(await network.OfferAsync(goods, 31), "bought.bin"));
        var kept = customer.Wallet.Store.GoodsPathOf(denied.Order.Id);
        foreach (var seconds in new[] { 0, 299, 60 })
        {
            network.Clock.Advance(seconds);
            await customer.RestartAsync();
            Assert.Single(await customer.ResumeAsync());
            Assert.True(File.Exists(kept));
            Assert.Equal(31, (await customer.AgreesWithBankAsync()).SetAside.MinorUnits);
        }

        network.Clock.Advance(1);
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Abandoned>(await customer.LastPurchaseAsync());
        Assert.False(File.Exists(kept));
        Assert.Equal(5, await customer.CountAsync(after));
    }

    [Fact]
    public async Task A_bank_that_has_no_time_until_expiry_and_after_ends_the_purchase_nevertheless()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        network.BankWire.RefuseLock = BankError.TooMany;
        var offer = await network.OfferAsync(goods, 7);
        await Assert.ThrowsAsync<WalletException>(() => customer.BuyAsync(offer, "bought.bin"));
        Assert.IsType<Authorized>(await customer.LastPurchaseAsync());
        network.Clock.Advance(361);
        await customer.ResumeAsync();
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Abandoned>(await customer.LastPurchaseAsync());
        Assert.Equal(31, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Fact]
    public async Task An_archive_that_does_not_answer_ends_no_denied_purchase()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        network.BankWire.RefuseLock = BankError.BadExpiry;
        Assert.IsType<Denied>(await customer.BuyAsync(await network.OfferAsync(goods, 7), "bought.bin"));
        network.Clock.Advance(360);
        network.Wire.Silent.Add(typeof(IArchive));
        Assert.NotEmpty(await customer.ResumeAsync());
        Assert.IsType<Denied>(await customer.LastPurchaseAsync());
        network.Wire.Silent.Clear();
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(31, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_decision_on_other_terms_than_the_promised_is_kept_as_evidence(bool isCommit)
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var release = P256PrivateKey.Generate();
        var transaction = TransactionId.Of(release.PublicKey);
        network.MerchantWire.ChangePromise = signed => Signed<Merchandise>.Sign(network.ShopKey, signed.Content with
        {
            ReleaseKey = release.PublicKey.Spki,
            Commitment = KeyCommitment.To(transaction, new byte[32]),
        });
        network.BankWire.RefuseLock = BankError.SerialReused;
        var denied = Assert.IsType<Denied>(await customer.BuyAsync(await network.OfferAsync(goods, 7), "bought.bin"));

        // The shop has another token locked to the same n, for another key, before P2 comes to the bank.
        var promise = denied.Merchandise.Content;
        var otherKey = RandomNumberGenerator.GetBytes(32);
        var note = Signed<LockNote>.Sign(network.BankKey, new LockNote(
            transaction, promise.ExpiresAt, promise.Archive, KeyCommitment.To(transaction, otherKey)));
        var other = Signed<Release>.Sign(release, new Release(release.PublicKey.Spki, otherKey));
        if (!isCommit)
            network.Clock.Advance(300);
        Assert.True((await network.TheArchive.DecideAsync(
            new DecisionRequest(note, isCommit ? other : null), default)).IsOk);
        await PurchaseTests.SoonAsync(async () => (await customer.ResumeAsync()).Count == 0);

        await customer.RestartAsync();
        var ended = Assert.IsType<Abandoned>(await customer.LastPurchaseAsync());
        Assert.NotNull(ended.Decision);
        Assert.False(File.Exists(network.File("bought.bin")));
        var evidence = await customer.Wallet.EvidenceAsync(ended.Order.Id, default);
        Assert.Equal(ended.Decision.Entry, evidence.Decision!.Entry);
        // The bank may have locked in good faith; only the shop has the key that releases.
        Assert.Equal(
            isCommit ? Outcome.MerchantAtFault : Outcome.NotProven, PurchaseJudge.Judge(evidence).Outcome);
        await customer.Wallet.RefreshAsync(TimeSpan.Zero, null, default);
        Assert.Equal(31, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Fact]
    public async Task A_bank_that_gives_the_shop_another_lock_note_than_the_customer_is_proven_at_fault()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        LockAnswer? kept = null;
        network.BankWire.ChangeLock = answer =>
        {
            kept = answer;
            return answer with
            {
                LockNote = Signed<LockNote>.Sign(network.BankKey, answer.LockNote.Content with
                {
                    Commitment = KeyCommitment.To(answer.LockNote.Content.Transaction, new byte[32]),
                }),
            };
        };
        var offer = await network.OfferAsync(goods, 7);
        await Assert.ThrowsAsync<Bauta.Wallet.WalletException>(() => customer.BuyAsync(offer, "bought.bin"));
        Assert.True((await network.TheMerchant.PayAsync(
            new PaymentRequest(kept!.LockNote.Content.Transaction, kept), default)).IsOk);
        await PurchaseTests.SoonAsync(async () => (await customer.ResumeAsync()).Count == 0);
        var opened = Assert.IsType<Opened>(await customer.LastPurchaseAsync());
        Assert.True(opened.AsPromised);
        Assert.Equal(Outcome.BankAtFault,
            PurchaseJudge.Judge(await customer.Wallet.EvidenceAsync(opened.Order.Id, default)).Outcome);
    }
}
