using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Merchant;
using Bauta.Protocol.Archive;
using Bauta.Storage;
using Bauta.Tests.Storage;
using Xunit;
using Shop = Bauta.Merchant.Merchant;

namespace Bauta.Tests.Merchant;

public sealed class SecrecyTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Fact]
    public async Task No_secret_of_a_purchase_stands_in_the_clear_in_the_database_files()
    {
        await using var world = await MerchantWorld.OpenAsync(directory.File("merchant.db"));
        var content = Enumerable.Range(0, 100).Select(i => unchecked((byte)(i * 7))).ToArray();
        var open = await world.BuyAsync(await world.OfferAsync(content));
        var paid = await world.BuyAsync(await world.OfferAsync(content));
        var decision = (await world.Shop.PayAsync(world.Payment(paid), default)).Value.Decision!;
        Assert.Equal(content, await world.OpenAsync(paid, decision));
        await world.Shop.DisposeAsync();
        await world.Database.DisposeAsync();
        var files = Directory.GetFiles(directory.Root).Select(File.ReadAllBytes).ToArray();
        // The scan finds what may stand there, so it would find the rest.
        Assert.True(Stands(files, open.Content.Transaction().ToArray()));
        Assert.True(Stands(files, open.Content.Contract.ContentHash));
        foreach (var p1 in new[] { open, paid })
        {
            Assert.False(Stands(files, p1.Content.Mask));
            Assert.False(Stands(files, p1.Content.Secret));
            Assert.False(Stands(files, Encoding.ASCII.GetBytes(Base64Url.Encode(p1.Content.Mask))));
            Assert.False(Stands(files, Encoding.ASCII.GetBytes(p1.Text)));
            Assert.False(Stands(files, Encoding.ASCII.GetBytes(p1.Text.Split('.')[1])));
        }

        var goodsKey = Xor(MaskedKeyOf(decision), paid.Content.Mask);
        Assert.False(Stands(files, goodsKey));
        Assert.False(Stands(files, content));
        await world.RestartAfterStopAsync();
    }

    [Fact]
    public async Task A_copy_of_the_database_is_worth_nothing_without_the_key_file()
    {
        await using var world = await MerchantWorld.OpenAsync(directory.File("merchant.db"));
        var p1 = await world.BuyAsync(await world.OfferAsync([1, 2, 3]));
        await world.Shop.DisposeAsync();
        using var other = SealingKey.OpenOrCreate(directory.File("other.key"));
        await using (var thief = await Shop.OpenAsync(
            world.Options, world.Database,
            new MerchantKeys(world.Identity, world.Account, other, world.Bank.Key.PublicKey), world.Bank,
            [new MerchantArchive(world.Log.Policy, world.Archive)], world.Clock))
        {
            await Assert.ThrowsAnyAsync<System.Security.Cryptography.CryptographicException>(
                () => thief.PayAsync(world.Payment(p1), default));
            Assert.Empty(world.Archive.Releases);
        }

        await world.Database.DisposeAsync();
        await world.RestartAfterStopAsync();
        Assert.NotNull((await world.Shop.PayAsync(world.Payment(p1), default)).Value.Decision);
    }

    public void Dispose() => directory.Dispose();

    private static byte[] MaskedKeyOf(LoggedEntry decision) =>
        LogEntry.TryParse(decision.Entry, out var entry)
            ? entry.Release!.Content.MaskedKey
            : throw new InvalidOperationException("Not a decision.");

    private static byte[] Xor(byte[] left, byte[] right) => [.. left.Zip(right, (a, b) => (byte)(a ^ b))];

    private static bool Stands(byte[][] files, byte[] what) => files.Any(file => file.AsSpan().IndexOf(what) >= 0);
}
