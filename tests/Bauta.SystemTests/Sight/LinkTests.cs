using System.Text;
using Bauta.Bank.Ledger;
using Bauta.Storage;
using Xunit;

namespace Bauta.SystemTests.Sight;

/// <summary>
/// Whether two operators, or the two sides of the bank, hold a value in common that would join a payer with a sale. It
/// finds joins by value; <c>LinkabilityTests</c> look for joins by time and amount.
/// </summary>
public sealed class LinkTests
{
    private const int Customers = 2;
    private const int PurchasesOfEach = 2;

    private static readonly string[] roles = [.. RealNetwork.Roles, .. RealNetwork.Masks];

    [Fact]
    public async Task Nothing_that_two_operators_hold_in_common_joins_a_payer_with_a_sale()
    {
        using var network = await RealNetwork.PrepareAsync(isMasked: true);
        await network.StartAsync(roles);
        // The demo's own purchase is over: what all parties share for every purchase is there by now.
        var before = Snapshot(network);
        var booksBefore = await BankSidesAsync(network, "before");
        await network.StartAsync(roles);
        await TradeAsync(network);
        var after = Snapshot(network);
        var booksAfter = await BankSidesAsync(network, "after");

        (Grams Before, Grams After) Of(string role) => (before[role], after[role]);
        foreach (var other in roles.Where(role => role is not ("acquirer" or "bank")))
            Assert.True(0 == Grams.Shared(Of("acquirer"), Of(other)), $"The acquirer and {other} share a value.");
        foreach (var mask in RealNetwork.Masks)
            foreach (var other in roles.Except(RealNetwork.Masks))
                Assert.True(0 == Grams.Shared(Of(mask), Of(other)), $"{mask} and {other} share a value.");
        Assert.True(0 == Grams.Shared(
            (booksBefore.Payers, booksAfter.Payers), (booksBefore.Sales, booksAfter.Sales)),
            "The bank's records of payers and withdrawals share a value with its records of sales and refreshes.");
        // A refresh does join what is left of a token that paid with a fresh reserve; further it does not lead.
        var refreshes = (booksBefore.Refreshes, booksAfter.Refreshes);
        Assert.True(Grams.Shared(refreshes, (booksBefore.Sales, booksAfter.Sales)) > 0, "No token was refreshed.");
        Assert.True(0 == Grams.Shared(refreshes, (booksBefore.Payers, booksAfter.Payers)),
            "A refresh shares a value with a payer or a withdrawal.");
        Assert.True(0 == Grams.Shared(refreshes, Of("acquirer")), "The acquirer shares a value with a refresh.");

        // Neighbours in a chain do share: it shows that the search finds, and is what the two of them can join.
        foreach (var (one, other) in ((string, string)[])
            [("acquirer", "bank"), ("bank", "merchant"), ("bank", "archive"), ("merchant", "archive")])
        {
            var shared = Grams.Shared(Of(one), Of(other));
            Assert.True(shared > 0, $"{one} and {other} share nothing, so this test would find nothing.");
            TestContext.Current.SendDiagnosticMessage($"{one} and {other} share {shared} runs of sixteen bytes.");
        }
    }

    private static async Task TradeAsync(RealNetwork network)
    {
        var file = Path.Combine(network.Folder, "goods-to-link.txt");
        await File.WriteAllTextAsync(file, "goods");
        Assert.Equal(0, (await network.ShopAsync("add", file, "--price", "1.28", "--title", "linked")).ExitCode);
        var path = Path.Combine(network.Folder, "network.json");
        for (var customer = 0; customer < Customers; customer++)
        {
            network.Wallet = $"customer-{customer}";
            await OkAsync(network, "init", "--network", path, "--password-rounds", "1");
            await OkAsync(network, "fund", "10.00", "--card", "4242424242424242");
            await OkAsync(network, "withdraw", "10.00");
        }

        for (var purchase = 0; purchase < Customers * PurchasesOfEach; purchase++)
        {
            network.Wallet = $"customer-{purchase % Customers}";
            await OkAsync(
                network, "buy", "shop.demo", "linked", "--out", Path.Combine(network.Folder, $"linked-{purchase}"));
            // What is left of the tokens that paid, and the others too; the next purchase is paid with fresh ones.
            await OkAsync(network, "refresh", "--days", "10000", "--pause", "0");
        }
    }

    /// <summary>Stops every role and takes what it holds on disk and wrote to its log.</summary>
    private static Dictionary<string, Grams> Snapshot(RealNetwork network)
    {
        var logs = roles.ToDictionary(role => role, role => Encoding.UTF8.GetBytes(network.Kill(role)));
        return roles.AsParallel().Select(role => (
                Role: role,
                Grams: Grams.Of([.. network.FilesOf(role).Select(file => file.Content), logs[role]])))
            .ToDictionary(one => one.Role, one => one.Grams);
    }

    /// <summary>The bank's tables about those who pay in, those about what is sold, and between them the
    /// refreshes.</summary>
    private static async Task<(Grams Payers, Grams Sales, Grams Refreshes)> BankSidesAsync(
        RealNetwork network, string name)
    {
        var copy = Directory.CreateDirectory(Path.Combine(network.Folder, $"bank-{name}")).FullName;
        foreach (var path in Directory.EnumerateFiles(Path.Combine(network.Folder, "bank"), "*.db*"))
            File.Copy(path, Path.Combine(copy, Path.GetFileName(path)));
        await using var books = await BankDatabase.OpenAsync(Directory.EnumerateFiles(copy, "*.db").Single());
        var (payers, sales, refreshes) = await books.ReadAsync(
            reader => (
                Cells(reader, "fundings", "id", "body_hash", "reserve")
                    .Concat(Cells(reader, "reserves WHERE id NOT IN (SELECT reserve FROM refreshes)", "id"))
                    .Concat(Cells(reader, "withdrawals", "request_hash", "signature")),
                Cells(reader, "locks", "n", "payload_hash", "account", "tokens", "lock_note", "payment_note")
                    .Concat(Cells(reader, "tokens", "serial"))
                    .Concat(Cells(reader, "accounts", "id")),
                Cells(reader, "refreshes", "serial", "reserve")),
            default);
        return (Grams.Of(payers), Grams.Of(sales), Grams.Of(refreshes));
    }

    private static byte[][] Cells(IReadTransaction reader, string from, params string[] columns) =>
    [
        .. reader.Query(
            $"SELECT {string.Join(", ", columns.Select(column => $"CAST({column} AS BLOB)"))} FROM {from}",
            row => columns.Select((_, column) => row.GetBytes(column)).ToArray()).SelectMany(cells => cells),
    ];

    private static async Task OkAsync(RealNetwork network, params string[] verb)
    {
        var said = await network.WalletAsync(verb);
        Assert.True(said.ExitCode == 0, $"{string.Join(' ', verb)}: {said.Errors}");
    }
}
