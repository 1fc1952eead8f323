using System.Buffers.Binary;
using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Xunit;

namespace Bauta.Tests.Protocol;

/// <summary>E4 (FIG. 5), its padding, and what it releases.</summary>
public sealed class MadeGoodsTests
{
    [Theory]
    [InlineData(0, 1024)]
    [InlineData(1016, 1024)]
    [InlineData(1017, 1152)]
    [InlineData(1144, 1152)]
    [InlineData(100_000, 106_496)]
    [InlineData((16 << 20) - 8, 16 << 20)]
    public void Padding_tells_a_class_of_sizes_and_comes_off_again(long size, long padded)
    {
        Assert.Equal(padded, MadeGoods.PaddedSize(size));
        var padding = MadeGoods.Padding(size);
        Assert.Equal(padded - size, padding.Length);
        Assert.Equal(size, MadeGoods.SizeOf(padding.AsSpan(padding.Length - 8), padded));
        Assert.Null(MadeGoods.SizeOf(padding.AsSpan(padding.Length - 8), padded + 1));
    }

    [Fact]
    public void A_trailer_of_another_class_says_nothing()
    {
        var trailer = new byte[8];
        foreach (var size in new[] { -1, 2000, long.MaxValue, long.MinValue })
        {
            BinaryPrimitives.WriteInt64BigEndian(trailer, size);
            Assert.Null(MadeGoods.SizeOf(trailer, 1024));
        }
    }

    [Fact]
    public void A_lock_is_forced_only_where_it_says_so_and_with_what_its_owner_made()
    {
        using var release = P256PrivateKey.Generate();
        using var customer = P256PrivateKey.Generate();
        using var other = P256PrivateKey.Generate();
        var n = TransactionId.Of(release.PublicKey);
        var masked = RandomNumberGenerator.GetBytes(32);
        var made = new MadeGoods(
            release.PublicKey.Spki, customer.PublicKey.Spki, KeyCommitment.To(n, masked), new byte[32], 1024);
        var note = new LockNote(
            n, UnixTime.FromSeconds(100), PolicyId.Generate(), KeyCommitment.ToOrder(n, customer.PublicKey));
        Assert.True(Holds(release, made, note));
        Assert.False(Holds(other, made, note));
        Assert.False(Holds(release, made with { Commitment = KeyCommitment.To(n, new byte[32]) }, note));
        Assert.False(Holds(release, made with { Key = other.PublicKey.Spki }, note));
        Assert.False(Holds(release, made, note with { Commitment = KeyCommitment.To(n, customer.PublicKey) }));
        Assert.False(Holds(release, made, note with { Commitment = KeyCommitment.To(n, masked) }));
        // An acknowledgement releases both a session and an order.
        var agreement = Signed<ItemAcknowledgement>.Sign(customer, new ItemAcknowledgement(
            customer.PublicKey.Spki, n, made.Commitment, new byte[8], new byte[32]));
        Assert.True(Release.Matches(Sign(new Release(release.PublicKey.Spki, masked, agreement)), note));
        // Never both, and a bare key for neither.
        var both = new Release(release.PublicKey.Spki, masked, agreement, Signed<MadeGoods>.Sign(release, made));
        Assert.False(both.IsWellFormed());
        Assert.False(Release.Matches(Sign(new Release(release.PublicKey.Spki, masked)), note));
        // The whole of it fits a leaf.
        var forced = Sign(both with { Acknowledgement = null });
        Assert.True(Signed<Release>.TryParse(forced.Text, out _));
        Assert.True(LogEntry.TryParse(
            new LogEntry(LogEntry.Commit, UnixTime.FromSeconds(1), Signed<LockNote>.Sign(other, note), forced).ToLeaf(),
            out _));

        Signed<Release> Sign(Release content) => Signed<Release>.Sign(release, content);

        bool Holds(P256PrivateKey signer, MadeGoods goods, LockNote of) => Release.Matches(
            Sign(new Release(release.PublicKey.Spki, masked, Made: Signed<MadeGoods>.Sign(signer, goods))), of);
    }
}
