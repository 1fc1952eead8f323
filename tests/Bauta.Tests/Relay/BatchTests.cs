using Bauta.Crypto.Jose;
using Bauta.Http.Gateway;
using Bauta.Protocol.Relay;
using Bauta.Relay;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Relay;

public sealed class BatchTests
{
    private const int Messages = 64;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lets_a_batch_go_together()
    {
        var batch = new Batch(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        var waiting = Enumerable.Range(0, 20).Select(_ => batch.WaitAsync(Cancellation)).ToArray();
        Assert.All(waiting, turn => Assert.False(turn.IsCompleted));
        await Task.WhenAll(waiting);
        Assert.False(batch.WaitAsync(Cancellation).IsCompleted);
    }

    [Fact]
    public async Task Lets_what_it_held_go_in_an_order_that_says_nothing_of_how_it_came()
    {
        var (first, second) = (await OrderAsync(), await OrderAsync());
        Assert.Equal(Enumerable.Range(0, Messages), first.Order());
        // One order in 64! is that of arrival; a fixed permutation would be the same twice.
        Assert.NotEqual(Enumerable.Range(0, Messages), first);
        Assert.NotEqual(Enumerable.Range(0, Messages).Reverse(), first);
        Assert.NotEqual(first, second);
        // A third of all places is how far a message moves on average when each order is as likely.
        var moved = first.Select((came, left) => Math.Abs(came - left)).Average();
        Assert.InRange(moved, Messages / 6.0, Messages / 2.0);
    }

    [Fact]
    public void A_period_is_never_so_long_that_a_wallet_gives_up_before_its_answer_has_come()
    {
        // A card and then the request, each held by two masks on its way out and back.
        var held = 2 * 4 * MaskOptions.MaxBatchMilliseconds;
        Assert.True(held < PartyTransport.DefaultTimeout.TotalMilliseconds);
        using var directory = new TemporaryDirectory();
        using var key = P256PrivateKey.Generate();
        using var ring = GatewayKeyRing.Open(directory.File("keys.json"), TimeProvider.System);
        using var longest = MaskWith(MaskOptions.MaxBatchMilliseconds);
        Assert.Throws<ArgumentException>(() => MaskWith(MaskOptions.MaxBatchMilliseconds + 1));

        Mask MaskWith(int milliseconds) => new(
            new MaskOptions { Name = "mask.example", BatchMilliseconds = milliseconds }, key, ring,
            TimeProvider.System);
    }

    private static async Task<List<int>> OrderAsync()
    {
        var batch = new Batch(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        var (order, loop) = (new List<int>(), new InOrder());
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(loop);
        var all = Enumerable.Range(0, Messages).Select(PassAsync).ToArray();
        SynchronizationContext.SetSynchronizationContext(before);
        await Task.WhenAll(all).WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        return order;

        async Task PassAsync(int number)
        {
            await batch.WaitAsync(CancellationToken.None);
            order.Add(number);
        }
    }

    /// <summary>Runs what is woken in the order in which it is woken.</summary>
    private sealed class InOrder : SynchronizationContext
    {
        private readonly Lock gate = new();

        public override void Post(SendOrPostCallback d, object? state)
        {
            lock (gate)
                d(state);
        }
    }
}
