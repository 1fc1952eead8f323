using System.Buffers.Text;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Bauta.Host.Demo;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Evidence;
using Bauta.SystemTests.Faults;
using Bauta.SystemTests.PayPerUse;
using Bauta.Tests.Host;
using Xunit;

namespace Bauta.SystemTests.Sight;

/// <summary>
/// The sight table, for what each role holds in memory and on disk, writes to its log and hands to its operator's
/// collector of metrics: money that comes in, two purchases through both masks and one that is aborted, a declined
/// card, a refresh, a payout and requests that no party can read leave canary values, and none may be where the table
/// does not allow it; a session in which a site is sold by the request leaves some, too. Canaries must also be found
/// where they are certain to be, so that the search itself is known to find.
/// </summary>
public sealed class SightTests
{
    // The one that is decided later: it stands in no help text, so that only the acquirer knows it.
    private const string Card = "4000000000000259";
    private const string Declined = "4000000000000002";
    private const string Garbage = "canary-garbage-3d77a1";
    private const int LifetimeSeconds = 20;
    private const string Payee = "sandbox:canary-payee-91b2c3";
    private const string ShopName = "canary-shop-58e1c4";

    // The wallet's own address on this machine; the parties are on 127.0.0.1.
    private static readonly IPAddress customer = IPAddress.Parse("127.201.113.77");

    private static readonly string[] roles = [.. RealNetwork.Roles, .. RealNetwork.Masks];

    private sealed record Sale(
        string Title, string Description, string FileName, string Goods, long Price, string? CustomerName = null);

    private static readonly Sale[] sales =
    [
        Sold("7f3a9b", 38_417), Sold("b80c15", 27_509) with { CustomerName = "canary-customer-c2d4e6" },
    ];

    private static readonly Sale aborted = Sold("e41d02", 15_803);

    private static Sale Sold(string mark, long price) => new(
        $"canary-title-{mark}", $"canary-description-{mark}", $"canary-file-{mark}.txt", $"canary-goods-{mark}", price);

    [Fact]
    public async Task No_role_keeps_or_logs_or_remembers_what_the_sight_table_denies_it()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        using var site = new Upstream { Text = MeteredSale.Page };
        using var network = await RealNetwork.PrepareAsync(
            isMasked: true,
            [
                ("merchant", "lifetimeSeconds", $"{LifetimeSeconds}"), ("merchant", "payMarginSeconds", "1"),
                ("bank", "minExpirySeconds", "1"),
                ("merchant", "payee", $"\"{Payee}\""), ("merchant", "name", $"\"{ShopName}\""),
                ("bank", "disputeWindowSeconds", "1"), ("acquirer", "delaySeconds", "1"),
                ("mask-1", "batchMilliseconds", "1"), ("merchant", "payProxy", MeteredSale.Config(site)),
                .. roles.Select(role => (role, "telemetry", $"\"{collector.AddressFor(role)}\"")),
            ]);
        await network.StartAsync(roles);
        using var line = await MakeWalletAsync(network);
        var (canaries, archiveLog) = await TradeAsync(network);

        var search = new CanarySearch(canaries);
        var problems = new List<string>();
        foreach (var role in roles)
        {
            var places = await PlacesOfAsync(
                network, collector, role, canaries, search, role == "archive" ? archiveLog : "");
            foreach (var canary in canaries.Where(
                one => one.OnlyLookAt.Length == 0 || one.OnlyLookAt.Contains(role)))
            {
                var at = places.Where(place => place.Found.Contains(canary)).Select(place => place.Name).ToArray();
                if (canary.MustBeAt.Contains(role) && at.Length == 0)
                    problems.Add($"{canary.Name} was not found at {role}, so this test would find nothing.");
                if (at.Length > 0 && !canary.MayBeAt(role))
                    problems.Add($"{role} holds {canary.Name} in {string.Join(", ", at)}.");
                if (!canary.IsKept && at.Any(place => place != "memory"))
                    problems.Add($"{role} keeps {canary.Name} in {string.Join(", ", at)}.");
                if (at.Intersect(["log", "metrics"]).Any() && !canary.MayBeLoggedBy.Contains(role))
                    problems.Add($"{role} logs or reports {canary.Name}.");
            }
        }

        Assert.True(problems.Count == 0, string.Join('\n', problems));
        AssertDocumented(collector);
        Assert.All(canaries, canary => Assert.All(canary.MustBeAt, role => Assert.True(
            canary.MayBeAt(role), $"{canary.Name} must be at {role} and may not.")));
    }

    /// <summary>Every metric of every role stands on its page, and each on the page was reported.</summary>
    private static void AssertDocumented(OtlpReceiver collector)
    {
        var page = RealNetwork.SourcePath("docs/operating/metrics.md");
        var rows = File.ReadLines(page).Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('`')[1]).Where(name => !name.StartsWith("dotnet.", StringComparison.Ordinal));
        var reported = roles.SelectMany(role => collector.ReportsOf(role)).SelectMany(OtlpReceiver.MetricsOf)
            .Select(metric => metric.Key).Where(name => !name.StartsWith("dotnet.", StringComparison.Ordinal));
        Assert.Equal(rows.Distinct().Order(StringComparer.Ordinal), reported.Distinct().Order(StringComparer.Ordinal));
    }

    private static async Task<List<(string Name, HashSet<Canary> Found)>> PlacesOfAsync(
        RealNetwork network, OtlpReceiver collector, string role, IReadOnlyList<Canary> canaries, CanarySearch search,
        string earlierLog)
    {
        var memory = new HashSet<Canary>();
        // A process that has served anything at all holds some megabytes.
        Assert.InRange(ProcessMemory.Search(network.ProcessOf(role), search, memory), 4L << 20, 4L << 30);
        var places = new List<(string Name, HashSet<Canary> Found)> { ("memory", memory) };
        foreach (var database in Directory.EnumerateFiles(Path.Combine(network.Folder, role), "*.db"))
            places.Add(("a column of " + Path.GetFileName(database), NumbersIn(database, canaries)));
        // A role that stops in order deletes it, and reports once more.
        var contents = Directory.EnumerateFiles(Path.Combine(network.Folder, role), "*-wal")
            .Select(path => (path, File.ReadAllBytes(path))).ToList();
        contents.Add(("log", Encoding.UTF8.GetBytes(earlierLog + await network.EndAsync(role))));
        contents.AddRange(network.FilesOf(role));
        var reports = collector.ReportsOf(role);
        contents.AddRange(reports.Select(
            report => ("metrics", (byte[])[.. Encoding.UTF8.GetBytes(report.Head), .. report.Body])));
        foreach (var (path, content) in contents)
        {
            var found = new HashSet<Canary>();
            search.Find(content, found);
            places.Add((path is "log" or "metrics" ? path : Path.GetFileName(path), found));
        }

        // So that what is looked through is what the role reports, and of what it did.
        Assert.Contains(places, place => place.Name == "metrics");
        Assert.NotEmpty(OtlpReceiver.MetricsOf(reports[^1])["http.server.request.duration"]);
        if (role == "merchant")
            Assert.Contains(places, place => place.Name == "metrics" && place.Found.Any(
                canary => canary.MayBeLoggedBy.Contains("merchant")));
        return places;
    }

    /// <summary>Sums stand in a database as numbers, which are too short to be looked for as bytes.</summary>
    private static HashSet<Canary> NumbersIn(string database, IReadOnlyList<Canary> canaries)
    {
        var numbers = LiveRows.Read(database, "SELECT name FROM sqlite_master WHERE type = 'table'",
            row => row.GetString(0)).SelectMany(table => LiveRows.Read(
                database, $"SELECT * FROM {table}",
                row => Enumerable.Range(0, row.FieldCount).Select(row.GetValue).OfType<long>().ToArray()))
            .SelectMany(values => values).ToHashSet();
        return [.. canaries.Where(canary => canary.Number is { } number && numbers.Contains(number))];
    }

    /// <summary>A wallet with an address of its own; it reaches the first mask over a line that has this
    /// address.</summary>
    private static async Task<LinkProxy> MakeWalletAsync(RealNetwork network)
    {
        var origin = (string)network.PartyFile("mask-1")["url"]!;
        var line = new LinkProxy(
            new Link(ProxiedNetwork.Customer, "mask-1"), new Uri(origin).Port, new Meddler(0), customer);
        var path = Path.Combine(network.Folder, "network-sight.json");
        var text = await File.ReadAllTextAsync(Path.Combine(network.Folder, "network.json"));
        await File.WriteAllTextAsync(
            path, text.Replace(origin + "#", line.Origin + "#", StringComparison.Ordinal));
        network.Wallet = "sight";
        await OkAsync(network, "init", "--network", path, "--password-rounds", "1");
        return line;
    }

    /// <returns>What must not be found, and what the archive logged before it was restarted.</returns>
    private static async Task<(IReadOnlyList<Canary> Canaries, string ArchiveLog)> TradeAsync(RealNetwork network)
    {
        var canaries = new List<Canary>();
        foreach (var sale in sales.Append(aborted))
        {
            var file = Path.Combine(network.Folder, sale.FileName);
            await File.WriteAllTextAsync(file, sale.Goods);
            var added = await network.ShopAsync(
                "add", file, "--price", Money(sale.Price), "--title", sale.Title, "--description", sale.Description);
            Assert.True(added.ExitCode == 0, added.Errors);
        }

        await OkAsync(network, "fund", "1400.00", "--card", Card);
        await OkAsync(network, "withdraw", "1400.00");
        foreach (var sale in sales)
            canaries.AddRange(await BuyAsync(network, sale));
        canaries.AddRange(await MeteredSale.FetchAsync(network));
        var archiveLog = await AbortAsync(network, canaries);
        await OffendAsync(network);
        await OkAsync(network, "refresh", "--days", "10000", "--pause", "0");
        await PayOutAsync(network);
        canaries.AddRange(Reserves(network));
        canaries.AddRange(
        [
            Canary.OfText("the card number", Fact.Payer, Card) with { IsKept = false },
            Canary.OfText("the card number as it was sent", Fact.Payer, $"\"{Card}\"") with
            {
                MustBeAt = ["acquirer"],
                IsKept = false,
            },
            Canary.OfText("the declined card", Fact.Payer, $"\"{Declined}\"") with { IsKept = false },
            // Whoever is called has it in memory for a while.
            Canary.OfText("what nobody can read", default, Garbage) with
            {
                Facts = Enum.GetValues<Fact>(),
                IsKept = false,
            },
            Canary.OfText("the payee", Fact.Payee, Payee) with { MustBeAt = ["merchant", "bank", "acquirer"] },
            // It names itself when it starts; the second mask fetches its public card for whoever calls it.
            Canary.OfText("the shop's name", Fact.Merchant, ShopName) with
            {
                Facts = [Fact.Merchant, Fact.PartyCalled],
                MustBeAt = ["merchant"],
                MayBeLoggedBy = ["merchant"],
            },
            Address(),
        ]);
        foreach (var party in (string[])["bank", "archive", "merchant", "acquirer"])
            canaries.Add(Canary.OfText($"that {party} is called", Fact.PartyCalled, network.ListenOf(party)) with
            {
                OnlyLookAt = RealNetwork.Masks,
                MustBeAt = ["mask-2"],
            });
        return (canaries, archiveLog);
    }

    /// <summary>A purchase that the archive aborts, since it was away until the lock had expired.</summary>
    private static async Task<string> AbortAsync(RealNetwork network, List<Canary> canaries)
    {
        var log = await network.EndAsync("archive");
        var bought = await network.WalletAsync(
            "buy", "shop.demo", aborted.Title, "--out", Path.Combine(network.Folder, "bought-" + aborted.FileName),
            "--patience", $"{LifetimeSeconds}");
        Assert.NotEqual(0, bought.ExitCode);
        await Task.Delay(TimeSpan.FromSeconds(LifetimeSeconds));
        await network.StartAsync("archive");
        await Books.ResumeUntilNothingIsOpenAsync(network);
        var history = (await OkAsync(network, "history"))["purchases"]!.AsArray();
        var purchase = history.Single(one => (string)one!["title"]! == aborted.Title)!;
        Assert.Equal("returned", (string)purchase["state"]!);
        canaries.AddRange(await CanariesAsync(network, aborted, (string)purchase["purchase"]!));
        return log;
    }

    /// <summary>A card that is declined, and requests that each role has to refuse.</summary>
    private static async Task OffendAsync(RealNetwork network)
    {
        Assert.NotEqual(0, (await network.WalletAsync("fund", "3.00", "--card", Declined)).ExitCode);
        using var http = new HttpClient(new SocketsHttpHandler());
        http.DefaultRequestHeaders.Add("X-Canary", Garbage);
        string[] paths =
        [
            "", Garbage, "fundings", "token-request", "token-requests", "locks/" + Garbage, "refreshes", "recoups",
            "closings", "payouts", "account", "decisions", "decisions/" + Garbage, "entries", "purchases", "payments",
            "deliveries/" + Garbage, "sessions/" + Garbage, "revocations", "add-checkpoint", "tile/" + Garbage,
            "gateway", "card?" + Garbage,
        ];
        foreach (var role in roles)
        {
            foreach (var path in paths)
            {
                foreach (var (type, body) in ((string, string)[])[
                    ("application/json", $"{{\"{Garbage}\":\"{Garbage}\"}}"), ("application/jose+json", Garbage),
                    ("message/ohttp-req", Garbage), ("application/private-token-request", Garbage)])
                {
                    foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Post, HttpMethod.Put])
                    {
                        using var request = new HttpRequestMessage(
                            method, new Uri($"http://{network.ListenOf(role)}/{path}"));
                        request.Content = new StringContent(body);
                        request.Content.Headers.ContentType = new(type);
                        using var answer = await http.SendAsync(request);
                        Assert.True(
                            (int)answer.StatusCode is < 500 or 503, $"{role} {method} {path}: {answer.StatusCode}");
                    }
                }
            }
        }
    }

    private static async Task<IEnumerable<Canary>> BuyAsync(RealNetwork network, Sale sale)
    {
        string[] shown = sale.CustomerName is { } name ? ["--name", name] : [];
        var bought = await OkAsync(
            network,
            [
                "buy", "shop.demo", sale.Title, "--out", Path.Combine(network.Folder, "bought-" + sale.FileName),
                .. shown,
            ]);
        return await CanariesAsync(network, sale, (string)bought["purchase"]!);
    }

    private static async Task<IEnumerable<Canary>> CanariesAsync(RealNetwork network, Sale sale, string purchase)
    {
        var path = Path.Combine(network.Folder, "evidence-" + sale.FileName);
        await OkAsync(network, "evidence", purchase, "--out", path);
        Assert.True(PurchaseEvidence.TryParse(await File.ReadAllBytesAsync(path), out var evidence));
        var (promise, note) = (evidence.Merchandise.Content, evidence.LockNote!.Content);
        Assert.True(LogEntry.TryParse(evidence.Decision!.Entry, out var decision));
        var of = $" of {sale.Title}";
        return
        [
            Canary.OfText("the title" + of, Fact.Goods, sale.Title) with { MustBeAt = ["merchant"] },
            Canary.OfText("the description" + of, Fact.Goods, sale.Description) with { MustBeAt = ["merchant"] },
            Canary.OfText("the file name" + of, Fact.Goods, sale.FileName) with { MustBeAt = ["merchant"] },
            Canary.OfText("the goods" + of, Fact.Goods, sale.Goods) with { MustBeAt = ["merchant"] },
            // The bank knows it as the amount.
            Canary.OfText(
                "the price" + of, Fact.Price, $":{sale.Price},\"", $":{sale.Price}}}\"", $" {Money(sale.Price)} EUR")
                with { Facts = [Fact.Price, Fact.Amount], Number = sale.Price, MustBeAt = ["merchant", "bank"] },
            Canary.OfBytes("the account" + of, Fact.Account, promise.Account.ToArray())
                with { MustBeAt = ["bank", "merchant"] },
            Canary.OfBytes("the transaction ID" + of, Fact.Transaction, note.Transaction.ToArray())
                with { MustBeAt = ["bank", "archive", "merchant"] },
            Canary.OfBytes("the commitment" + of, Fact.Commitment, note.Commitment.ToArray())
                with { MustBeAt = ["bank", "archive"] },
            .. Keys(decision.Release, promise.Mask, of),
            // On the shop's disk they are sealed.
            Canary.OfBytes("the mask r" + of, Fact.OneTimeKeys, promise.Mask) with { IsKept = false },
            Canary.OfBytes("the purchase's secret" + of, Fact.OneTimeKeys, promise.Secret) with { IsKept = false },
            Canary.OfBytes("the root of the goods" + of, Fact.Goods, promise.GoodsRoot),
            .. Tokens(evidence.Authorization!, of),
            .. Customers(evidence, of),
        ];
    }

    /// <summary>What a two-sided purchase shows of the customer: to the shop, which keeps the acknowledgement with the
    /// key's thumbprint in it, and has the rest of it sealed on its disk.</summary>
    private static IEnumerable<Canary> Customers(PurchaseEvidence evidence, string of)
    {
        if (evidence.Merchandise.Content.Terms is not { CustomerName: { } name, CustomerKey: { } key })
            return [];
        var acknowledgement = evidence.Acknowledgement!;
        return
        [
            Canary.OfText("the customer's name" + of, Fact.Pseudonym, name) with { IsKept = false },
            Canary.OfBytes("the customer's key" + of, Fact.Pseudonym, key.AsSpan(^64..)) with { IsKept = false },
            Canary.OfText("the key's thumbprint" + of, Fact.Pseudonym, acknowledgement.KeyId)
                with { MustBeAt = ["merchant"] },
            Canary.OfText("the acknowledgement" + of, Fact.Pseudonym, acknowledgement.Text.Split('.')[2])
                with { MustBeAt = ["merchant"] },
        ];
    }

    private static IEnumerable<Canary> Keys(Signed<Release>? release, byte[] mask, string of)
    {
        if (release is null)
            return [];
        var masked = release.Content.MaskedKey;
        byte[] plain = [.. masked.Zip(mask, (one, other) => (byte)(one ^ other))];
        return
        [
            Canary.OfBytes("the masked key" + of, Fact.MaskedKey, masked) with { MustBeAt = ["archive", "merchant"] },
            Canary.OfBytes("the goods key" + of, Fact.PlainKey, plain) with { IsKept = false },
        ];
    }

    private static IEnumerable<Canary> Tokens(byte[] authorization, string of)
    {
        var payload = (string)JsonNode.Parse(authorization)!["payload"]!;
        var tokens = JsonNode.Parse(Base64Url.DecodeFromChars(payload))!["tokens"]!.AsArray();
        foreach (var (number, token) in tokens.Index())
        {
            var bytes = Base64Url.DecodeFromChars((string)token!["token"]!);
            // RFC 9578: type 2 bytes, then the nonce of 32; the signature is the last 256.
            yield return Part("serial", bytes[2..34]) with { MustBeAt = ["bank"] };
            // The bank keeps P2, which has all of these, until its tokens' end.
            yield return Part("signature", bytes[^256..]);
            // The end of the SPKI, which is the point; all keys have the same beginning.
            yield return Part("key", Base64Url.DecodeFromChars((string)token["key"]!)[^64..])
                with
            { MustBeAt = ["bank"] };

            Canary Part(string what, byte[] part) =>
                Canary.OfBytes($"the {what} of token {number}" + of, Fact.SpentSerial, part);
        }
    }

    /// <summary>Reserves that money came into, and those that refreshed tokens went through.</summary>
    private static IEnumerable<Canary> Reserves(RealNetwork network)
    {
        // The wallet seals its own list.
        var all = LiveRows.Read(
            LiveRows.PathOf(network, "bank"),
            "SELECT id, EXISTS (SELECT 1 FROM fundings WHERE reserve = reserves.id) FROM reserves",
            row => (Id: (byte[])row.GetValue(0), IsFunded: row.GetBoolean(1)));
        Assert.Contains(all, reserve => reserve.IsFunded);
        Assert.Contains(all, reserve => !reserve.IsFunded);
        return all.Select((reserve, number) =>
            Canary.OfBytes($"reserve {number}", Fact.ReserveKey, reserve.Id) with
            {
                MustBeAt = reserve.IsFunded ? ["bank", "acquirer"] : ["bank"],
                NeverAt = reserve.IsFunded ? [] : ["acquirer"],
            });
    }

    // In memory an address is four bytes, after which a socket's address, and an object of the runtime, has zeros.
    private static Canary Address()
    {
        var text = Canary.OfText("the network address", Fact.NetworkAddress, customer.ToString());
        return text with
        {
            Forms = [.. text.Forms, [.. customer.GetAddressBytes(), .. new byte[8]]],
            MustBeAt = ["mask-1"],
            IsKept = false,
        };
    }

    private static async Task PayOutAsync(RealNetwork network)
    {
        for (var tries = 0; ; tries++)
        {
            var said = await network.ShopAsync("payout");
            if (said.ExitCode == 0)
                break;
            Assert.True(tries < 40, said.Errors);
            await Task.Delay(300);
        }

        for (var tries = 0; LiveRows.Number(network, "acquirer", "SELECT COUNT(*) FROM payouts") == 0; tries++)
        {
            Assert.True(tries < 100, "The bank does not pay out.");
            await Task.Delay(200);
        }
    }

    private static string Money(long minorUnits) => $"{minorUnits / 100}.{minorUnits % 100:00}";

    private static async Task<JsonNode> OkAsync(RealNetwork network, params string[] verb)
    {
        var said = await network.WalletAsync(verb);
        Assert.True(said.ExitCode == 0, $"{string.Join(' ', verb)}: {said.Errors}");
        return said.Json;
    }
}
