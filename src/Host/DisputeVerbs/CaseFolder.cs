using System.CommandLine;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Merkle;
using Bauta.Host.JudgeVerb;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Relay;
using Bauta.Storage;

namespace Bauta.Host.DisputeVerbs;

/// <summary>A case as the arbiter reads it: what both sides sealed, the goods, and the judge's verdict.</summary>
internal sealed record CaseFolder(
    string Folder, DisputeCase Customer, DisputeCase? Merchant, bool HasGoods, Verdict Verdict)
{
    private const string Ciphertext = "goods.encrypted";
    private const string Plain = "goods.opened";

    public static Argument<string> Case() => new("CASE")
    {
        Description = "The transaction ID or its beginning, as bauta dispute cases shows it.",
    };

    public static Option<string> Out() => new("--out")
    {
        Description = "The folder to write evidence and goods to; goods that lie there are taken as they are.",
        DefaultValueFactory = _ => "case",
    };

    public static async Task<CaseFolder> OpenAsync(
        OpenOffice office, DisputeState state, string folder, CancellationToken cancellation)
    {
        if (!SealedCase.TryOpen(office.Keys.Cases, state.Transaction, state.Case, out var customer)
            || !customer.Evidence.Merchandise.Content.Transaction().Equals(state.Transaction))
            throw new HostException(ExitCode.NotProven, "The customer's case does not open, or is on another sale.");
        var merchant = SealedCase.TryOpen(office.Keys.Cases, state.Transaction, state.AnswerCase, out var answer)
            ? answer
            : null;
        folder = Path.GetFullPath(folder);
        DurableFile.CreateDirectory(folder);
        DurableFile.Write(
            Path.Combine(folder, "evidence.json"), customer.Evidence.ToBytes(), DurableFile.SecretMode);
        if (merchant is not null)
            DurableFile.Write(
                Path.Combine(folder, "merchant.json"), merchant.Evidence.ToBytes(), DurableFile.SecretMode);
        var goods = Path.Combine(folder, Ciphertext);
        var hasGoods = File.Exists(goods) || await TryFetchAsync(office, customer, goods, cancellation);
        using var ciphertext = hasGoods ? File.OpenRead(goods) : null;
        var verdict = PurchaseJudge.Judge(customer.Evidence, ciphertext);
        if (hasGoods)
            await TryDecryptAsync(customer, goods, Path.Combine(folder, Plain), cancellation);
        return new CaseFolder(folder, customer, merchant, hasGoods, verdict);
    }

    public void Tell(OpenOffice office)
    {
        var terms = Customer.Evidence.Merchandise.Content.Contract;
        office.Output.Line($"Sold: {terms.Title}, {terms.FileName}, {office.Currency.Format(terms.Price)}");
        office.Output.Line($"Description: {terms.Description}");
        office.Output.Line($"The customer says: {Customer.Text}");
        office.Output.Line($"The merchant says: {Merchant?.Text ?? "nothing"}");
        office.Output.Line(HasGoods
            ? $"The goods as delivered: {Path.Combine(Folder, Ciphertext)}, opened: {Plain}"
            : $"The shop does not give the goods out; ask the customer for them and put them at {Ciphertext}.");
        foreach (var line in VerdictText.Lines(Verdict))
            office.Output.Line(line);
    }

    /// <summary>The ciphertext, from the shop as the customer got it.</summary>
    private static async Task<bool> TryFetchAsync(
        OpenOffice office, DisputeCase customer, string path, CancellationToken cancellation)
    {
        var promise = customer.Evidence.Merchandise.Content;
        if (promise.Session is not null || !PartyAddress.TryParse(customer.Shop, out var shop)
            || shop.Thumbprint != customer.Evidence.MerchantCard.Content.IdentityKey().Thumbprint)
            return false;
        using var http = office.Transport.ClientFor(shop);
        var client = new MerchantClient(http);
        var delivery = DeliveryId.Derive(promise.Secret);
        var part = path + ".part";
        try
        {
            await using (var file = new FileStream(part, FileMode.Create))
            {
                for (long index = 0; index < promise.ChunkCount; index++)
                {
                    var chunk = await client.ChunkAsync(delivery, index, cancellation);
                    if (!chunk.IsOk)
                        return false;
                    await file.WriteAsync(chunk.Value.Ciphertext, cancellation);
                }
            }

            File.Move(part, path, overwrite: true);
            return true;
        }
        catch (Exception silent) when (silent is PartyUnreachableException or ProtocolViolationException)
        {
            return false;
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>Opens the goods, so that a person can look at them; what does not open the judge has named.</summary>
    private static async Task TryDecryptAsync(
        DisputeCase customer, string ciphertext, string path, CancellationToken cancellation)
    {
        var promise = customer.Evidence.Merchandise.Content;
        if (promise.Session is not null
            || !ArchivePolicy.TryParse(customer.Evidence.Policy, out var policy)
            || customer.Evidence.Decision is not { } decision || !policy.TryVerify(decision, out var logged)
            || logged.Entry.Release is not { } release)
            return;
        using var mask = GoodsMask.FromBytes(promise.Mask);
        using var key = MaskedKey.FromBytes(release.Content.MaskedKey).Unmask(mask);
        using var decryptor = new GoodsDecryptor(
            key, new GoodsLayout(promise.Contract.SizeBytes), MerkleHash.FromBytes(promise.GoodsRoot));
        await using var from = File.OpenRead(ciphertext);
        await using var to = new FileStream(path, FileMode.Create);
        await decryptor.DecryptAsync(from, to, cancellation);
    }
}
