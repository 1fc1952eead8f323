using Bauta.Bank.Inspect;
using System.Security.Cryptography;
using Bauta.Bank;
using Bauta.Bank.Ledger;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Storage;
using Bauta.Tests.Http;
using Xunit;

namespace Bauta.Tests.Bank;

/// <summary>A bank with keys and database, an archive, an acquirer, and what customers and merchants hold.</summary>
public sealed class BankWorld : IAsyncDisposable
{
    private readonly string connection;
    private readonly DatabaseOptions databaseOptions;

    private BankWorld(
        string connection, BankOptions options, FixtureKeys keys, DatabaseOptions databaseOptions, BankWorld? issuer)
    {
        (this.connection, Options, Keys, this.databaseOptions) = (connection, options, keys, databaseOptions);
        Issuer = issuer;
        Clock = issuer?.Clock ?? new HandClock();
        Archive = issuer?.Archive ?? new LogInMemory(Clock);
        StatementKey = issuer?.Locker ?? P256PrivateKey.Generate();
    }

    public static BankOptions DefaultOptions { get; } = new()
    {
        Name = "bank.example",
        Currency = Currency.Create("EUR", 2),
        Exponents = [0, 2, 3],
        WithdrawSeconds = 1_000,
        SpendSeconds = 2_000,
        RefreshSeconds = 4_000,
        OverlapSeconds = 100,
        MinExpirySeconds = 10,
        MaxExpirySeconds = 500,
        DisputeWindowSeconds = 60,
        ClockHoldSeconds = 600,
    };

    public BankOptions Options { get; }

    public FixtureKeys Keys { get; }

    /// <summary>The bank that issues what this one locks, if that is another one.</summary>
    public BankWorld? Issuer { get; }

    /// <summary>The statement key of the bank that locks what this one issues.</summary>
    public P256PrivateKey Locker { get; } = P256PrivateKey.Generate();

    public HandClock Clock { get; }

    public LogInMemory Archive { get; }

    public TillAcquirer Acquirer { get; } = new();

    /// <summary>From the next start on: another way to the issuer.</summary>
    public IBank? IssuerClient { get; set; }

    /// <summary>From the next start on: other archives than <see cref="Archive"/>.</summary>
    public IReadOnlyList<BankArchive>? Archives { get; set; }

    /// <summary>From the next start on: seals early releases, and the archive is the bank's own.</summary>
    public SealingKey? Joint { get; set; }

    internal LogCatcher Log { get; } = new();

    public P256PrivateKey StatementKey { get; }

    public P256PrivateKey Reserve { get; } = P256PrivateKey.Generate();

    public P256PrivateKey Merchant { get; } = P256PrivateKey.Generate();

    public BankDatabase Database { get; private set; } = null!;

    public Bauta.Bank.Bank Bank { get; private set; } = null!;

    public AccountId Account => AccountId.Of(Merchant.PublicKey);

    public static async Task<BankWorld> OpenAsync(
        string connection, BankOptions? options = null, FixtureKeys? keys = null,
        DatabaseOptions? databaseOptions = null, bool isQuiet = false, BankWorld? issuer = null)
    {
        var world = new BankWorld(
            connection, options ?? DefaultOptions, keys ?? new FixtureKeys(FixtureKeys.Twelve),
            databaseOptions ?? new DatabaseOptions(), issuer);
        await world.StartAsync();
        if (!isQuiet)
        {
            await world.Bank.MaintainAsync(default);
            await world.OpenAccountAsync();
        }

        return world;
    }

    /// <summary>Stops the bank and starts it again on the same database and keys.</summary>
    public async Task RestartAsync()
    {
        Bank.Dispose();
        await Database.DisposeAsync();
        await StartAsync();
    }

    public async Task<AccountState> OpenAccountAsync(string payee = "DE00 1234") =>
        (await Bank.OpenAccountAsync(AccountOrder(payee, Clock.Now), default)).Value;

    public Signed<AccountOrder> AccountOrder(string payee, UnixTime at) => Signed<AccountOrder>.Sign(
        Merchant, new AccountOrder(Merchant.PublicKey.Spki, payee, at));

    public async Task<AccountState> AccountStateAsync() =>
        (await Bank.AccountAsync(ReadOrder(Merchant), default)).Value;

    public async Task<long> BalanceAsync(P256PrivateKey? reserve = null) =>
        (await Bank.ReserveAsync(ReadOrder(reserve ?? Reserve), default)).Value.Balance.MinorUnits;

    public Signed<ReadOrder> ReadOrder(P256PrivateKey key) =>
        Signed<ReadOrder>.Sign(key, new ReadOrder(key.PublicKey.Spki, Clock.Now));

    public FundingRequest Funding(long amount, RequestId? id = null, P256PrivateKey? reserve = null) => new(
        Acquirer.Notice(Options.Name, ReserveId.Of((reserve ?? Reserve).PublicKey), "EUR", amount, id));

    public async Task FundAsync(long amount) => Assert.True((await Bank.FundAsync(Funding(amount), default)).IsOk);

    public async Task<Denomination> DenominationAsync(long value, int fromEnd = 1) =>
        (await Bank.DenominationsAsync(default)).Denominations
        .Select(listed => listed.Key.Content).Where(key => key.Value.MinorUnits == value).ToArray()[^fromEnd];

    public async Task<CoinRequest[]> RequestsAsync(params long[] values)
    {
        var requests = new CoinRequest[values.Length];
        for (var i = 0; i < values.Length; i++)
            requests[i] = new CoinRequest(await DenominationAsync(values[i]));
        return requests;
    }

    public Task<Result<IReadOnlyList<byte[]>, BankError>> WithdrawAsync(
        IEnumerable<CoinRequest> requests, P256PrivateKey? reserve = null) =>
        WithdrawAsync(TokenBatch.Join(requests.Select(request => request.Bytes)), reserve);

    public Task<Result<IReadOnlyList<byte[]>, BankError>> WithdrawAsync(byte[] body, P256PrivateKey? reserve = null)
    {
        Assert.True(TokenBatch.TrySplit(body, out var requests));
        return Bank.WithdrawAsync(WithdrawalOrder(body, reserve), body, requests, default);
    }

    public Signed<WithdrawalOrder> WithdrawalOrder(byte[] body, P256PrivateKey? reserve = null) =>
        Signed<WithdrawalOrder>.Sign(reserve ?? Reserve, new WithdrawalOrder(
            (reserve ?? Reserve).PublicKey.Spki, SHA256.HashData(body)));

    /// <summary>Coins fresh from a reserve that was funded for them.</summary>
    public async Task<Coin[]> CoinsAsync(params long[] values)
    {
        await FundAsync(values.Sum());
        var requests = await RequestsAsync(values);
        var signatures = (await WithdrawAsync(requests)).Value;
        return [.. requests.Select((request, i) => request.Finish(signatures[i]))];
    }

    public Authorization Authorization(Sale sale, params TokenSpend[] spends) => new(
        sale.Transaction, Clock.Now.AddSeconds(100), Account, Archive.Policy.Id, sale.Commitment, "EUR",
        Amount.FromMinorUnits(spends.Sum(spend => spend.Amount.MinorUnits)), spends, sale.TotalKey);

    public Task<Result<LockAnswer, BankError>> LockAsync(Sale sale, params Coin[] coins) =>
        LockAsync(Authorization(sale, [.. coins.Select(coin => coin.Spend())]), coins);

    public Task<Result<LockAnswer, BankError>> LockAsync(Authorization content, params Coin[] coins) =>
        Bank.LockAsync(SignedAuthorization.Sign(content, [.. coins.Select(coin => coin.Key)]), default);

    public async Task<LoggedEntry> CommitAsync(Sale sale, LockAnswer held) =>
        (await Archive.DecideAsync(new DecisionRequest(held.LockNote, sale.Release()), default)).Value.Decision!;

    public async Task<LoggedEntry> AbortAsync(LockAnswer held) =>
        (await Archive.DecideAsync(new DecisionRequest(held.LockNote), default)).Value.Decision!;

    /// <summary>Locks, commits and settles.</summary>
    public async Task SellAsync(params Coin[] coins)
    {
        var sale = new Sale();
        var held = (await LockAsync(sale, coins)).Value;
        var answer = await Bank.DecideAsync(sale.Transaction, await CommitAsync(sale, held), default);
        Assert.Equal(SettlementAnswer.Settled, answer.Value.State);
    }

    public Signed<RefreshOrder> RefreshOrder(Coin coin, P256PrivateKey? reserve = null) =>
        Signed<RefreshOrder>.Sign(coin.Key, new RefreshOrder(
            coin.Token.Encode(), coin.Key.PublicKey.Spki, ReserveId.Of((reserve ?? Reserve).PublicKey)));

    public Signed<RecoupOrder> RecoupOrder(
        Coin coin, P256PrivateKey? reserve = null, Signed<ClosingNote>? closing = null) =>
        Signed<RecoupOrder>.Sign(coin.Key, new RecoupOrder(
            coin.Token.Encode(), coin.Key.PublicKey.Spki, coin.Seed,
            ReserveId.Of((reserve ?? Reserve).PublicKey), closing));

    public Task<Result<ClosingAnswer, BankError>> CloseAsync(Coin coin, P256PrivateKey? owner = null) =>
        Bank.CloseAsync(
            Signed<ClosingOrder>.Sign(
                owner ?? coin.Key, new ClosingOrder(coin.Token.Encode(), coin.Key.PublicKey.Spki)), default);

    /// <summary>Revokes the newest key of a value; the log has it when this ends.</summary>
    public async Task RevokeAsync(long value)
    {
        var key = Bauta.Crypto.BlindRsa.RsaPublicKey.FromSpki((await DenominationAsync(value)).TokenKey);
        Assert.True(await Bank.RevokeAsync(key.KeyId, default));
        await Bank.MaintainAsync(default);
    }

    public Signed<PayoutRequest> PayoutRequest(long amount, RequestId? id = null) => Signed<PayoutRequest>.Sign(
        Merchant, new PayoutRequest(
            id ?? RequestId.Generate(), Merchant.PublicKey.Spki, "EUR", Amount.FromMinorUnits(amount)));

    /// <summary>What the bank's operator audits it with.</summary>
    public AuditScope Scope(long? mark = null) => new(
        Options.Name, Options.Currency, StatementKey.PublicKey, [new AuditedLog(Archive.Policy, Archive)],
        Issuer is null ? null : (Issuer.Options.Name, Issuer.StatementKey.PublicKey),
        Options.SpentAt is null ? null : (Options.SpentAt, Locker.PublicKey), mark);

    public Task<BankTotals> AuditAsync() => BankAudit.TotalsAsync(Database);

    public async ValueTask DisposeAsync()
    {
        // Whatever a test did, no value was made or lost.
        await AuditAsync();
        Bank.Dispose();
        await Database.DisposeAsync();
        Archive.Dispose();
        Acquirer.Dispose();
    }

    private async Task StartAsync()
    {
        Database = await BankDatabase.OpenAsync(connection, databaseOptions);
        Bank = await Bauta.Bank.Bank.OpenAsync(
            Options, Database, StatementKey, Keys,
            new BankParties(
                Archives ?? [new BankArchive(Archive.Policy, Archive)], new BankAcquirer(Acquirer.Key, Acquirer),
                [Locker.PublicKey],
                Issuer is null ? null : new BankIssuer(Issuer.StatementKey.PublicKey, IssuerClient ?? Issuer.Bank),
                Options.SpentAt is null ? null : Locker.PublicKey,
                Joint is null ? null : new JointArchive(Archive.Policy.Id, Joint)),
            Clock, Log.CreateLogger("bank"));
    }
}

/// <summary>A suite that runs on both engines.</summary>
public abstract class BankSuite : IDisposable
{
    private readonly Storage.TemporaryDirectory directory = new();

    private int databases;

    protected virtual Task<string> NewDatabaseAsync() =>
        Task.FromResult(directory.File($"bank{Interlocked.Increment(ref databases)}.db"));

    protected async Task<BankWorld> OpenAsync(
        BankOptions? options = null, FixtureKeys? keys = null, DatabaseOptions? databaseOptions = null,
        bool isQuiet = false) =>
        await BankWorld.OpenAsync(await NewDatabaseAsync(), options, keys, databaseOptions, isQuiet);

    protected static BankOptions LockerOptions =>
        BankWorld.DefaultOptions with { Name = "locker.example", Issuer = "bank.example" };

    protected Task<BankWorld> OpenIssuerAsync() =>
        OpenAsync(BankWorld.DefaultOptions with { SpentAt = "locker.example" });

    protected async Task<BankWorld> OpenLockerAsync(BankWorld issuer) => await BankWorld.OpenAsync(
        await NewDatabaseAsync(), LockerOptions, new FixtureKeys(), issuer: issuer);

    protected static void Refused<T>(BankError expected, Result<T, BankError> result)
    {
        Assert.False(result.IsOk);
        Assert.Equal(expected, result.Error);
    }

    /// <summary>Refreshes and locks of one token at once: either all refreshes or one lock.</summary>
    /// <param name="issuer">Where the token comes from.</param>
    /// <param name="locker">Where it is spent; the same bank or another.</param>
    /// <param name="rounds">How many tokens.</param>
    protected static async Task RaceAsync(BankWorld issuer, BankWorld locker, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            var coin = (await issuer.CoinsAsync(8))[0];
            var refreshes = Enumerable.Range(0, 8).Select(_ => Task.Run(
                () => locker.Bank.RefreshAsync(locker.RefreshOrder(coin), default))).ToArray();
            var locks = Enumerable.Range(0, 8).Select(_ => Task.Run(
                () => locker.LockAsync(locker.Authorization(new Sale(), coin.Spend(1)), coin))).ToArray();
            var refreshed = (await Task.WhenAll(refreshes)).Count(answer => answer.IsOk);
            var locked = (await Task.WhenAll(locks)).Count(answer => answer.IsOk);
            Assert.True((refreshed, locked) is (8, 0) or (0, 1), $"{refreshed} refreshed, {locked} locked");
            await locker.AuditAsync();
        }
    }

    public void Dispose()
    {
        directory.Dispose();
        GC.SuppressFinalize(this);
    }
}
