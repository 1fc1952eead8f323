using Bauta.Bank.Denominations;
using Bauta.Crypto.BlindRsa;
using Xunit;

namespace Bauta.Tests.Bank;

public sealed class KeptSignerTests
{
    private static readonly byte[] message = [.. new byte[255], 2];

    [Fact]
    public async Task What_is_under_way_is_finished_before_the_key_is_zeroed_and_nothing_begins_after()
    {
        using var key = new FixtureKeys("denomination-01").Create(_ => true);
        var expected = key.BlindSign(message);
        using var slow = new SlowSigner(key);
        using var kept = new KeptSigner(slow);
        var first = Task.Run(() => kept.TryBlindSign(message, out var signature) ? signature : null);
        Assert.True(slow.HasBegun.Wait(TimeSpan.FromSeconds(30)));
        kept.Dispose();
        Assert.False(kept.TryBlindSign(message, out _));
        Assert.Equal(0, slow.Disposals);
        slow.MayEnd.Set();
        Assert.Equal(expected, await first);
        Assert.Equal(1, slow.Disposals);
        Assert.Throws<ObjectDisposedException>(() => key.BlindSign(message));
        kept.Dispose();
        Assert.False(kept.TryBlindSign(message, out _));
        Assert.Equal(1, slow.Disposals);
    }

    [Fact]
    public void A_message_that_is_refused_leaves_nothing_under_way()
    {
        using var key = new FixtureKeys("denomination-01").Create(_ => true);
        using var kept = new KeptSigner(key);
        Assert.Throws<BlindedMessageException>(() => kept.TryBlindSign(new byte[256], out _));
        kept.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.BlindSign(message));
    }

    /// <summary>A real key behind something that takes its time, as a hardware module does.</summary>
    private sealed class SlowSigner(IBlindSigner key) : IBlindSigner
    {
        public ManualResetEventSlim HasBegun { get; } = new();

        public ManualResetEventSlim MayEnd { get; } = new();

        public int Disposals { get; private set; }

        public RsaPublicKey PublicKey => key.PublicKey;

        public byte[] BlindSign(ReadOnlySpan<byte> blindedMessage)
        {
            HasBegun.Set();
            MayEnd.Wait(TimeSpan.FromSeconds(30));
            return key.BlindSign(blindedMessage);
        }

        public void Dispose()
        {
            Disposals++;
            key.Dispose();
        }
    }
}
