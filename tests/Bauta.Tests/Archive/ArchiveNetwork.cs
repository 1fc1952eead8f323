using Bauta.Archive;
using Bauta.Archive.Cosign;
using Bauta.Archive.Follow;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;
using Bauta.Tests.Storage;
using Xunit;
using PublicArchive = Bauta.Archive.Archive;

namespace Bauta.Tests.Archive;

/// <summary>An archive with two witnesses and one bank, in process, each on its own database.</summary>
internal sealed class ArchiveNetwork : IAsyncDisposable
{
    public const string Origin = "archive.example/log";
    public const string BankName = "bank.example";

    private readonly TemporaryDirectory directory = new();
    private readonly Func<string, Task<string>> newDatabase;
    private readonly Dictionary<string, string> connections = [];
    private readonly List<IAsyncDisposable> open = [];
    private readonly List<Cosigner> cosigners;
    private int changes;
    private CancellationTokenSource stop = new();
    private PublicArchive? archive;

    private ArchiveNetwork(Func<string, Task<string>>? newDatabase, int quorum)
    {
        this.newDatabase = newDatabase ?? (name => Task.FromResult(directory.File(name + ".db")));
        cosigners = [Cosigner.Generate("w1.example", Clock), Cosigner.Generate("w2.example", Clock)];
        Policy = ArchivePolicy.Create(LogSigner.Verifier, [.. cosigners.Select(c => c.Verifier)], quorum);
        Wires = [.. cosigners.Select(_ => new WitnessWire())];
        Options = new ArchiveOptions
        {
            Banks = [new AdmittedBank(BankName, Bank.PublicKey.Thumbprint)],
            CosignRetry = TimeSpan.FromMilliseconds(20),
            QuorumWait = TimeSpan.FromSeconds(30),
            MergeAt = 3,
        };
    }

    public TestClock Clock { get; } = new();

    public NoteSigner LogSigner { get; } = NoteSigner.Generate(Origin);

    public IReadOnlyList<Cosigner> Cosigners => cosigners;

    public P256PrivateKey Bank { get; } = P256PrivateKey.Generate();

    public ArchivePolicy Policy { get; private set; }

    public IReadOnlyList<WitnessWire> Wires { get; }

    public ArchiveOptions Options { get; set; }

    public PublicArchive Archive => archive ?? throw new InvalidOperationException("Not started.");

    /// <summary>The archive's, while it runs.</summary>
    public IDatabase Database { get; private set; } = null!;

    public Task Running { get; private set; } = Task.CompletedTask;

    public string SecondPlacePath => directory.File("second-place");

    public ILog Log => new CurrentLog(this);

    public static async Task<ArchiveNetwork> StartAsync(
        Func<string, Task<string>>? newDatabase = null, int quorum = 2, bool registerBank = true)
    {
        var network = new ArchiveNetwork(newDatabase, quorum);
        await network.StartAsync();
        if (registerBank)
            Assert.NotNull((await network.RegisterAsync(network.Bank, BankName)).Value.Decision);
        return network;
    }

    public async Task StartAsync()
    {
        stop = new CancellationTokenSource();
        for (var i = 0; i < Cosigners.Count; i++)
        {
            var name = i == 0 ? "witness0" : $"witness{i}-{changes}";
            var memory = await OpenAsync(name, FollowSchema.Migrations);
            Wires[i].Witness = await Witness.OpenAsync(
                memory, ForwardOnly.Open(directory.File($"{name}-second-place")), LogSigner.Verifier, Log,
                Cosigners[i], new WitnessOptions(), Clock);
        }

        Database = await OpenAsync("archive", ArchiveSchema.Migrations);
        archive = await PublicArchive.OpenAsync(
            Database, ForwardOnly.Open(SecondPlacePath), LogSigner, Policy,
            [.. Cosigners.Select((c, i) => new WitnessPeer(c.Verifier, Wires[i]))], Options, Clock);
        Running = archive.RunAsync(stop.Token);
    }

    /// <summary>Puts another witness in the place of the second one, while the archive is stopped.</summary>
    public void ChangeWitness()
    {
        changes++;
        cosigners[1].Dispose();
        cosigners[1] = Cosigner.Generate($"w2-{changes}.example", Clock);
        Policy = ArchivePolicy.Create(LogSigner.Verifier, [.. cosigners.Select(c => c.Verifier)], 2);
    }

    public async Task StopAsync()
    {
        await stop.CancelAsync();
        try
        {
            await Running;
        }
        finally
        {
            await CloseAsync();
        }
    }

    public async Task CloseAsync()
    {
        foreach (var one in open)
            await one.DisposeAsync();
        open.Clear();
        stop.Dispose();
    }

    public async Task<IDatabase> OpenAsync(string name, IReadOnlyList<Migration> migrations)
    {
        if (!connections.TryGetValue(name, out var connection))
            connections[name] = connection = await newDatabase(name);
        var database = Bauta.Storage.Database.Open(connection, migrations);
        open.Add(database);
        return database;
    }

    public string PathOf(string name) => connections[name];

    public Sale NewSale(long expiresInSeconds = 60, ISigner? bank = null) =>
        Sale.Make(bank ?? Bank, Policy.Id, Clock.Seconds + expiresInSeconds);

    public Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(DecisionRequest request) =>
        Archive.DecideAsync(request, CancellationToken.None);

    public Task<Result<DecisionAnswer, ArchiveError>> RegisterAsync(ISigner bank, string name)
    {
        var registration = Signed<BankRegistration>.Sign(bank, new BankRegistration(name, bank.PublicKey.Spki));
        return Archive.EnterAsync(new EntryRequest(LogEntry.Bank, registration.Text), CancellationToken.None);
    }

    /// <summary>The decision, verified as a bank or wallet would.</summary>
    public VerifiedEntry Verify(Result<DecisionAnswer, ArchiveError> answer)
    {
        Assert.True(answer.IsOk, answer.IsOk ? "" : $"{answer.Error} {answer.Detail}");
        Assert.NotNull(answer.Value.Decision);
        Assert.True(Policy.TryVerify(answer.Value.Decision, out var verified));
        Assert.True(verified.Entry.IsSignedBy(Bank.PublicKey));
        return verified;
    }

    public async ValueTask DisposeAsync()
    {
        if (open.Count > 0 && !Running.IsCompleted)
            await StopAsync();
        else
            await CloseAsync();
        LogSigner.Dispose();
        foreach (var cosigner in Cosigners)
            cosigner.Dispose();
        Bank.Dispose();
        directory.Dispose();
    }

    /// <summary>The log of whatever archive runs now.</summary>
    private sealed class CurrentLog(ArchiveNetwork network) : ILog
    {
        public Task<string> CheckpointAsync(CancellationToken cancellation) =>
            network.Archive.CheckpointAsync(cancellation);

        public Task<byte[]?> ReadAsync(string path, CancellationToken cancellation) =>
            network.Archive.ReadAsync(path, cancellation);
    }
}

/// <summary>The wire to a witness, which a test can cut.</summary>
internal sealed class WitnessWire : IWitness
{
    public IWitness? Witness { get; set; }

    public bool IsCut { get; set; }

    public TimeSpan Delay { get; set; }

    public async Task<Result<string, WitnessError>> AddCheckpointAsync(
        string request, CancellationToken cancellation)
    {
        if (IsCut || Witness is null)
            throw new PartyUnreachableException("The wire is cut.");
        await Task.Delay(Delay, cancellation);
        return await Witness.AddCheckpointAsync(request, cancellation);
    }
}
