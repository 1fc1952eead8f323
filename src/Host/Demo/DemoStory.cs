using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Bauta.Crypto.Jose;
using Bauta.Host.Config;
using Bauta.Host.JudgeVerb;
using Bauta.Host.Roles;
using Bauta.Host.ShopVerbs;
using Bauta.Host.Terminal;
using Bauta.Host.WalletVerbs;
using Bauta.Judge;
using Bauta.Merchant.Desk;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Relay;
using Bauta.Storage;
using Bauta.Wallet;
using Bauta.Wallet.Network;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Recovery;

namespace Bauta.Host.Demo;

/// <summary>One purchase from beginning to end, told step by step with what each party received.</summary>
internal sealed class DemoStory(
    DemoPlaces places, Output output, DemoEyes eyes, bool isDirect, TimeProvider time, long startedAt)
    : IProgress<WalletStep>
{
    /// <summary>The customer's own address on this machine, so that it can be told from the parties'.</summary>
    public static readonly IPAddress Customer = IPAddress.Parse("127.0.0.99");

    private const string TestCard = Acquirer.TestCards.Approved;
    private static readonly TimeSpan readyPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan settlePatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan pollInterval = TimeSpan.FromMilliseconds(100);

    private readonly JsonArray steps = [];
    private readonly Lock telling = new();
    private JsonArray? sights;
    private string? last;
    private int payments;

    /// <summary>Tells it.</summary>
    public async Task<ExitCode> TellAsync(FileInfo goods, string priceText, CancellationToken cancellation)
    {
        var file = WalletPlace.ReadNetwork(places.NetworkPath);
        var route = isDirect ? MaskRoute.Direct : file.RouteAt(0);
        output.Line(isDirect ? $"Without masks: {route.GivesAway}" : $"Through two masks: {route.GivesAway}");
        output.Line();
        await using var store = await OpenWalletAsync(file);
        using var network = new HttpNetwork(file, route, time, FromCustomer());
        var wallet = new Wallet.Wallet(store, network, time);
        var desk = MerchantRole.ConnectDesk(ConfigFile.Read<MerchantConfig>(places.ShopConfigPath));
        var currency = await output.BarAsync("the bank makes and announces its denominations",
            bar => WaitUntilReadyAsync(wallet, desk, bar, cancellation));
        if (!currency.TryParseAmount(priceText, out var price) || price == Amount.Zero)
            throw new HostException(ExitCode.Usage, $"{priceText} is not a price in {currency.Code}, such as 2.50.");

        var offer = await output.BarAsync(
            "putting the file on sale", bar => OfferAsync(desk, goods, price, bar, cancellation));
        output.Line($"On sale at shop.demo for {currency.Format(price)}: {goods.FullName}");
        output.Line($"  SHA-256 {Convert.ToHexStringLower(offer.ContentHash)}");
        output.Line();
        eyes.Know(Fact.Payer, TestCard);
        eyes.Know(Fact.Goods, offer.Title);
        eyes.Began = step => Step(
            step, "shop -> archive: the masked key, signed by the key that owns the transaction");

        await PrepareMoneyAsync(wallet, currency, price, cancellation);
        var shop = PartyAddress.Parse(file.Shops.Values.Single());
        await network.Merchant(shop).OffersAsync(null, cancellation);
        Step(DemoSteps.Offers, "customer -> shop: what is on sale?");
        var before = OpenShop.ValueOf(await desk.AccountAsync(cancellation)).Balance;
        var state = await wallet.BuyAsync(
            shop, offer, OutputPath(goods), TimeSpan.FromMinutes(1), this, cancellation);
        if (state is not Opened opened)
        {
            output.Line($"The purchase ended as {PurchaseReport.StateOf(state)}.");
            output.Answer(PurchaseReport.Describe(state));
            return PurchaseReport.CodeOf(state);
        }

        await SettleAsync(desk, currency, before, cancellation);
        return await ProveAsync(wallet, goods, opened, cancellation);
    }

    /// <summary>What to type in another terminal.</summary>
    public static IEnumerable<string> WhatNext(DemoPlaces places)
    {
        var here = Path.GetRelativePath(Environment.CurrentDirectory, places.Folder);
        var wallet = $"--wallet {here}/wallet --password-file {here}/wallet.password";
        var shop = $"--config {here}/merchant/merchant.json";
        return
        [
            "",
            "The network stays up. In another terminal, from this folder:",
            $"  ./bauta wallet balance {wallet}",
            $"  ./bauta wallet history {wallet}",
            $"  ./bauta shop add README.md --price 1.20 {shop}",
            $"  ./bauta wallet buy shop.demo {wallet}",
            $"  ./bauta wallet buy shop.demo README.md --out bought.md {wallet}",
            $"  ./bauta wallet fund 50.00 --card {TestCard} {wallet}",
            $"  ./bauta wallet refresh {wallet}",
            $"  ./bauta shop sales {shop}",
            $"  ./bauta shop payout {shop}",
            $"  ./bauta archive monitor --network {here}/network.json --data {here}/monitor.db",
            "And last, since it takes the tokens over from the wallet above (a minute or more, with pauses):",
            $"  ./bauta wallet restore --network {here}/network.json --phrase-file {here}/wallet.phrase "
                + $"--wallet restored --password-file {here}/wallet.password",
            "Ctrl-C stops it; the next ./bauta demo goes on with the same data.",
        ];
    }

    /// <inheritdoc/>
    public void Report(WalletStep value)
    {
        if (value.Part is not null)
            return;
        // P3 is one statement that travels twice: to the customer, then on to the shop.
        Step(value.Label == DemoSteps.Lock && ++payments > 1 ? DemoSteps.Pay : value.Label, value.Text);
    }

    /// <summary>Tells a step, after what was received late for the one before; called by the wallet or a
    /// role.</summary>
    private void Step(string step, string text)
    {
        lock (telling)
        {
            if (last is not null)
                TellSights(last, DemoSteps.IsToldFirst(last));
            last = step;
            output.Line($"{step.Split(' ')[0],-9}{text}");
            sights = [];
            steps.Add(new JsonObject { ["step"] = step, ["text"] = text, ["sight"] = sights });
            // Between shop and archive there are no masks.
            TellSights(step, !DemoSteps.IsToldFirst(step) && step != DemoSteps.Release);
        }
    }

    private void TellSights(string step, bool withMasks)
    {
        foreach (var sight in eyes.Take(step, withMasks))
        {
            output.Dim($"           {sight.Party + " received:",-22} {sight.Text}; never: {sight.Never}");
            sights!.Add(new JsonObject
            {
                ["party"] = sight.Party,
                ["received"] = sight.Text,
                ["facts"] = new JsonArray([.. sight.Facts.Select(one => JsonValue.Create(one.Fact.ToString()))]),
                ["never"] = sight.Never,
            });
        }
    }

    /// <summary>Whether all that the parties received is what the sight table says.</summary>
    private bool TellReceived()
    {
        if (last is not null)
            TellSights(last, withMasks: true);
        var beyond = eyes.Beyond;
        foreach (var one in beyond)
            output.Line($"NOT AS IT SHOULD BE: {one}.");
        if (beyond.Count == 0)
            output.Line("No party received anything that the sight table does not allow it.");
        return beyond.Count == 0;
    }

    private static SocketsHttpHandler FromCustomer()
    {
        var sockets = PartyTransport.NewSockets();
        sockets.ConnectCallback = async (context, cancellation) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                socket.Bind(new IPEndPoint(Customer, 0));
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
        return sockets;
    }

    private async Task<WalletStore> OpenWalletAsync(NetworkFile file)
    {
        if (!File.Exists(places.PasswordPath))
            DurableFile.CreateSecret(places.PasswordPath,
                Encoding.ASCII.GetBytes(Base64Url.Encode(RandomNumberGenerator.GetBytes(18)) + "\n"));
        var password = Password.Read(places.PasswordPath, isNew: false, output);
        if (await WalletStore.ExistsAsync(places.WalletFolder, time))
            return await WalletStore.OpenAsync(places.WalletFolder, password, time);
        var phrase = RecoveryPhrase.Generate();
        DurableFile.Write(places.PhrasePath, Encoding.ASCII.GetBytes(phrase + "\n"), DurableFile.SecretMode);
        return await WalletStore.CreateAsync(
            places.WalletFolder, password, phrase, time, settings: WalletPlace.SettingsOf(file));
    }

    private async Task<Currency> WaitUntilReadyAsync(
        Wallet.Wallet wallet, IShopDesk desk, IProgress<double> progress, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        for (var hasAccount = false; ; await Task.Delay(pollInterval, time, cancellation))
        {
            var announced = 0;
            try
            {
                announced = (await wallet.DenominationsAsync(cancellation)).All.Count;
                hasAccount = hasAccount || (await desk.AccountAsync(cancellation)).IsOk;
            }
            catch (PartyUnreachableException)
            {
                // Still starting.
            }

            progress.Report((double)announced / DemoPlaces.DenominationCount);
            if (announced >= DemoPlaces.DenominationCount && hasAccount)
                return await wallet.CurrencyAsync(cancellation);
            if (time.GetElapsedTime(start) > readyPatience)
                throw new HostException(ExitCode.StillOpen,
                    $"The network was not ready in time: {announced} of {DemoPlaces.DenominationCount} denominations "
                    + $"stand in the log, shop account {(hasAccount ? "open" : "missing")}. Run the demo again.");
        }
    }

    private static async Task<OfferTerms> OfferAsync(
        IShopDesk desk, FileInfo goods, Amount price, IProgress<double> progress, CancellationToken cancellation)
    {
        byte[] hash;
        await using (var content = goods.OpenRead())
            hash = await SHA256.HashDataAsync(content, cancellation);
        OfferId? after = null;
        do
        {
            var page = OpenShop.ValueOf(await desk.OffersAsync(after, cancellation));
            var known = page.Offers.FirstOrDefault(one =>
                one.Price == price && one.FileName == goods.Name && one.ContentHash.AsSpan().SequenceEqual(hash));
            if (known is not null)
                return known;
            after = page.Next;
        }
        while (after is not null);
        return await Selling.OfferAsync(desk, goods, price, null, "Sold by the demo.", progress, cancellation);
    }

    /// <summary>Funds and withdraws ahead of the purchase and for a round sum, as a customer should.</summary>
    private async Task PrepareMoneyAsync(
        Wallet.Wallet wallet, Currency currency, Amount price, CancellationToken cancellation)
    {
        var round = RoundSumAbove(price);
        if (!await wallet.FundAsync(round, TestCard, cancellation))
            throw new HostException(ExitCode.StillOpen, "The acquirer did not decide in time. Run the demo again.");
        Step(DemoSteps.Fund,
            $"customer -> acquirer: {currency.Format(round)} by test card; its notice funds a reserve at the bank");
        await wallet.WithdrawAsync(round, cancellation);
        Step(DemoSteps.Withdraw, $"bank -> customer: {currency.Format(round)} in blindly signed tokens");
    }

    private static Amount RoundSumAbove(Amount price)
    {
        foreach (var unit in (long[])[500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000])
            if (unit > price.MinorUnits)
                return Amount.FromMinorUnits(unit);
        throw new HostException(ExitCode.Usage,
            "The demo's few denominations do not pay that much at once. Choose a price below 2000.00.");
    }

    private async Task SettleAsync(
        IShopDesk desk, Currency currency, Amount before, CancellationToken cancellation)
    {
        for (var start = time.GetTimestamp(); time.GetElapsedTime(start) < settlePatience;
            await Task.Delay(pollInterval, time, cancellation))
        {
            var account = await desk.AccountAsync(cancellation);
            if (!account.IsOk || account.Value.Balance == before)
                continue;
            var after = account.Value.Balance;
            Step(DemoSteps.Settle,
                $"bank: the merchant account went from {currency.Format(before)} to {currency.Format(after)}");
            return;
        }

        output.Line("The bank has not settled yet; it follows the archive by itself.");
    }

    private async Task<ExitCode> ProveAsync(
        Wallet.Wallet wallet, FileInfo goods, Opened state, CancellationToken cancellation)
    {
        var sold = await HashAsync(goods.FullName, cancellation);
        var bought = await HashAsync(state.Order.OutputPath, cancellation);
        var isSame = sold == bought;
        output.Line();
        output.Line($"Sold    {sold}  {goods.FullName}");
        output.Line($"Bought  {bought}  {state.Order.OutputPath}");
        output.Line(isSame ? "The same file." : "NOT the same file.");
        output.Line();

        var isAsItShouldBe = TellReceived();
        output.Line();
        var evidence = await wallet.EvidenceAsync(state.Order.Id, cancellation);
        var path = Path.Combine(places.Folder, $"evidence-{state.Order.Id.ToString()[..8]}.json");
        DurableFile.Write(path, evidence.ToBytes(), DurableFile.SecretMode);
        output.Line($"Evidence: {path}. The judge reads it offline:");
        var verdict = PurchaseJudge.Judge(evidence);
        foreach (var line in VerdictText.Lines(verdict))
            output.Line(line);
        var seconds = time.GetElapsedTime(startedAt).TotalSeconds;
        output.Line();
        output.Line(string.Create(
            CultureInfo.InvariantCulture, $"All of this took {seconds:0.0} s."));
        output.Answer(new JsonObject
        {
            ["sold"] = goods.FullName,
            ["bought"] = state.Order.OutputPath,
            ["sha256"] = bought,
            ["matches"] = isSame,
            ["price"] = state.Order.Offer.Price.MinorUnits,
            ["currency"] = state.Order.Offer.Currency,
            ["masks"] = isDirect ? 0 : 2,
            ["purchase"] = state.Order.Id.ToString(),
            ["evidence"] = path,
            ["verdict"] = VerdictText.Describe(verdict),
            ["network"] = places.NetworkPath,
            ["wallet"] = places.WalletFolder,
            ["passwordFile"] = places.PasswordPath,
            ["shopConfig"] = places.ShopConfigPath,
            ["seconds"] = Math.Round(seconds, 3),
            ["steps"] = steps,
            ["received"] = new JsonObject([.. eyes.Received.Select(one => KeyValuePair.Create(
                one.Party,
                (JsonNode?)new JsonArray([.. one.Facts.Select(fact => JsonValue.Create(fact.ToString()))])))]),
            ["beyond"] = new JsonArray([.. eyes.Beyond.Select(one => JsonValue.Create(one))]),
        });
        return !isSame ? ExitCode.Distrusted
            : isAsItShouldBe ? VerdictText.CodeOf(verdict.Outcome)
            : ExitCode.Unexpected;
    }

    private string OutputPath(FileInfo goods)
    {
        var folder = Path.Combine(places.Folder, "bought");
        for (var number = 1; ; number++)
        {
            var name = number == 1
                ? goods.Name
                : $"{Path.GetFileNameWithoutExtension(goods.Name)}-{number}{goods.Extension}";
            if (!File.Exists(Path.Combine(folder, name)))
                return Path.Combine(folder, name);
        }
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellation)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation));
    }
}
