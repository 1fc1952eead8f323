using Bauta.Bank;
using Bauta.Crypto.PrivacyPass;
using Xunit;

namespace Bauta.Tests.Bank;

public sealed class DirectoryListingTests : BankSuite
{
    [Fact]
    public async Task The_issuer_directory_is_made_once_for_a_list_and_anew_when_a_key_ends()
    {
        await using var world = await OpenAsync();
        var listing = new DirectoryListing("/token-request");
        var list = await world.Bank.DenominationsAsync(default);
        var end = list.Denominations[0].Key.Content.WithdrawUntil;
        var bytes = listing.Of(list, world.Clock.Now);
        Assert.Same(bytes, listing.Of(list, end.AddSeconds(-1)));
        Assert.Equal(3, Count(bytes));
        Assert.Equal(0, Count(listing.Of(list, end)));
        // Also when the clock is put right, and when a key is revoked.
        Assert.Equal(3, Count(listing.Of(list, world.Clock.Now)));
        await world.RevokeAsync(8);
        var changed = await world.Bank.DenominationsAsync(default);
        Assert.Equal((4, 1), (changed.Denominations.Count, changed.Revocations.Count));
        Assert.Equal(3, Count(listing.Of(changed, world.Clock.Now)));
        Assert.NotEqual(bytes, listing.Of(changed, world.Clock.Now));

        static int Count(byte[] bytes) =>
            IssuerDirectory.TryDecode(bytes, out var directory) ? directory.Keys.Count : 0;
    }
}
