using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Bank.Inspect;

/// <summary>A statement on a key of this bank or of its issuer, as a log holds it.</summary>
internal sealed record LoggedStatement(string Kind, UnixTime At, byte[] TokenKeyId, bool IsEarly);

/// <summary>
/// What the logs say of this bank. They are read twice: once before the bank's rows, so that whatever stands there is
/// known to the bank (early), and on to their end after them, so that whatever the bank acted on stands there.
/// </summary>
internal sealed class LogFacts
{
    private readonly Dictionary<AuditedLog, long> read = [];
    private readonly Dictionary<(string Bank, string KeyId), P256PublicKey> keys = [];

    /// <summary>Whether every log could be read and believed.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>By the hash of the text, in hexadecimal.</summary>
    public Dictionary<string, LoggedStatement> Statements { get; } = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, long> Sizes =>
        read.GroupBy(pair => pair.Key.Policy.Origin).ToDictionary(group => group.Key, group => group.Max(x => x.Value));

    public static byte[] HashOf(LockNote note) => SHA256.HashData(StrictJson.Write(note, LockNote.Json));

    /// <summary>Whether a bank signed it, under the key that it is known by or one that the log had it under.</summary>
    public bool IsBy<T>(Signed<T> statement, (string Name, P256PublicKey Key) bank)
        where T : class, IStatement<T> =>
        KeyOf(statement.KeyId, bank) is { } key && statement.IsSignedBy(key);

    private P256PublicKey? KeyOf(string keyId, (string Name, P256PublicKey Key) bank) =>
        keyId == bank.Key.Thumbprint ? bank.Key : keys.GetValueOrDefault((bank.Name, keyId));

    /// <summary>Reads on to the end of each log.</summary>
    public async Task ReadAsync(AuditRun run, bool isEarly, CancellationToken cancellation)
    {
        // One log under two policies is read once.
        foreach (var log in run.Scope?.Logs.DistinctBy(one => one.Policy.Origin) ?? [])
        {
            var from = read.GetValueOrDefault(log);
            try
            {
                var reader = new LogReader(log.Log, log.Policy);
                var view = await reader.LatestAsync(cancellation);
                if (view.Size < from)
                    throw new ProtocolViolationException($"It shrank from {from} to {view.Size} entries.");
                await foreach (var entry in reader.ReadAsync(view, from, view.Size, cancellation))
                    Take(run, entry, isEarly);
                read[log] = view.Size;
            }
            catch (ProtocolViolationException broken)
            {
                Broken(run, log.Policy.Origin, broken.Message);
            }
        }
    }

    private void Broken(AuditRun run, string row, string detail)
    {
        IsWhole = false;
        run.Notes.Add(AuditKind.LogBroken, "log", row, detail);
    }

    private void Take(AuditRun run, ReadEntry read, bool isEarly)
    {
        var (entry, scope) = (read.Entry, run.Scope!);
        if (!entry.IsDecision)
        {
            TakeStatement(entry, scope, isEarly);
            return;
        }

        var note = entry.LockNote!;
        if (KeyOf(note.KeyId, (scope.Name, scope.Key)) is not { } key)
            return;
        if (!entry.IsSignedBy(key))
        {
            // A log whose leaves anybody may write says nothing of the bank.
            Broken(run, $"{read.Index}", "a decision on a lock note that this bank did not sign, or without its key");
            return;
        }

        var release = entry.Release?.Content;
        if (run.Scratch.Execute(
            """
            INSERT OR IGNORE INTO decisions (n, kind, at, note, early, commitment, sealed_total)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            note.Content.Transaction.ToArray(), entry.Kind, entry.At.Seconds, HashOf(note.Content), isEarly,
            SealedTotal.LaterCommitment(release)?.ToArray(),
            release?.Acknowledgement?.Content.SealedTotal) == 0)
            Broken(run, $"{read.Index}", "a second decision on one transaction");
    }

    private void TakeStatement(LogEntry entry, AuditScope scope, bool isEarly)
    {
        // Anybody compares those with each other: bauta audit --public.
        if (entry.Kind == LogEntry.Totals)
            return;

        var (issuer, keyId) = entry.Kind switch
        {
            LogEntry.Denomination => entry.StatementAs<Denomination>().Content is var key
                ? (key.Issuer, SHA256.HashData(key.TokenKey))
                : default,
            LogEntry.Revocation => entry.StatementAs<Revocation>().Content is var gone
                ? (gone.Issuer, gone.TokenKeyId)
                : default,
            _ => (entry.StatementAs<BankRegistration>().Content.Name, Array.Empty<byte>()),
        };
        if (entry.Kind == LogEntry.Bank
            && P256PublicKey.TryFromSpki(entry.StatementAs<BankRegistration>().Content.Key, out var registered))
            keys.TryAdd((issuer, registered.Thumbprint), registered);
        if (issuer == scope.Name || issuer == scope.Issuer?.Name)
            Statements.TryAdd(
                Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(entry.Statement!))),
                new LoggedStatement(entry.Kind, entry.At, keyId, isEarly));
    }
}
