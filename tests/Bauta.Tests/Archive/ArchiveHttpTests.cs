using System.Net;
using System.Text;
using Bauta.Archive;
using Bauta.Archive.Cosign;
using Bauta.Archive.Follow;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;
using Bauta.Tests.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Xunit;
using PublicArchive = Bauta.Archive.Archive;

namespace Bauta.Tests.Archive;

/// <summary>Archive and witness, each behind its own Kestrel, talking HTTP to each other and to the client.</summary>
public sealed class ArchiveHttpTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private readonly TestClock clock = new();
    private readonly P256PrivateKey bank = P256PrivateKey.Generate();
    private readonly NoteSigner signer = NoteSigner.Generate("archive.example");
    private readonly CancellationTokenSource stop = new();
    private readonly WitnessWire wire = new();
    private readonly List<IAsyncDisposable> owned = [];
    private readonly List<HttpClient> clients = [];
    private ArchivePolicy policy = null!;
    private PublicArchive archive = null!;
    private HttpClient http = null!;
    private HttpClient witnessHttp = null!;
    private ArchiveClient client = null!;
    private Task running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        var cosigner = Cosigner.Generate("witness.example", clock);
        policy = ArchivePolicy.Create(signer.Verifier, [cosigner.Verifier], 1);
        witnessHttp = await StartAsync(routes => routes.MapWitness(wire));

        archive = await PublicArchive.OpenAsync(
            Open("archive", ArchiveSchema.Migrations), ForwardOnly.Open(directory.File("second-place")), signer, policy,
            [new WitnessPeer(cosigner.Verifier, new WitnessClient(witnessHttp))],
            new ArchiveOptions { Banks = [new AdmittedBank("bank.example", bank.PublicKey.Thumbprint)] }, clock);
        http = await StartAsync(routes => routes.MapArchive(archive, archive, policy));
        client = new ArchiveClient(http);

        wire.Witness = await Witness.OpenAsync(
            Open("witness", FollowSchema.Migrations), null, signer.Verifier, client, cosigner, new WitnessOptions(),
            clock);
        running = archive.RunAsync(stop.Token);
        var registration = Signed<BankRegistration>.Sign(
            bank, new BankRegistration("bank.example", bank.PublicKey.Spki));
        var entered = await client.EnterAsync(new EntryRequest(LogEntry.Bank, registration.Text), default);
        Assert.True(policy.TryVerify(entered.Value.Decision!, out _));
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        foreach (var one in Enumerable.Reverse(owned))
            await one.DisposeAsync();
        clients.ForEach(one => one.Dispose());
        stop.Dispose();
        signer.Dispose();
        bank.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task A_decision_is_asked_for_proven_and_read_again_with_the_same_bytes()
    {
        var sale = Sell();
        var answer = await client.DecideAsync(sale.Commit, default);
        Assert.True(policy.TryVerify(answer.Value.Decision!, out var verified));
        Assert.Equal(sale.Release, verified.Entry.Release);

        using var first = await http.GetAsync($"decisions/{sale.BankKey}/{sale.Transaction}");
        using var second = await http.PostAsync(
            "decisions", JsonBody.Of(sale.Abort, ProtocolJson.Default.DecisionRequest));
        Assert.Equal(await first.Content.ReadAsByteArrayAsync(), await second.Content.ReadAsByteArrayAsync());
        Assert.Equal("public, max-age=31536000, immutable", first.Headers.CacheControl!.ToString());
    }

    [Fact]
    public async Task A_decision_without_quorum_travels_as_pending()
    {
        wire.IsCut = true;
        var sale = Sell();
        Assert.Null((await client.DecideAsync(sale.Commit, default)).Value.Decision);
        Assert.Null((await client.DecisionAsync(sale.BankKey, sale.Transaction, default)).Value.Decision);
        using var pending = await http.GetAsync($"decisions/{sale.BankKey}/{sale.Transaction}");
        Assert.Null(pending.Headers.CacheControl);
        wire.IsCut = false;
        while ((await client.DecideAsync(sale.Commit, default)).Value.Decision is null)
            await Task.Delay(20);
        Assert.NotNull((await client.DecisionAsync(sale.BankKey, sale.Transaction, default)).Value.Decision);
    }

    [Fact]
    public async Task Refusals_travel_with_their_codes()
    {
        var sale = Sell();
        Assert.Equal(
            ArchiveError.Undecided, (await client.DecisionAsync(sale.BankKey, sale.Transaction, default)).Error);
        Assert.Equal(ArchiveError.NotExpired, (await client.DecideAsync(sale.Abort, default)).Error);
        Assert.Equal(ArchiveError.Malformed, (await client.EnterAsync(new EntryRequest("bank", "x"), default)).Error);
        Assert.Null(await client.ReadAsync("tile/0/999", default));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync($"decisions/{sale.BankKey}/not-an-id"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync($"decisions/not-an-id/{sale.Transaction}"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("tile/0/999"));
        using var body = new ByteArrayContent(new byte[64 * 1024]);
        body.Headers.ContentType = new(JsonBody.JsonMediaType);
        using var tooLarge = await http.PostAsync("decisions", body);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
    }

    [Fact]
    public async Task The_log_is_read_and_verified_over_HTTP_tile_by_tile()
    {
        await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => client.DecideAsync(Sell().Commit, default)));
        var reader = new LogReader(client, policy);
        var view = await reader.LatestAsync(default);
        Assert.Equal(301, view.Size);
        var tree = new MerkleTree();
        await foreach (var read in reader.ReadAsync(view, 0, view.Size))
            tree.Append(MerkleHash.Leaf(read.Leaf));
        Assert.Equal(view.Checkpoint.Root, tree.Root);

        using var tile = await http.GetAsync("tile/entries/000");
        Assert.Equal("public, max-age=31536000, immutable", tile.Headers.CacheControl!.ToString());
        using var checkpoint = await http.GetAsync("checkpoint");
        Assert.Equal("no-store", checkpoint.Headers.CacheControl!.ToString());
        Assert.Equal("text/plain", checkpoint.Content.Headers.ContentType!.MediaType);
        Assert.Equal(policy.Text, await http.GetStringAsync("policy"));
    }

    [Fact]
    public async Task A_conflict_states_the_size_as_C2SP_says()
    {
        var note = await client.CheckpointAsync(default);
        var request = "old 0\n\n" + note;
        var conflict = await new WitnessClient(witnessHttp).AddCheckpointAsync(request, default);
        Assert.Equal(WitnessError.Conflict, conflict.Error);
        Assert.Equal("1", conflict.Detail);
        using var raw = await witnessHttp.PostAsync(
            "add-checkpoint", new StringContent(request, Encoding.UTF8, "text/plain"));
        Assert.Equal(HttpStatusCode.Conflict, raw.StatusCode);
        Assert.Equal("text/x.tlog.size", raw.Content.Headers.ContentType!.MediaType);
        Assert.Equal("1\n", await raw.Content.ReadAsStringAsync());
        Assert.Equal(
            WitnessError.Malformed, (await new WitnessClient(witnessHttp).AddCheckpointAsync("old", default)).Error);
    }

    private Sale Sell() => Sale.Make(bank, policy.Id, clock.Seconds + 60);

    private async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var answer = await http.GetAsync(path);
        Assert.Equal(Problem.MediaType, answer.Content.Headers.ContentType!.MediaType);
        return answer.StatusCode;
    }

    private IDatabase Open(string name, IReadOnlyList<Migration> migrations)
    {
        var database = Database.Open(directory.File(name + ".db"), migrations);
        owned.Add(database);
        return database;
    }

    private async Task<HttpClient> StartAsync(Action<IEndpointRouteBuilder> map)
    {
        WebApplication app = PartyHost.Build(new PartyHostSettings(), map);
        owned.Add(app);
        await app.StartAsync();
        var made = new HttpClient(new SocketsHttpHandler()) { BaseAddress = app.Address() };
        clients.Add(made);
        return made;
    }
}
