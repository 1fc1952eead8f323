using System.Security.Cryptography;
using Bauta.Judge;
using Bauta.Merchant.Desk;
using Bauta.Protocol;
using Bauta.Protocol.Disputes;
using Bauta.Tests.Disputes;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Xunit;

namespace Bauta.Tests.Wallet;

/// <summary>A dispute from the wallet through shop and arbiter to fresh tokens.</summary>
public sealed class DisputeTests : IDisposable
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes(5000);

    private readonly Arbiter arbiter = new();

    [Fact]
    public async Task A_refund_comes_as_fresh_tokens_and_the_key_stays_proof_of_the_sale()
    {
        await using var network = await StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var bought = await BuyAsync(network, customer, 7);
        var dispute = await customer.Wallet.DisputeAsync(bought.Order.Id, null, "It is blank.", default);
        Assert.Equal(DisputeState.Open, dispute.State!.State);
        Assert.Contains(await customer.ResumeAsync(), line => line.EndsWith("open", StringComparison.Ordinal));
        var seen = Assert.Single((await network.TheMerchant.Desk.DisputesAsync(null, default)).Value.Disputes);
        Assert.Equal((Claim.WrongGoods, 7L), (seen.Claim, seen.Amount.MinorUnits));
        Assert.True((await network.TheMerchant.Desk.AnswerAsync(
            new NewAnswer(seen.Transaction, Accepts: true), default)).IsOk);
        Assert.Empty(await customer.ResumeAsync());
        await customer.AgreesWithBankAsync();
        Assert.Equal(31, await WorthAsync(customer));
        Assert.True((await customer.Wallet.DisputesAsync(default))[0].IsOver);
        // The customer may have the money, and proves all the same what was sold.
        Assert.Equal(
            Outcome.Complete,
            PurchaseJudge.Judge(await customer.Wallet.EvidenceAsync(bought.Order.Id, default)).Outcome);
    }

    [Fact]
    public async Task The_arbiter_alone_reads_the_case_and_sees_no_token()
    {
        await using var network = await StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var bought = await BuyAsync(network, customer, 7);
        var dispute = await customer.Wallet.DisputeAsync(bought.Order.Id, null, "It is blank.", default);
        var order = dispute.Order.Content;
        Assert.True(SealedCase.TryOpen(arbiter.Cases, order.Transaction, order.Case, out var opened));
        Assert.Equal("It is blank.", opened.Text);
        Assert.Equal(network.Shop.ToString(), opened.Shop);
        Assert.Null(opened.Evidence.Authorization);
        Assert.Equal(Outcome.Complete, PurchaseJudge.Judge(opened.Evidence).Outcome);
        using var stranger = new Arbiter();
        Assert.False(SealedCase.TryOpen(stranger.Cases, order.Transaction, order.Case, out _));
        Assert.False(SealedCase.TryOpen(
            arbiter.Cases, TransactionId.FromBytes(new byte[32]), order.Case, out _));
        Assert.Equal(-1, order.Case.AsSpan().IndexOf("What is sold."u8));
    }

    [Fact]
    public async Task A_wallet_that_is_killed_or_not_answered_disputes_once_and_has_its_refund_once()
    {
        await using var network = await StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var bought = await BuyAsync(network, customer, 7);
        for (var lost = 0; lost < 12; lost++)
        {
            network.Wire.Reset(lost, isAnswerLost: true);
            try
            {
                await customer.Wallet.DisputeAsync(bought.Order.Id, null, "It is blank.", default);
            }
            catch (PartyUnreachableException)
            {
                // As if the process had been killed there.
            }

            network.Wire.Reset();
            await customer.RestartAsync();
        }

        var n = (await customer.Wallet.DisputesAsync(default))[0].Order.Content.Transaction;
        Assert.True((await network.TheMerchant.Desk.AnswerAsync(new NewAnswer(n, Accepts: true), default)).IsOk);
        for (var lost = 0; lost < 12; lost++)
        {
            network.Wire.Reset(lost, isAnswerLost: true);
            await customer.ResumeAsync();
            network.Wire.Reset();
            await customer.RestartAsync();
        }

        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(31, await WorthAsync(customer));
    }

    [Fact]
    public async Task What_the_phrase_restores_finds_a_refund_that_the_lost_wallet_never_took_in()
    {
        await using var network = await StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var bought = await BuyAsync(network, customer, 7);
        var dispute = await customer.Wallet.DisputeAsync(bought.Order.Id, null, "", default);
        Assert.True((await network.TheMerchant.Desk.AnswerAsync(
            new NewAnswer(dispute.State!.Transaction, Accepts: true), default)).IsOk);
        await using var restored = await Customer.JoinAsync(network, "restored", customer.Phrase);
        Assert.Equal(31, (await restored.Wallet.RestoreAsync(null, default)).MinorUnits);
    }

    [Fact]
    public async Task Only_a_purchase_that_was_paid_can_be_disputed()
    {
        await using var network = await StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        network.MerchantWire.IgnoresPayments = true;
        var open = await customer.BuyAsync(await network.OfferAsync(goods, 7), "bought.bin");
        await Assert.ThrowsAsync<WalletException>(
            () => customer.Wallet.DisputeAsync(open.Order.Id, null, "", default));
    }

    [Fact]
    public async Task What_is_old_and_over_is_forgotten_and_what_is_disputed_is_not()
    {
        await using var network = await StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var first = await BuyAsync(network, customer, 3, "first.bin");
        var disputed = await BuyAsync(network, customer, 4, "second.bin");
        await customer.Wallet.DisputeAsync(disputed.Order.Id, null, "", default);
        Assert.Equal(0, await customer.Wallet.ForgetAsync(network.Clock.Now, default));
        network.Clock.Advance(1);
        var fresh = await BuyAsync(network, customer, 5, "third.bin");
        Assert.Equal(1, await customer.Wallet.ForgetAsync(network.Clock.Now, default));
        await customer.RestartAsync();
        Assert.Equal(
            [disputed.Order.Id, fresh.Order.Id],
            (await customer.Wallet.HistoryAsync(default)).Select(one => one.Order.Id));
        await Assert.ThrowsAsync<WalletException>(() => customer.Wallet.EvidenceAsync(first.Order.Id, default));
        Assert.Equal(goods, await File.ReadAllBytesAsync(network.File("first.bin")));
        await customer.AgreesWithBankAsync();
    }

    [Fact]
    public async Task Tokens_are_turned_into_fresh_ones_before_they_can_be_spent_no_more()
    {
        await using var network = await StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var terms = (await network.TheBank.DenominationsAsync(default)).Denominations[0].Key.Content;
        var last = terms.SpendUntil.AddSeconds(
            -(terms.SpendUntil.Seconds - terms.WithdrawFrom.Seconds) / 20);
        network.Clock.SetTo(last.AddSeconds(-1));
        await network.BackgroundAsync();
        network.Wire.Reset();
        Assert.Empty(await customer.ResumeAsync());
        Assert.DoesNotContain(network.Wire.Log, call => call.EndsWith("RefreshAsync", StringComparison.Ordinal));
        network.Clock.SetTo(last);
        Assert.Empty(await customer.ResumeAsync());
        network.Clock.SetTo(terms.SpendUntil);
        await network.BackgroundAsync();
        Assert.Equal(31, (await customer.Wallet.BalanceAsync(default)).Spendable.MinorUnits);
        await BuyAsync(network, customer, 31);
    }

    [Fact]
    public async Task Where_another_bank_issues_the_refund_goes_there()
    {
        await using var network = await InProcessNetwork.StartAsync(
            InProcessNetwork.BankOptions with { Arbiter = arbiter.Card }, hasLocker: true);
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var bought = await BuyAsync(network, customer, 7);
        var dispute = await customer.Wallet.DisputeAsync(bought.Order.Id, null, "", default);
        Assert.True((await network.TheMerchant.Desk.AnswerAsync(
            new NewAnswer(dispute.State!.Transaction, Accepts: true), default)).IsOk);
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(31, await WorthAsync(customer));
    }

    public void Dispose() => arbiter.Dispose();

    private Task<InProcessNetwork> StartAsync() =>
        InProcessNetwork.StartAsync(InProcessNetwork.BankOptions with { Arbiter = arbiter.Card });

    private static async Task<Opened> BuyAsync(
        InProcessNetwork network, Customer customer, long price, string file = "bought.bin") =>
        Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(goods, price), file));

    private static async Task<long> WorthAsync(Customer customer)
    {
        var balance = await customer.Wallet.BalanceAsync(default);
        return (balance.Spendable + balance.ToRefresh).MinorUnits;
    }
}
