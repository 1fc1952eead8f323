using System.Diagnostics;
using System.Security.Cryptography;
using Bauta.Archive.Push;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Tests.Wallet;
using Bauta.Wallet.Purchase;
using Xunit;

namespace Bauta.Tests.Joint;

/// <summary>How customer, bank and merchant come to the decision (section 1, completion): told by the archive, by the
/// merchant, or because they ask. Each way alone is enough.</summary>
public sealed class CompletionTests : IAsyncDisposable
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes(1000);
    private readonly CancellationTokenSource stop = new();
    private Task pushing = Task.CompletedTask;

    [Fact]
    public async Task The_archive_tells_the_bank_and_nobody_else_has_to()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        Push(network, new PushPeer(KeyOf(network), network.TheBank.DecideAsync));
        // The shop cannot tell it, and until the lock's expiry it does not ask.
        network.ShopWire.Silent.Add(typeof(IBank));
        await customer.BuyAsync(await network.OfferAsync(goods, 5), "file");
        await UntilAsync(async () => (await network.AuditAsync()).Merchants == 5);
    }

    [Fact]
    public async Task The_archive_tells_the_merchant_whose_own_question_was_never_answered()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var told = new List<TransactionId>();
        Push(network, new PushPeer(null, (n, decision, cancellation) =>
        {
            lock (told)
                told.Add(n);
            return network.TheMerchant.HearAsync(n, decision, cancellation);
        }));
        var offer = await network.OfferAsync(goods, 5);
        // P4 reaches the archive, and what it answers is lost; the shop would ask again much later.
        network.ShopWire.Reset(lostCall: 0, isAnswerLost: true);
        var opened = Assert.IsType<Opened>(await BuyAsync(customer, offer));
        await UntilAsync(async () => await network.SalesAsync() == 5);
        await UntilAsync(async () => (await network.AuditAsync()).Merchants == 5);
        Assert.Equal([opened.Merchandise.Content.Transaction()], told.Distinct());
    }

    [Fact]
    public async Task In_FIG_7_the_archive_tells_the_merchant_that_its_release_has_met_a_lock()
    {
        await using var network = await InProcessNetwork.StartAsync(isJoint: true, releases: ReleaseTerm.Early);
        await using var customer = await Customer.WithTokensAsync(network, 31);
        Push(network, new PushPeer(null, network.TheMerchant.HearAsync));
        await customer.BuyAsync(
            await network.OfferAsync(goods, 5), "file", new CustomerTerms(Release: ReleaseTerm.Early));
        // The clock stands, so that nothing is asked again by itself.
        await UntilAsync(async () => await network.SalesAsync() == 5);
    }

    [Fact]
    public async Task What_a_merchant_hears_moves_nothing_unless_it_holds()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 5);
        network.ShopWire.Silent.Add(typeof(IArchive));
        var locked = Assert.IsType<Locked>(await customer.BuyAsync(offer, "file"));
        var note = locked.Lock.LockNote;
        var n = note.Content.Transaction;
        network.Clock.Advance(300);
        var abort = (await network.ShownArchive.DecideAsync(new DecisionRequest(note), default)).Value.Decision!;
        await network.TheMerchant.IdleAsync();
        foreach (var wrong in (LoggedEntry[])[
            new([1, 2, 3], "x"),
            abort with { Proof = abort.Proof.Replace("index ", "index 9", StringComparison.Ordinal) }])
        {
            await network.TheMerchant.HearAsync(n, wrong, default);
            await network.TheMerchant.HearAsync(TransactionId.Generate(), wrong, default);
        }

        await Task.Delay(100);
        Assert.Equal(1, await UnfinishedAsync(network));
        await network.TheMerchant.HearAsync(n, abort, default);
        await UntilAsync(async () => await UnfinishedAsync(network) == 0);
        Assert.Equal(0, await network.SalesAsync());
    }

    [Fact]
    public async Task The_archive_holds_a_question_back_until_there_is_a_decision_or_the_time_is_over()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 5);
        network.MerchantWire.IgnoresPayments = true;
        var note = Assert.IsType<Locked>(await customer.BuyAsync(offer, "file")).Lock.LockNote;
        var n = note.Content.Transaction;
        var asked = network.TheArchive.AwaitDecisionAsync(KeyOf(network), n, IArchive.MaxWait, default);
        await Task.Delay(100);
        Assert.False(asked.IsCompleted);
        network.Clock.Advance(2);
        network.MerchantWire.IgnoresPayments = false;
        Assert.Empty(await customer.ResumeAsync());
        var answer = await asked.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.NotNull(answer.Value.Decision);

        var never = network.TheArchive.AwaitDecisionAsync(
            KeyOf(network), TransactionId.Generate(), TimeSpan.FromSeconds(5), default);
        while (!never.IsCompleted)
        {
            network.Clock.Advance(1);
            await Task.Delay(10);
        }

        Assert.Equal(ArchiveError.Undecided, (await never).Error);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await pushing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private void Push(InProcessNetwork network, PushPeer peer) =>
        pushing = network.TheArchive.PushAsync([peer], stop.Token);

    // The shop's answer comes after a lost one only by push, so the wallet asks the archive.
    private static async Task<PurchaseState> BuyAsync(Customer customer, OfferTerms offer)
    {
        var state = await customer.BuyAsync(offer, "file");
        if (!state.IsFinal)
            await customer.ResumeAsync();
        return await customer.LastPurchaseAsync();
    }

    private static BankKeyId KeyOf(InProcessNetwork network) => BankKeyId.Parse(network.BankKey.PublicKey.Thumbprint);

    private static Task<long> UnfinishedAsync(InProcessNetwork network) => network.Databases["merchant"].ReadAsync(
        transaction => transaction.QuerySingleOrDefault(
            "SELECT COUNT(*) FROM payments WHERE state < 3", row => row.GetInt64(0)));

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var watch = Stopwatch.StartNew(); !await holds(); await Task.Delay(20))
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), "It never came to this.");
    }
}
