using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.Config;
using Bauta.Host.JudgeVerb;
using Bauta.Host.Terminal;
using Bauta.Merchant.Desk;
using Bauta.Protocol;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;

namespace Bauta.Host.ShopVerbs;

/// <summary><c>bauta shop evidence</c>.</summary>
internal sealed class SaleEvidenceVerb : ShopVerb
{
    private const int MaxPages = 100;

    private readonly Argument<string> sale = new("SALE")
    {
        Description = "The sale's transaction ID or its beginning, as sales shows it.",
    };

    private readonly Option<string> output = EvidenceFile.Out();

    private readonly Option<string?> goods = new("--goods")
    {
        Description = "Also write the encrypted goods here, as they were delivered, while the shop keeps the file.",
    };

    private readonly Option<string?> other = EvidenceFile.Other();

    private readonly Option<string[]> observations = EvidenceFile.Observations();

    private readonly Option<string?> demand = EvidenceFile.Demand();

    public SaleEvidenceVerb()
        : base("evidence", "Writes all that was stated about a sale, for a judge or any stranger. With two-sided\n"
            + "delivery it holds the customer's signature over P1, and proves what was delivered.\n"
            + "It shows what was sold and for how much: hand it out with care. The bank is asked for its card.",
            "bauta shop evidence kY3rVw9z --out evidence.json --config data/demo/merchant/merchant.json")
    {
        Add(sale);
        Add(output);
        Add(goods);
        Add(other);
        Add(observations);
        Add(demand);
    }

    protected override async Task<ExitCode> RunAsync(OpenShop shop, CancellationToken cancellation)
    {
        var path = NewFile.At(shop.Parsed.GetRequiredValue(output));
        var transaction = await FindAsync(shop.Desk, shop.Parsed.GetRequiredValue(sale), cancellation);
        var whole = await EvidenceAsync(shop, transaction, cancellation);
        var evidence = EvidenceFile.With(whole, shop.Parsed.GetValue(observations));
        // Beside P1 it opens the goods, so before a commit only a judge of the archive's silence is shown it.
        if (evidence.Observations is null)
            evidence = evidence with { Release = null };
        if (shop.Parsed.GetValue(goods) is { } goodsPath)
            await WriteGoodsAsync(
                shop, transaction,
                evidence.Made?.Content.Layout.ChunkCount ?? evidence.Merchandise.Content.ChunkCount, goodsPath,
                cancellation);
        EvidenceFile.Write(path, evidence, shop.Parsed.GetValue(other));
        if (shop.Parsed.GetValue(demand) is { } demandPath)
            EvidenceFile.WriteDemand(demandPath, whole);
        shop.Output.Line($"Wrote {path}. Anybody can check it: bauta judge {path}");
        shop.Output.Answer(new JsonObject
        {
            ["transaction"] = transaction.ToString(),
            ["evidence"] = path,
            ["acknowledged"] = evidence.Acknowledgement is not null,
            ["handedOver"] = evidence.HandOver is not null,
        });
        return ExitCode.Ok;
    }

    /// <summary>All that was stated about a sale, with the cards of shop and bank.</summary>
    public static async Task<PurchaseEvidence> EvidenceAsync(
        OpenShop shop, TransactionId sale, CancellationToken cancellation)
    {
        var held = OpenShop.ValueOf(await shop.Desk.EvidenceAsync(sale, cancellation));
        var bank = PartyFile.Read(shop.Config.PathOf(shop.Config.Bank), PartyRoles.Bank);
        return new PurchaseEvidence(
            PurchaseEvidence.CurrentFormat, held.Policy, OwnCard.Of(shop.Config, bank, [held.Policy]),
            await CardAsync(bank, cancellation), held.Merchandise, LockNote: held.LockNote, Payment: held.Payment,
            Decision: held.Decision, Acknowledgement: held.Acknowledgement, Item: held.Item,
            Release: held.Release, Made: held.Made, HandOver: held.HandOver);
    }

    private static async Task WriteGoodsAsync(
        OpenShop shop, TransactionId sale, long chunks, string path, CancellationToken cancellation)
    {
        await using var file = new FileStream(NewFile.At(path), FileMode.CreateNew);
        await shop.Output.BarAsync("copying the goods", async bar =>
        {
            for (long index = 0; index < chunks; index++)
            {
                var chunk = OpenShop.ValueOf(await shop.Desk.ChunkAsync(sale, index, cancellation));
                await file.WriteAsync(chunk.Ciphertext, cancellation);
                bar.Report((double)(index + 1) / chunks);
            }
        });
    }

    private static async Task<TransactionId> FindAsync(IShopDesk desk, string wanted, CancellationToken cancellation)
    {
        if (TransactionId.TryParse(wanted, out var whole))
            return whole;
        var found = new List<TransactionId>();
        TransactionId? after = null;
        for (var page = 0; page < MaxPages && (page == 0 || after is not null); page++)
        {
            var list = OpenShop.ValueOf(await desk.SalesAsync(after, cancellation));
            found.AddRange(list.Sales.Select(sale => sale.Transaction)
                .Where(n => n.ToString().StartsWith(wanted, StringComparison.Ordinal)));
            after = list.Next;
        }

        return found.Count switch
        {
            1 => found[0],
            0 => throw new HostException(ExitCode.NotFound, $"There is no sale {wanted}. List them: bauta shop sales"),
            _ => throw new HostException(ExitCode.Usage, $"{wanted} names {found.Count} sales. Use more of the ID."),
        };
    }

    private static async Task<Signed<PartyCard>> CardAsync(PartyFile bank, CancellationToken cancellation)
    {
        using var transport = new PartyTransport(MaskRoute.Direct, TimeProvider.System);
        try
        {
            return await transport.CardAsync(bank.Address, cancellation);
        }
        catch (PartyUnreachableException silent)
        {
            throw new HostException(ExitCode.StillOpen,
                $"The bank does not answer for its card at {bank.Url}. Try again later.", silent);
        }
    }
}
