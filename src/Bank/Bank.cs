using Bauta.Bank.Accounts;
using Bauta.Bank.Decide;
using Bauta.Bank.Days;
using Bauta.Bank.Denominations;
using Bauta.Bank.Disputes;
using Bauta.Bank.Ledger;
using Bauta.Bank.Lock;
using Bauta.Bank.Recoup;
using Bauta.Bank.Refresh;
using Bauta.Bank.Reserves;
using Bauta.Bank.Retain;
using Bauta.Bank.Settle;
using Bauta.Bank.Withdraw;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bauta.Bank;

/// <summary>
/// The bank: issues blind tokens, locks them to transactions, settles on the archive's decision, refreshes. Sees
/// denominations, amounts and merchant accounts; never a customer, an address or goods.
/// </summary>
public sealed class Bank : IBank, IBankOperator, IJointBank, IDisposable
{
    private static readonly TimeSpan tick = TimeSpan.FromSeconds(1);
    private const int PrunedAtOnce = 4096;

    private static readonly TimeSpan upkeep = TimeSpan.FromSeconds(30);

    // How late a locking bank learns of the issuer's new keys and revocations.
    private static readonly TimeSpan following = TimeSpan.FromSeconds(5);

    private readonly BankDatabase database;
    private readonly TimeProvider clock;
    private readonly BankLog log;
    private readonly bool follows;
    private readonly DenominationShelf shelf = new();
    private readonly DenominationKeeper keeper;
    private readonly DayKeeper days;
    private readonly ReserveDesk reserves;
    private readonly WithdrawalDesk withdrawals;
    private readonly LockDesk locks;
    private readonly Settlement settlement;
    private readonly DecisionPoll poll;
    private readonly RefreshDesk refreshes;
    private readonly ClosingDesk closings;
    private readonly RecoupDesk recoups;
    private readonly AccountDesk accounts;
    private readonly PayoutDesk payouts;
    private readonly DisputeDesk disputes;
    private readonly EarlyReleaseDesk? releases;
    private readonly System.Collections.Concurrent.ConcurrentQueue<byte[]> forgedKeys = new();

    private Bank(
        BankOptions options, BankDatabase database, ISigner statementKey, IDenominationKeys keys, BankParties parties,
        TimeProvider clock, BankLog log)
    {
        (this.database, this.clock, this.log) = (database, clock, log);
        follows = options.Issuer is not null;
        var archives = parties.Archives.ToDictionary(archive => archive.Policy.Id);
        var policies = archives.ToDictionary(pair => pair.Key, pair => pair.Value.Policy);
        var directory = new AccountDirectory(options, database);
        var announcer = new Announcer(options.Name, database, parties.Archives[0], shelf, log);
        var follower = parties.Issuer is { } issuer
            ? new IssuerFollower(options, database, issuer, [.. policies.Values], shelf)
            : null;
        days = new DayKeeper(options, database, statementKey, shelf, parties.Archives[0], clock, log);
        keeper = new DenominationKeeper(options, database, statementKey, keys, shelf, announcer, follower, clock, log);
        reserves = new ReserveDesk(options, database, [parties.Acquirer.Key, .. parties.Funders], clock);
        withdrawals = new WithdrawalDesk(database, shelf, clock);
        locks = new LockDesk(
            options, database, statementKey, shelf, directory, policies.Keys.ToHashSet(), clock, Forged);
        settlement = new Settlement(database, directory, policies, parties.Joint is not null, clock);
        poll = new DecisionPoll(database, settlement, archives, parties.Joint, clock, log);
        refreshes = new RefreshDesk(options, database, statementKey, shelf, clock, Forged);
        closings = new ClosingDesk(options, database, statementKey, shelf, clock);
        recoups = new RecoupDesk(options, database, parties.SpentAt, shelf, clock);
        accounts = new AccountDesk(options, database, directory, clock);
        payouts = new PayoutDesk(options, database, statementKey, parties.Acquirer, clock, log);
        disputes = new DisputeDesk(options, database, statementKey, clock);
        if (parties.Joint is not { } joint)
            return;
        var own = archives[joint.Policy].Client;
        var key = BankKeyId.Parse(statementKey.PublicKey.Thumbprint);
        releases = new EarlyReleaseDesk(options, database, directory, joint, own, poll, key, clock);
        Archive = new OwnArchive(own, key, database, settlement, clock, log);
    }

    /// <summary>The archive that this bank runs itself, as others are to meet it; null when it runs none.</summary>
    public IArchive? Archive { get; }

    /// <summary>Takes up where it stopped. Without <see cref="RunAsync"/> it answers, but makes no keys.</summary>
    /// <param name="options">What the bank is told.</param>
    /// <param name="database">Its own database; the caller disposes of it after the bank.</param>
    /// <param name="statementKey">Signs denominations, notes and payout orders.</param>
    /// <param name="keys">Where the private denomination keys live.</param>
    /// <param name="parties">Whom it deals with.</param>
    /// <param name="clock">The bank's clock.</param>
    /// <param name="logger">Takes what an operator must know.</param>
    public static async Task<Bank> OpenAsync(
        BankOptions options, BankDatabase database, ISigner statementKey, IDenominationKeys keys, BankParties parties,
        TimeProvider clock, ILogger? logger = null)
    {
        options.Validate();
        if (parties.Archives.Count == 0)
            throw new ArgumentException("A bank acts on the decisions of one archive at least.", nameof(parties));
        if ((options.Issuer is null) != (parties.Issuer is null))
            throw new ArgumentException("The issuer's name and the issuer go together.", nameof(parties));
        if ((options.SpentAt is null) != (parties.SpentAt is null))
            throw new ArgumentException("The locking bank's name and its key go together.", nameof(parties));
        await Partner.PinAsync(options, database);
        var bank = new Bank(
            options, database, statementKey, keys, parties, clock, new BankLog(logger ?? NullLogger.Instance));
        bank.shelf.Replace(new DenominationSet(await database.ReadAsync(
            reader => DenominationRows.Load(reader, keys, options.Name), CancellationToken.None)));
        // The bank may have stopped between a revocation and this.
        foreach (var key in bank.shelf.Current.Keys.Where(key => key.IsOwn && key.IsRevoked))
            keys.Destroy(key.KeyId);
        keys.Sweep();
        await bank.days.StartAsync();
        await bank.poll.WarnAsync();
        if (parties.Joint is { } joint)
            await database.WriteAsync((writer, _) => LockRows.MakeDue(writer, joint.Policy), CancellationToken.None);
        return bank;
    }

    /// <summary>
    /// Keys, announcements, decisions nobody brought, payouts: until cancelled. Failures of other parties are logged
    /// and tried again; any other exception is a bug and ends this.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] loops =
        [
            LoopAsync("Upkeep", MaintainAsync, stop.Token),
            LoopAsync("Stating the days", StateDaysAsync, stop.Token),
            LoopAsync("Following the archive", SettleDueAsync, stop.Token),
            LoopAsync("Paying out", PayDueAsync, stop.Token),
            LoopAsync("Marking the second place", MarkAsync, stop.Token),
        ];
        // A bank of which one part stands still would hold money back and look well: when one ends, all end.
        await Task.WhenAny(loops);
        await stop.CancelAsync();
        await Task.WhenAll(loops);
    }

    /// <summary>One round of making, announcing, retiring and writing off keys.</summary>
    /// <returns>How long until the next round is due.</returns>
    public async Task<TimeSpan> MaintainAsync(CancellationToken cancellation)
    {
        while (forgedKeys.TryDequeue(out var keyId))
        {
            log.KeyForged();
            await keeper.RevokeAsync(keyId, cancellation);
        }

        // First, since an issuer that does not answer ends the round.
        await accounts.CollectAsync(cancellation);
        await disputes.LapseAsync(cancellation);
        var now = UnixTime.Now(clock);
        if (await database.ReadAsync(reader => AuthorizationRows.HasEnded(reader, now), cancellation))
            await database.WriteAsync(
                (transaction, _) => AuthorizationRows.Prune(transaction, now, PrunedAtOnce), cancellation);
        if (releases is not null)
            await releases.DropExpiredAsync(cancellation);
        var isDone = await keeper.RunAsync(cancellation);
        return !isDone ? tick : follows ? following : upkeep;
    }

    /// <summary>One round of bringing the totals of days that are over into the log.</summary>
    /// <returns>How long until the next round is due.</returns>
    public async Task<TimeSpan> StateDaysAsync(CancellationToken cancellation) =>
        await days.RunAsync(cancellation) ? upkeep : tick;

    /// <summary>One round of asking the archive about locks past their expiry.</summary>
    /// <returns>How long until the next round is due.</returns>
    public async Task<TimeSpan> SettleDueAsync(CancellationToken cancellation) =>
        await poll.RunAsync(cancellation) ? TimeSpan.Zero : tick;

    /// <summary>One round of moving the second place up to the database.</summary>
    /// <returns>How long until the next round is due.</returns>
    public async Task<TimeSpan> MarkAsync(CancellationToken cancellation)
    {
        await database.MarkAsync(cancellation);
        return tick;
    }

    /// <summary>One round of sending payout orders.</summary>
    /// <returns>How long until the next round is due.</returns>
    public async Task<TimeSpan> PayDueAsync(CancellationToken cancellation) =>
        await payouts.RunAsync(cancellation) ? TimeSpan.Zero : tick;

    /// <summary>The operator revokes a compromised key: at once here, and for everybody through the log.</summary>
    /// <param name="keyId">SHA-256 of the key's SPKI.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>False when there is no such key.</returns>
    public Task<bool> RevokeAsync(byte[] keyId, CancellationToken cancellation) =>
        keeper.RevokeAsync(keyId, cancellation);

    /// <inheritdoc/>
    public Task<Result<RevocationAnswer, BankError>> RevokeAsync(
        Signed<Revocation> order, CancellationToken cancellation) => keeper.RevokeAsync(order, cancellation);

    /// <inheritdoc/>
    public Task<DenominationList> DenominationsAsync(CancellationToken cancellation) =>
        Task.FromResult(shelf.List(UnixTime.Now(clock)));

    /// <inheritdoc/>
    public Task<Result<ReserveState, BankError>> FundAsync(FundingRequest request, CancellationToken cancellation) =>
        reserves.FundAsync(request, cancellation);

    /// <inheritdoc/>
    public Task<Result<ReserveState, BankError>> ReserveAsync(
        Signed<ReadOrder> order, CancellationToken cancellation) => reserves.ReadAsync(order, cancellation);

    /// <inheritdoc/>
    public Task<Result<IReadOnlyList<byte[]>, BankError>> WithdrawAsync(
        Signed<WithdrawalOrder> order, byte[] body, IReadOnlyList<TokenRequest> requests,
        CancellationToken cancellation) => withdrawals.WithdrawAsync(order, body, requests, cancellation);

    /// <inheritdoc/>
    public async Task<Result<LockAnswer, BankError>> LockAsync(
        SignedAuthorization authorization, CancellationToken cancellation)
    {
        var answer = await locks.LockAsync(authorization, cancellation);
        if (answer.IsOk && releases is not null)
            await releases.MeetAsync(authorization.Content.Transaction, cancellation);
        return answer;
    }

    /// <inheritdoc/>
    public Task<Result<EarlyReleaseAnswer, BankError>> ReleaseAsync(
        Signed<EarlyRelease> release, CancellationToken cancellation) => releases is null
        ? Task.FromResult<Result<EarlyReleaseAnswer, BankError>>(BankError.NotJoint)
        : releases.ReleaseAsync(release, cancellation);

    /// <inheritdoc/>
    public Task<Result<IssueProof, BankError>> ProveIssueAsync(byte[] requestHash, CancellationToken cancellation) =>
        days.ProveAsync(requestHash, cancellation);

    /// <inheritdoc/>
    public Task<Result<SettlementAnswer, BankError>> DecideAsync(
        TransactionId transaction, LoggedEntry decision, CancellationToken cancellation) =>
        settlement.DecideAsync(transaction, decision, cancellation);

    /// <inheritdoc/>
    public Task<Result<RefreshAnswer, BankError>> RefreshAsync(
        Signed<RefreshOrder> order, CancellationToken cancellation) => refreshes.RefreshAsync(order, cancellation);

    /// <inheritdoc/>
    public Task<Result<ClosingAnswer, BankError>> CloseAsync(
        Signed<ClosingOrder> order, CancellationToken cancellation) => closings.CloseAsync(order, cancellation);

    /// <inheritdoc/>
    public Task<Result<RefreshAnswer, BankError>> RecoupAsync(
        Signed<RecoupOrder> order, CancellationToken cancellation) => recoups.RecoupAsync(order, cancellation);

    /// <inheritdoc/>
    public Task<Result<AccountState, BankError>> OpenAccountAsync(
        Signed<AccountOrder> order, CancellationToken cancellation) => accounts.OpenAsync(order, cancellation);

    /// <inheritdoc/>
    public Task<Result<AccountState, BankError>> AccountAsync(
        Signed<ReadOrder> order, CancellationToken cancellation) => accounts.ReadAsync(order, cancellation);

    /// <inheritdoc/>
    public Task<Result<PayoutState, BankError>> PayOutAsync(
        Signed<PayoutRequest> request, CancellationToken cancellation) => payouts.OrderAsync(request, cancellation);

    /// <inheritdoc/>
    public Task<Result<DisputeState, BankError>> DisputeAsync(
        Signed<DisputeOrder> order, CancellationToken cancellation) => disputes.OpenAsync(order, cancellation);

    /// <inheritdoc/>
    public Task<Result<DisputeState, BankError>> AnswerAsync(
        Signed<DisputeAnswer> answer, CancellationToken cancellation) => disputes.AnswerAsync(answer, cancellation);

    /// <inheritdoc/>
    public Task<Result<DisputeState, BankError>> RuleAsync(Signed<Ruling> ruling, CancellationToken cancellation) =>
        disputes.RuleAsync(ruling, cancellation);

    /// <inheritdoc/>
    public Task<Result<DisputeState, BankError>> DisputeAsync(
        TransactionId transaction, Signed<ReadOrder> order, CancellationToken cancellation) =>
        disputes.ReadAsync(transaction, order, cancellation);

    /// <inheritdoc/>
    public Task<Result<DisputeList, BankError>> DisputesAsync(
        Signed<ReadOrder> order, TransactionId? after, CancellationToken cancellation) =>
        disputes.ListAsync(order, after, cancellation);

    public void Dispose()
    {
        keeper.Dispose();
        days.Dispose();
        foreach (var key in shelf.Current.Keys)
            key.Signer?.Dispose();
    }

    // Called on the writer, inside a work that may run twice; revoking twice is harmless.
    private void Forged(DenominationKey key) => forgedKeys.Enqueue(key.KeyId);

    private async Task LoopAsync(
        string work, Func<CancellationToken, Task<TimeSpan>> round, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(await round(cancellation), clock, cancellation);
            }
            catch (IOException failure) when (failure is PartyUnreachableException or ProtocolViolationException
                or StorageException { Failure: StorageFailure.Retryable })
            {
                log.Failed(work, failure);
                await Task.Delay(tick, clock, CancellationToken.None);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }
}
