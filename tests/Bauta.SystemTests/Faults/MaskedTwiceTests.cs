using System.Security.Cryptography;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Relay;
using Bauta.Wallet.Network;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// Through both masks a request that comes again is sealed afresh and has the same answer inside; the same sealed bytes
/// a second time are refused, whoever sends them.
/// </summary>
[Collection(nameof(SharedNetwork))]
public sealed class MaskedTwiceTests(SharedNetwork shared)
{
    private const long Value = 64;

    [Fact]
    public async Task A_request_sealed_afresh_has_the_same_answer_and_the_same_sealed_bytes_have_none()
    {
        var network = await shared.UseAsync("twice-masked");
        await Shop.OpenAsync(network, Value);
        Assert.True(NetworkFile.TryParse(await File.ReadAllBytesAsync(network.NetworkFile), out var file));
        using var parties = new HttpNetwork(file, file.RouteAt(0), TimeProvider.System);
        using var reserve = P256PrivateKey.Generate();
        var toFirstMask = new Link(ProxiedNetwork.Customer, "mask-1");
        network.Meddler.Double(toFirstMask);

        using var kept = P256PrivateKey.Generate();
        using var spent = P256PrivateKey.Generate();
        var tokens = await WithdrawAsync(parties, reserve, [kept, spent]);
        await BuyAsync(parties, PartyAddress.Parse(file.Shops.Values.Single()), tokens[1], spent);
        await RefreshAsync(parties, tokens[0], kept);

        var sealedTwice = network.Meddler.Twice.Where(one => one.Request.StartsWith("POST ", StringComparison.Ordinal))
            .ToArray();
        await network.CalmAsync();
        Assert.InRange(sealedTwice.Length, 20, 1000);
        Assert.All(sealedTwice, one => Assert.Equal(200, one.First.Status));
        Assert.All(sealedTwice, one => Assert.InRange(one.Second.Status, 400, 499));
        await Books.NothingIsPendingAsync(network.Parties);
    }

    private static async Task<byte[][]> WithdrawAsync(
        HttpNetwork parties, P256PrivateKey reserve, P256PrivateKey[] owners)
    {
        var bank = (await parties.BankCardAsync(default)).Content.Name;
        var take = new TakeInRequest(
            RequestId.Generate(), "4242424242424242", bank, ReserveId.Of(reserve.PublicKey), "EUR",
            Amount.FromMinorUnits(owners.Length * Value));
        var taken = await TwiceAsync(
            () => parties.Acquirer.TakeInAsync(take, default),
            answer => StrictJson.Write(answer, ProtocolJson.Default.TakeInAnswer));
        await TwiceAsync(
            () => parties.Bank.FundAsync(new FundingRequest(taken.Notice!), default),
            answer => StrictJson.Write(answer, ProtocolJson.Default.ReserveState));
        var listed = (await parties.Bank.DenominationsAsync(default)).Denominations
            .First(one => one.Key.Content.Value.MinorUnits == Value).Key;
        var issuances = owners.Select(owner => TokenIssuance.Begin(
            RsaPublicKey.FromSpki(listed.Content.TokenKey), listed.Content.Challenge().Digest,
            owner.PublicKey.SpkiHash, RandomNumberGenerator.GetBytes(32))).ToArray();
        var body = TokenBatch.Join(issuances.Select(issuance => issuance.Request));
        Assert.True(TokenBatch.TrySplit(body, out var requests));
        var signatures = await TwiceAsync(
            () => parties.Bank.WithdrawAsync(
                Signed<WithdrawalOrder>.Sign(
                    reserve, new WithdrawalOrder(reserve.PublicKey.Spki, SHA256.HashData(body))),
                body, requests, default),
            answer => [.. answer.SelectMany(bytes => bytes)]);
        // Charged once.
        Assert.Equal(0, (await ReserveAsync(parties, reserve)).MinorUnits);
        // What a bank enters into the log is entered once.
        var entry = await TwiceAsync(
            () => parties.Archive.EnterAsync(new EntryRequest(LogEntry.Denomination, listed.Text), default),
            answer => StrictJson.Write(answer, ProtocolJson.Default.DecisionAnswer));
        Assert.NotNull(entry.Decision);
        return [.. issuances.Select((issuance, i) => issuance.Finish(signatures[i]).Encode())];
    }

    private static async Task BuyAsync(HttpNetwork parties, PartyAddress at, byte[] token, P256PrivateKey owner)
    {
        var shop = parties.Merchant(at);
        OfferList page;
        var offer = default(OfferTerms);
        OfferId? after = null;
        do
        {
            page = await shop.OffersAsync(after, default);
            offer ??= page.Offers.FirstOrDefault(one => one.Price.MinorUnits == Value);
            after = page.Next;
        }
        while (offer is null && after is not null);
        var order = new PurchaseRequest(RequestId.Generate(), offer!.Offer, offer.Price, parties.Policy.Id);
        var promise = await TwiceAsync(
            () => shop.PurchaseAsync(order, default), answer => System.Text.Encoding.ASCII.GetBytes(answer.Text));
        var p1 = promise.Content;
        await TwiceAsync(
            () => shop.ChunkAsync(DeliveryId.Derive(p1.Secret), 0, default), answer => answer.Encode());
        var content = new Authorization(
            p1.Transaction(), p1.ExpiresAt, p1.Account, p1.Archive, p1.Commitment, "EUR", offer.Price,
            [new TokenSpend(token, owner.PublicKey.Spki, offer.Price)]);
        // Signed anew each time: equality is by id and content.
        var locked = await TwiceAsync(
            () => parties.LockingBank.LockAsync(SignedAuthorization.Sign(content, [owner]), default),
            answer => StrictJson.Write(answer, ProtocolJson.Default.LockAnswer));
        var payment = new PaymentRequest(p1.Transaction(), locked);
        for (var tries = 0; (await shop.PayAsync(payment, default)).Value.Decision is null; tries++)
            Assert.True(tries < 20, "The shop has no decision.");
        var paid = await TwiceAsync(
            () => shop.PayAsync(payment, default),
            answer => StrictJson.Write(answer, ProtocolJson.Default.PaymentAnswer));
        await TwiceAsync(
            () => parties.LockingBank.DecideAsync(p1.Transaction(), paid.Decision!, default),
            answer => StrictJson.Write(answer, ProtocolJson.Default.SettlementAnswer));
    }

    private static async Task RefreshAsync(HttpNetwork parties, byte[] token, P256PrivateKey owner)
    {
        using var reserve = P256PrivateKey.Generate();
        await TwiceAsync(
            () => parties.Bank.RefreshAsync(
                Signed<RefreshOrder>.Sign(
                    owner, new RefreshOrder(token, owner.PublicKey.Spki, ReserveId.Of(reserve.PublicKey))),
                default),
            answer => StrictJson.Write(answer, ProtocolJson.Default.RefreshAnswer));
        Assert.Equal(Value, (await ReserveAsync(parties, reserve)).MinorUnits);
    }

    private static async Task<Amount> ReserveAsync(HttpNetwork parties, P256PrivateKey reserve) =>
        (await parties.Bank.ReserveAsync(
            Signed<ReadOrder>.Sign(reserve, new ReadOrder(reserve.PublicKey.Spki, Customer.Now)), default))
        .Value.Balance;

    private static async Task<T> TwiceAsync<T, TError>(
        Func<Task<Result<T, TError>>> ask, Func<T, byte[]> bytesOf)
        where TError : struct, Enum
    {
        var first = await ask();
        Assert.True(first.IsOk, first.Detail);
        var second = await ask();
        Assert.True(second.IsOk, second.Detail);
        Assert.Equal(Convert.ToHexString(bytesOf(first.Value)), Convert.ToHexString(bytesOf(second.Value)));
        return first.Value;
    }
}
