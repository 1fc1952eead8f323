using System.Runtime.ExceptionServices;
using Bauta.Bank.Ledger;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Bank.Denominations;

/// <summary>
/// Makes denomination keys, the next one before the present one stops; revokes; destroys private keys that sign
/// nothing more; writes off what was not spent by the end.
/// </summary>
/// <remarks>
/// The order when a key is made: the private key is durable, then the announcement, then the archive has it in the
/// log with its quorum; only then is the key offered. Killed anywhere, the next run goes on from there. A clock that
/// was just set makes, destroys and writes off nothing.
/// </remarks>
internal sealed class DenominationKeeper(
    BankOptions options, BankDatabase database, ISigner statementKey, IDenominationKeys keys,
    DenominationShelf shelf, Announcer announcer, IssuerFollower? follower, TimeProvider clock, BankLog log)
    : IDisposable
{
    // What one key takes in the list, with its proof and a few witnesses; a larger one that is listed counts instead.
    private const int UsualKeyBytes = 5 * 1024;

    // Of 256. With so many taken, eight keys are tried for one that is wanted.
    private const int MaxTakenBytes = 224;

    private readonly SemaphoreSlim turn = new(1);
    private readonly ClockGuard guard = new(clock, options.ClockHoldSeconds);

    /// <summary>Does all that is due now.</summary>
    /// <returns>Whether nothing waits for the archive.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            await RegisterAsync(cancellation);
            if (guard.HasJumped())
                log.ClockJumped(options.ClockHoldSeconds);
            var failure = follower is null ? null : await TryFollowAsync(follower, cancellation);
            if (follower is null && guard.IsCredible)
                await RotateAsync(cancellation);
            if (guard.IsProven)
            {
                await RetireAsync(cancellation);
                await WriteOffAsync(cancellation);
            }

            var isDone = await announcer.RunAsync(cancellation) == 0;
            if (failure is not null)
                ExceptionDispatchInfo.Throw(failure);
            return isDone;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Revokes a key: at once here, and for everybody when the log carries it.</summary>
    public async Task<bool> RevokeAsync(byte[] keyId, CancellationToken cancellation) =>
        (await RevokeAsync(
            Signed<Revocation>.Sign(statementKey, new Revocation(options.Name, keyId, UnixTime.Now(clock))),
            cancellation)).IsOk;

    /// <summary>Revokes a key on the word of whoever holds the identity key; the first statement is the one that the
    /// log gets.</summary>
    public async Task<Result<RevocationAnswer, BankError>> RevokeAsync(
        Signed<Revocation> revocation, CancellationToken cancellation)
    {
        if (!revocation.IsSignedBy(statementKey.PublicKey))
            return BankError.BadSignature;
        if (revocation.Content.Issuer != options.Name)
            return BankError.WrongBank;
        var keyId = revocation.Content.TokenKeyId;
        await turn.WaitAsync(cancellation);
        try
        {
            if (!shelf.Current.TryFind(keyId, out var key) || !key.IsOwn)
                return BankError.UnknownKey;
            if (key.IsRevoked)
                return new RevocationAnswer(
                    key.RevocationProof is null ? RevocationAnswer.Revoked : RevocationAnswer.Logged);
            await database.WriteAsync(
                (transaction, _) =>
                {
                    DenominationRows.SetRevocation(
                        transaction, key.Number, Announcement.Of(LogEntry.Revocation, revocation));
                    transaction.OnCommit(() => shelf.Unload(shelf.Current[key.Number] with { IsRevoked = true }));
                },
                cancellation);
            log.KeyRevoked();
            keys.Destroy(keyId);
            return new RevocationAnswer(RevocationAnswer.Revoked);
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    // What the issuer lists, or that it lists nothing, must not keep this bank from its own work.
    private static async Task<IOException?> TryFollowAsync(IssuerFollower follower, CancellationToken cancellation)
    {
        try
        {
            await follower.RunAsync(cancellation);
            return null;
        }
        catch (IOException failure) when (failure is PartyUnreachableException or ProtocolViolationException)
        {
            return failure;
        }
    }

    private async Task RegisterAsync(CancellationToken cancellation)
    {
        var known = await database.ReadAsync(
            transaction => DenominationRows.OfKind(transaction, LogEntry.Bank), cancellation);
        if (known.Any(one => Signed<BankRegistration>.TryParse(one.Statement, statementKey.PublicKey, out _)))
            return;
        var registration = Signed<BankRegistration>.Sign(
            statementKey, new BankRegistration(options.Name, statementKey.PublicKey.Spki));
        await database.WriteAsync(
            (transaction, _) =>
            {
                DenominationRows.Insert(transaction, Announcement.Of(LogEntry.Bank, registration));
            },
            cancellation);
    }

    private async Task RotateAsync(CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        var due = options.Exponents.Select(exponent => Amount.FromMinorUnits(1L << exponent))
            .Select(value => (Value: value, From: DueFrom(value, now)))
            .Where(one => one.From is not null).ToArray();
        if (due.Length == 0)
            return;
        var room = Room(now);
        if (due.Length > room)
        {
            log.TooManyKeys();
            due = due[..room];
        }

        var signers = await GenerateAsync(due.Length, now, cancellation);
        for (var i = 0; i < due.Length; i++)
            await AnnounceAsync(due[i].Value, due[i].From!.Value, signers[i], cancellation);
    }

    /// <summary>How many keys can still be listed.</summary>
    private int Room(UnixTime now)
    {
        var list = shelf.Current.List(now);
        var waiting = shelf.Current.Keys.Count(key => !key.IsOffered);
        var sizes = list.Denominations.Select(
            listed => StrictJson.Write(listed, ProtocolJson.Default.ListedDenomination).Length).ToArray();
        var byBytes = (options.MaxKeyListBytes - sizes.Sum()) / sizes.Append(UsualKeyBytes).Max();
        return Math.Max(0, Math.Min(DenominationList.MaxDenominations - sizes.Length, byBytes) - waiting);
    }

    /// <summary>When the next key of a denomination begins to sign; null while none is due.</summary>
    private UnixTime? DueFrom(Amount value, UnixTime now)
    {
        var living = shelf.Current.Keys
            .Where(key => key.Value == value && !key.IsRevoked && key.Signer is not null && !key.IsPastWithdrawal(now))
            .ToArray();
        var last = living.Select(key => key.Statement.Content.WithdrawUntil).DefaultIfEmpty(now).Max();
        return living.Length > 0 && last.AddSeconds(-options.OverlapSeconds) > now ? null : last;
    }

    /// <summary>Makes keys side by side, since each takes a core for a while; truncated ids differ.</summary>
    private async Task<IBlindSigner[]> GenerateAsync(int count, UnixTime now, CancellationToken cancellation)
    {
        var taken = shelf.Current.TakenBytes(now, MaxTakenBytes - count);
        var signers = new IBlindSigner[count];
        await SideBySide.ForEachAsync(Enumerable.Range(0, count), -1, (i, _) =>
        {
            signers[i] = keys.Create(key =>
            {
                lock (taken)
                    return taken.Add(key.TruncatedKeyId);
            });
            return ValueTask.CompletedTask;
        }, cancellation);
        return signers;
    }

    private async Task AnnounceAsync(
        Amount value, UnixTime from, IBlindSigner signer, CancellationToken cancellation)
    {
        var withdrawUntil = from.AddSeconds(options.WithdrawSeconds);
        var spendUntil = withdrawUntil.AddSeconds(options.SpendSeconds);
        var statement = Signed<Denomination>.Sign(statementKey, new Denomination(
            options.Name, options.Currency.Code, options.Currency.Decimals, value, signer.PublicKey.Spki,
            from, withdrawUntil, spendUntil, spendUntil.AddSeconds(options.RefreshSeconds)));
        var made = new DenominationKey(
            shelf.Current.NextNumber, statement, signer.PublicKey, signer.PublicKey.KeyId,
            statement.Content.Challenge().Digest, Proof: null, IsRevoked: false, RevocationProof: null,
            IsClosed: false, new KeptSigner(signer), IsOwn: true);
        await database.WriteAsync(
            (transaction, _) =>
            {
                DenominationRows.Insert(transaction, made, Announcement.Of(LogEntry.Denomination, statement));
                transaction.OnCommit(() => shelf.Put(made));
            },
            cancellation);
    }

    // A key that is past its withdrawals cannot sign here; without the private key nobody can.
    private async Task RetireAsync(CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        foreach (var key in shelf.Current.Keys.Where(key => key.Signer is not null && key.IsPastWithdrawal(now)))
        {
            keys.Destroy(key.KeyId);
            await database.WriteAsync(
                (transaction, _) =>
                {
                    transaction.OnCommit(() => shelf.Unload(shelf.Current[key.Number]));
                },
                cancellation);
        }
    }

    private async Task WriteOffAsync(CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        var expired = shelf.Current.Keys.Where(key => now >= key.Statement.Content.ExpiresAt).ToArray();
        if (expired.Length == 0)
            return;
        var unspent = await database.ReadAsync(BookRows.KeysInCirculation, cancellation);
        foreach (var key in expired.Where(key => !key.IsClosed || unspent.Contains(key.Number)))
            await database.WriteAsync(
                (transaction, books) =>
                {
                    if (!shelf.Current[key.Number].IsClosed)
                    {
                        DenominationRows.Close(transaction, key.Number);
                        transaction.OnCommit(() => shelf.Put(
                            shelf.Current[key.Number] with { IsClosed = true }));
                    }

                    // What an abort unlocks later on is written off by a later run.
                    if (books.Unspent(key.Number) is > 0 and var unspent)
                        books.Expire(key.Number, Amount.FromMinorUnits(unspent));
                },
                cancellation);
    }
}
