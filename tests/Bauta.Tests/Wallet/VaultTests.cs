using Bauta.Wallet;
using Bauta.Wallet.Vault;
using Xunit;

namespace Bauta.Tests.Wallet;

public class VaultTests
{
    private static readonly byte[] secret = [1, 2, 3, 4, 5];

    [Fact]
    public void What_is_sealed_opens_in_its_place_with_the_password()
    {
        using var vault = WalletVault.Create("correct horse", out var locked, rounds: 10);
        var box = vault.Seal("purchases/1", secret);
        using var again = WalletVault.TryOpen("correct horse", locked);
        Assert.NotNull(again);
        Assert.Equal(secret, again.Open("purchases/1", box));
        Assert.Empty(vault.Open("empty", vault.Seal("empty", [])));
    }

    [Theory]
    [InlineData("")]
    [InlineData("correct hors")]
    [InlineData("Correct horse")]
    [InlineData("correct horse ")]
    public void A_wrong_password_opens_nothing(string password)
    {
        using var vault = WalletVault.Create("correct horse", out var locked, rounds: 10);
        Assert.Null(WalletVault.TryOpen(password, locked));
    }

    [Fact]
    public void A_value_in_another_place_does_not_open()
    {
        using var vault = WalletVault.Create("password", out _, rounds: 10);
        var box = vault.Seal("purchases/1", secret);
        Damaged(() => vault.Open("purchases/2", box));
        Damaged(() => vault.Open("settings", box));
    }

    [Fact]
    public void A_value_of_another_wallet_does_not_open()
    {
        using var vault = WalletVault.Create("password", out _, rounds: 10);
        using var other = WalletVault.Create("password", out _, rounds: 10);
        Damaged(() => other.Open("seed", vault.Seal("seed", secret)));
    }

    [Fact]
    public void Any_flipped_bit_of_a_value_is_noticed()
    {
        using var vault = WalletVault.Create("password", out _, rounds: 10);
        var box = vault.Seal("seed", secret);
        for (var bit = 0; bit < box.Length * 8; bit++)
        {
            var other = (byte[])box.Clone();
            other[bit / 8] ^= (byte)(1 << (bit % 8));
            Damaged(() => vault.Open("seed", other));
        }

        for (var length = 0; length < box.Length; length++)
            Damaged(() => vault.Open("seed", box.AsSpan(0, length).ToArray()));
        Damaged(() => vault.Open("seed", [.. box, 0]));
    }

    [Fact]
    public void Any_flipped_bit_of_the_lock_locks()
    {
        using var vault = WalletVault.Create("password", out var locked, rounds: 1);
        // The first three bytes are the high ones of the rounds, and would only cost time.
        for (var at = 3; at < locked.Length; at++)
        {
            var other = (byte[])locked.Clone();
            other[at] ^= 1;
            Assert.Null(WalletVault.TryOpen("password", other));
        }

        Assert.Null(WalletVault.TryOpen("password", locked.AsSpan(1)));
        Assert.Null(WalletVault.TryOpen("password", [.. locked, 0]));
        Assert.Null(WalletVault.TryOpen("password", []));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void Rounds_out_of_range_are_refused_before_any_work(int rounds)
    {
        using var vault = WalletVault.Create("password", out var locked, rounds: 1);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(locked, rounds);
        Assert.Null(WalletVault.TryOpen("password", locked));
    }

    [Fact]
    public void The_same_value_is_never_sealed_alike()
    {
        using var vault = WalletVault.Create("password", out var locked, rounds: 10);
        Assert.NotEqual(vault.Seal("seed", secret), vault.Seal("seed", secret));
        using var other = WalletVault.Create("password", out var otherLocked, rounds: 10);
        Assert.NotEqual(locked, otherLocked);
    }

    private static void Damaged(Action open) =>
        Assert.Equal(WalletError.Damaged, Assert.Throws<WalletException>(open).Error);
}
