using Bauta.Bank.Accounts;
using Bauta.Bank.Ledger;
using Bauta.Bank.Lock;
using Bauta.Bank.Settle;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Decide;

/// <summary>
/// JB3 (FIG. 7): takes a merchant's release before there is a lock, and brings both together. Whichever comes second
/// commits: each is durable before it looks for the other, so that one of the two sees both, and what a crash leaves
/// between them the poll takes up. A release for another lock than the one that came is never published.
/// </summary>
internal sealed class EarlyReleaseDesk(
    BankOptions options, BankDatabase database, AccountDirectory accounts, JointArchive joint, IArchive archive,
    DecisionPoll poll, BankKeyId bank, TimeProvider clock)
{
    private const int DropLimit = 500;

    public async Task<Result<EarlyReleaseAnswer, BankError>> ReleaseAsync(
        Signed<EarlyRelease> release, CancellationToken cancellation)
    {
        var content = release.Content;
        if (!content.Lock.Archive.Equals(joint.Policy))
            return BankError.NotJoint;
        if (content.Currency != options.Currency.Code)
            return BankError.WrongBank;
        if (!P256PublicKey.TryFromSpki(content.Key, out var key) || !release.IsSignedBy(key)
            || !Release.Matches(content.Release, content.Lock))
            return BankError.BadSignature;
        var known = await database.ReadAsync(
            reader => EarlyReleaseRows.FindBodyHash(reader, content.Lock.Transaction), cancellation);
        if (known is not null && !known.AsSpan().SequenceEqual(release.PayloadHash()))
            return BankError.IdReused;
        if (await AnswerAsync(content, cancellation) is { } answer)
            return answer;
        if (known is null && await StoreAsync(release, cancellation) is { } refusal)
            return refusal;
        return await AnswerAsync(content, cancellation) ?? new EarlyReleaseAnswer();
    }

    /// <summary>A lock has come: commits when the release for it waits.</summary>
    public async Task MeetAsync(TransactionId n, CancellationToken cancellation)
    {
        if (await database.ReadAsync(reader => EarlyReleaseRows.FindBodyHash(reader, n), cancellation) is not null)
            await poll.DecideAsync(n);
    }

    /// <summary>Drops what was never locked in time.</summary>
    public Task DropExpiredAsync(CancellationToken cancellation) => database.WriteAsync(
        (writer, _) => EarlyReleaseRows.DropExpired(writer, UnixTime.Now(clock), DropLimit), cancellation);

    /// <summary>Null when there is no lock, or it is not decided; then a release that waits is for later.</summary>
    private async Task<Result<EarlyReleaseAnswer, BankError>?> AnswerAsync(
        EarlyRelease release, CancellationToken cancellation)
    {
        var n = release.Lock.Transaction;
        var (held, notes) = await database.ReadAsync(
            reader => (LockRows.Find(reader, n), LockRows.FindAnswer(reader, n)), cancellation);
        if (held is null)
            return null;
        if (!held.IsFor(release))
            return BankError.OtherLock;
        if (held.State == LockState.Open)
            await poll.DecideAsync(n);
        if (await database.ReadAsync(reader => LockRows.FindState(reader, n), cancellation) == LockState.Open)
            return null;
        var decided = await archive.DecisionAsync(bank, n, cancellation);
        return decided.IsOk && decided.Value.Decision is { } decision
            ? new EarlyReleaseAnswer(notes!.Read(), decision)
            : throw new StorageException(StorageFailure.InvariantViolation, "A lock ended without a decision.");
    }

    private async Task<BankError?> StoreAsync(Signed<EarlyRelease> release, CancellationToken cancellation)
    {
        var content = release.Content;
        var now = UnixTime.Now(clock);
        if (content.Lock.ExpiresAt <= now || content.Lock.ExpiresAt > now.AddSeconds(options.MaxExpirySeconds))
            return BankError.BadExpiry;
        var account = content.ToPaymentNote().Account;
        if (!await accounts.ExistsAsync(account, cancellation))
            return BankError.UnknownAccount;
        return await database.WriteAsync<BankError?>(
            (writer, _) =>
            {
                if (EarlyReleaseRows.FindBodyHash(writer, content.Lock.Transaction) is { } known)
                    return known.AsSpan().SequenceEqual(release.PayloadHash()) ? null : BankError.IdReused;
                var (ofAccount, all) = EarlyReleaseRows.Count(
                    writer, account, options.MaxEarlyReleasesPerAccount, options.MaxEarlyReleases);
                if (ofAccount >= options.MaxEarlyReleasesPerAccount || all >= options.MaxEarlyReleases)
                    return BankError.TooMany;
                EarlyReleaseRows.Insert(writer, joint.Sealing, release);
                return null;
            },
            cancellation);
    }
}
