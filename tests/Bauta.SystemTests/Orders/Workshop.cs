using Xunit;

namespace Bauta.SystemTests.Orders;

/// <summary>A program that makes goods to order, and what a network's shop and wallet do with it.</summary>
internal sealed class Workshop(RealNetwork network)
{
    public const string Goods = "made for you";

    /// <summary>Lets the shop make goods; it must be started again.</summary>
    /// <param name="waitSeconds">How long it waits for a customer.</param>
    public void Equip(int waitSeconds)
    {
        var program = Path.Combine(network.Folder, network.Shop, "make");
        File.WriteAllText(program, $"#!/bin/sh\nprintf '%s' \"{Goods}: $BAUTA_TITLE\"\n");
        File.SetUnixFileMode(
            program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        network.Set(network.Shop, "make", "\"make\"");
        network.Set(network.Shop, "orderWaitSeconds", $"{waitSeconds}");
    }

    public async Task<string> OfferAsync(string title, string price)
    {
        var added = await network.ShopAsync(
            "add", "portrait.txt", "--made-to-order", "--price", price, "--title", title);
        Assert.True(added.ExitCode == 0, added.Errors);
        return (string)added.Json["offer"]!;
    }

    /// <summary>Waits until the shop is paid for so many sales of one title.</summary>
    public async Task CommittedAsync(string title, int count)
    {
        for (var tries = 0; ; tries++)
        {
            var sales = (await network.ShopAsync("sales")).Json["sales"]!.AsArray();
            if (sales.Count(sale => (string)sale!["title"]! == title && (string)sale["state"]! == "committed") == count)
                return;
            Assert.True(tries < 100, $"{title}: {sales}");
            await Task.Delay(200);
        }
    }
}
