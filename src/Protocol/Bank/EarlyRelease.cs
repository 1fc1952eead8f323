using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.Jose;
using Bauta.Protocol.Archive;

namespace Bauta.Protocol.Bank;

/// <summary>
/// JB3, Authorization_m (FIG. 7): <c>S_m(n, expiry, A, c, currency, value, S_R(n, k xor r))</c>, signed by the
/// merchant's account key. The release counts only for a lock that says exactly this, and for this account: the
/// merchant sees no lock before it hands the key over, so it states what the lock must be.
/// </summary>
/// <param name="Key">SPKI of the account key, which signs this.</param>
/// <param name="Lock">What the lock note must say.</param>
/// <param name="Currency">Three upper-case letters.</param>
/// <param name="Amount">The value that must be locked.</param>
/// <param name="Release">P4.</param>
public sealed record EarlyRelease(byte[] Key, LockNote Lock, string Currency, Amount Amount, Signed<Release> Release)
    : IStatement<EarlyRelease>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.early-release";

    /// <inheritdoc/>
    public static int MaxLength => 4096;

    /// <inheritdoc/>
    public static JsonTypeInfo<EarlyRelease> Json => ProtocolJson.Default.EarlyRelease;

    /// <inheritdoc/>
    public bool IsWellFormed() => Key.Length == P256PublicKey.SpkiSize && Names.IsCurrency(Currency)
        && Amount > Amount.Zero && !Release.Content.IsOfLater;

    /// <summary>Whether these notes are of the lock that the release is for.</summary>
    public bool IsFor(LockNote note, PaymentNote payment) => note == Lock && payment.Matches(ToPaymentNote());

    /// <summary>The payment note that goes with such a lock.</summary>
    public PaymentNote ToPaymentNote() =>
        new(Lock.Transaction, AccountId.Of(P256PublicKey.FromSpki(Key)), Currency, Amount);
}

/// <summary>What became of an early release; empty while it waits for its lock.</summary>
/// <param name="Lock">The notes of the lock that it met: the merchant's receipt.</param>
/// <param name="Decision">The decision, on which the bank has acted.</param>
public sealed record EarlyReleaseAnswer(LockAnswer? Lock = null, LoggedEntry? Decision = null)
{
    /// <summary>Whether the members agree.</summary>
    public bool IsWellFormed() => Lock is null == Decision is null;
}

/// <summary>What a bank does that is its own archive (FIG. 6 and 7), beside what every bank does.</summary>
public interface IJointBank
{
    /// <summary>
    /// JB3 (FIG. 7): holds the release until a lock for it is there, and commits at once when it is. Repeat it to learn
    /// what became of it. After expiry it is dropped unseen; nobody reads it before the commit.
    /// </summary>
    Task<Result<EarlyReleaseAnswer, BankError>> ReleaseAsync(
        Signed<EarlyRelease> release, CancellationToken cancellation);
}
