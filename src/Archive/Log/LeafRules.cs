using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Archive.Log;

/// <summary>What is wrong with a leaf: the closed list that archive, witness and monitor share.</summary>
public enum LeafFault
{
    /// <summary>Not a log entry.</summary>
    Unreadable,

    /// <summary>A commit at or after its lock note's expiry, or an abort before it.</summary>
    WrongSide,

    /// <summary>Signed by nobody that the log admitted before.</summary>
    UnknownBank,

    /// <summary>The lock note, the release or the statement does not verify.</summary>
    BadSignature,

    /// <summary>Earlier than the leaf before.</summary>
    TimeBackwards,

    /// <summary>Later than the reader's clock allows.</summary>
    FutureTime,

    /// <summary>That bank's lock of the transaction is decided already: the log breaks "both never".</summary>
    SecondDecision,

    /// <summary>A second statement on one bank key, one token key, or one token key's day.</summary>
    SecondStatement,

    /// <summary>A revocation of a key that its signer never announced.</summary>
    NotAnnounced,

    /// <summary>A key more of one issuer, currency and value than may be withdrawn from at once, or of one issuer than
    /// may be ahead.</summary>
    TooManyKeys,
}

/// <summary>A bank in the log.</summary>
/// <param name="Name">Its registered name.</param>
/// <param name="Key">Its statement key.</param>
internal sealed record KnownBank(string Name, P256PublicKey Key)
{
    /// <summary>Whether the operator's list names it.</summary>
    public bool IsIn(IReadOnlyList<AdmittedBank> admitted)
    {
        foreach (var bank in admitted)
            if (bank.Name == Name && bank.KeyId == Key.Thumbprint)
                return true;
        return false;
    }
}

/// <summary>The rules of one leaf that need no memory of others but the banks admitted before it.</summary>
internal static class LeafRules
{
    private const int DecisionSubjectSize = 16;

    /// <summary>What a leaf is about: at most one decision, and one statement of a kind, is about the same.</summary>
    public static byte[] SubjectOf(LogEntry entry) => entry.Kind switch
    {
        LogEntry.Bank => SHA256.HashData(entry.StatementAs<BankRegistration>().Content.Key),
        LogEntry.Denomination => SHA256.HashData(entry.StatementAs<Denomination>().Content.TokenKey),
        LogEntry.Revocation => entry.StatementAs<Revocation>().Content.TokenKeyId,
        LogEntry.Totals => SubjectOf(entry.StatementAs<Totals>().Content),
        _ => SubjectOf(entry.LockNote!),
    };

    /// <summary>What a decision is about: the bank's key and <c>n</c>, since anybody who learns <c>n</c> can have
    /// another bank lock under it. The first 16 bytes of their SHA-256: whoever made two collide could only keep the
    /// second of the two from being decided.</summary>
    public static byte[] SubjectOf(Signed<LockNote> note) => SubjectOf(BankKeyId.Of(note), note.Content.Transaction);

    /// <inheritdoc cref="SubjectOf(Signed{LockNote})"/>
    public static byte[] SubjectOf(BankKeyId bank, TransactionId transaction)
    {
        Span<byte> pair = stackalloc byte[2 * 32];
        bank.Bytes.CopyTo(pair);
        transaction.Bytes.CopyTo(pair[32..]);
        return SHA256.HashData(pair)[..DecisionSubjectSize];
    }

    // Under its name, so that a bank with two keys states no day twice.
    private static byte[] SubjectOf(Totals totals)
    {
        Span<byte> day = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(day, totals.Day);
        return SHA256.HashData([.. Encoding.ASCII.GetBytes(totals.Bank), 0, .. totals.TokenKeyId, .. day]);
    }

    /// <summary>The bank or issuer that a statement names; null for a decision, which names none.</summary>
    public static string? IssuerOf(LogEntry entry) => entry.Kind switch
    {
        LogEntry.Bank => entry.StatementAs<BankRegistration>().Content.Name,
        LogEntry.Denomination => entry.StatementAs<Denomination>().Content.Issuer,
        LogEntry.Revocation => entry.StatementAs<Revocation>().Content.Issuer,
        LogEntry.Totals => entry.StatementAs<Totals>().Content.Bank,
        _ => null,
    };

    /// <summary>Whose signature the leaf needs: with a registration the key it registers, else a bank known.</summary>
    public static bool TryFindSigner(
        LogEntry entry, Func<string, KnownBank?> banks, out KnownBank? signer)
    {
        signer = null;
        if (entry.Kind == LogEntry.Bank)
        {
            var registration = entry.StatementAs<BankRegistration>().Content;
            if (P256PublicKey.TryFromSpki(registration.Key, out var key))
                signer = new KnownBank(registration.Name, key);
        }
        else
        {
            signer = banks(entry.SignerId);
            // An issuer speaks for its own keys only.
            if (IssuerOf(entry) is { } issuer && issuer != signer?.Name)
                signer = null;
        }

        return signer is not null;
    }
}
