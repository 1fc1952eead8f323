using System.Security.Cryptography;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Wallet.Purchase;
using Xunit;

namespace Bauta.Tests.Wallet;

/// <summary>What the wallet keeps of what went wrong convinces a judge.</summary>
public class EvidenceTests
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes(5000);

    [Fact]
    public async Task A_decision_on_the_banks_other_lock_note_is_kept_and_proves_the_bank_at_fault()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var locked = await LockAsync(network, customer);
        var other = locked.Lock.LockNote.Content with { ExpiresAt = network.Clock.Now };
        Assert.True((await network.TheArchive.DecideAsync(
            new DecisionRequest(Signed<LockNote>.Sign(network.BankKey, other)), default)).IsOk);
        // Before its own note's expiry the wallet asks what is decided, afterwards it demands the abort.
        foreach (var seconds in (int[])[0, 300])
        {
            network.Clock.Advance(seconds);
            Assert.NotEmpty(await customer.ResumeAsync());
            Assert.IsType<Locked>(await customer.LastPurchaseAsync());
            await IsAsync(Outcome.BankAtFault, customer);
        }

        await customer.RestartAsync();
        await IsAsync(Outcome.BankAtFault, customer);
    }

    [Fact]
    public async Task A_late_commit_moves_nothing_and_proves_the_archive_at_fault()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var locked = await LockAsync(network, customer);
        network.Clock.Advance(300);
        var late = network.Forge(new LogEntry(LogEntry.Commit, network.Clock.Now, locked.Lock.LockNote, Release()));
        network.ArchiveWire.Change = _ => new DecisionAnswer(late);
        Assert.NotEmpty(await customer.ResumeAsync());
        Assert.IsType<Locked>(await customer.LastPurchaseAsync());
        await IsAsync(Outcome.ArchiveAtFault, customer);

        // The archive comes to its senses: the money is back, and both decisions stay.
        network.ArchiveWire.Change = null;
        Assert.Empty(await customer.ResumeAsync());
        var ended = Assert.IsType<Returned>(await customer.LastPurchaseAsync());
        var evidence = await customer.Wallet.EvidenceAsync(ended.Order.Id, default);
        Assert.NotNull(evidence.OtherDecision);
        Assert.Equal(Outcome.ArchiveAtFault, PurchaseJudge.Judge(evidence).Outcome);
    }

    [Fact]
    public async Task A_lock_note_that_is_not_what_was_authorized_is_kept_beside_the_one_that_was_decided()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        network.BankWire.ChangeLock = answer => answer with
        {
            LockNote = Signed<LockNote>.Sign(network.BankKey, answer.LockNote.Content with
            {
                ExpiresAt = answer.LockNote.Content.ExpiresAt.AddSeconds(1),
            }),
        };
        await Assert.ThrowsAsync<Bauta.Wallet.WalletException>(
            async () => await customer.BuyAsync(await network.OfferAsync(goods, 7), "bought.bin"));
        // The bank itself has the true one aborted.
        network.Clock.Advance(360);
        await network.BackgroundAsync();
        Assert.Empty(await customer.ResumeAsync());
        var ended = Assert.IsType<Returned>(await customer.LastPurchaseAsync());
        Assert.NotNull((await customer.Wallet.EvidenceAsync(ended.Order.Id, default)).OtherLockNote);
        await IsAsync(Outcome.BankAtFault, customer);
    }

    [Fact]
    public async Task After_a_change_of_witnesses_purchases_end_and_are_proven_under_the_policy_of_their_contract()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(goods, 3), "first.bin"));
        await LockAsync(network, customer);
        network.Policy = network.OtherPolicy();
        await IsAsync(Outcome.Undecided, customer);
        network.Clock.Advance(300);
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Returned>(await customer.LastPurchaseAsync());
        await IsAsync(Outcome.Aborted, customer);
        var first = (await customer.Wallet.HistoryAsync(default))[0];
        Assert.Equal(
            Outcome.Complete,
            PurchaseJudge.Judge(await customer.Wallet.EvidenceAsync(first.Order.Id, default)).Outcome);
    }

    private static Signed<Release> Release()
    {
        using var key = Bauta.Crypto.Jose.P256PrivateKey.Generate();
        return Signed<Release>.Sign(key, new Release(key.PublicKey.Spki, new byte[32]));
    }

    private static async Task<Locked> LockAsync(InProcessNetwork network, Customer customer)
    {
        network.MerchantWire.IgnoresPayments = true;
        return Assert.IsType<Locked>(await customer.BuyAsync(await network.OfferAsync(goods, 7), "bought.bin"));
    }

    private static async Task IsAsync(Outcome expected, Customer customer)
    {
        var evidence = await customer.Wallet.EvidenceAsync((await customer.LastPurchaseAsync()).Order.Id, default);
        var verdict = PurchaseJudge.Judge(evidence);
        Assert.True(expected == verdict.Outcome, $"{verdict.Outcome}: {verdict.Summary}");
    }
}
