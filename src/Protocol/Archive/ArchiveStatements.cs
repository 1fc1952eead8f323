using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.Jose;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;

namespace Bauta.Protocol.Archive;

/// <summary>
/// P4, Authorization_m (FIG. 4): <c>S_R(n, k xor r)</c>, signed by the one-time release key whose SPKI hashes to
/// <c>n</c>. The masked key is published, never <c>k</c>: whoever copied the ciphertext learns nothing.
/// </summary>
/// <param name="ReleaseKey">SPKI of <c>R</c>.</param>
/// <param name="MaskedKey"><c>k xor r</c>, 32 bytes.</param>
/// <param name="Acknowledgement">In a session (FIG. 8, R9), and with goods made to order (FIG. 5, E6): what the
/// customer acknowledged of the item or goods that this key opens.</param>
/// <param name="Made">With goods made to order that the customer did not acknowledge (FIG. 5): E4, which forces the
/// commit. The archive holds the ciphertext, and its signature over the leaf is its acknowledgement.</param>
public sealed record Release(
    byte[] ReleaseKey, byte[] MaskedKey, Signed<ItemAcknowledgement>? Acknowledgement = null,
    Signed<MadeGoods>? Made = null) : IStatement<Release>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.release";

    /// <inheritdoc/>
    public static int MaxLength => 2048;

    /// <inheritdoc/>
    public static JsonTypeInfo<Release> Json => ProtocolJson.Default.Release;

    /// <inheritdoc/>
    public bool IsWellFormed() => ReleaseKey.Length == P256PublicKey.SpkiSize && MaskedKey.Length == 32
        && (Acknowledgement is null || Made is null);

    /// <summary>Whether this releases what was agreed on after the lock, and not what P1 itself commits to.</summary>
    [JsonIgnore]
    public bool IsOfLater => Acknowledgement is not null || Made is not null;

    /// <summary>
    /// Whether this release answers a lock note: signed by the key that owns <c>n</c>, and the masked key hashes to
    /// the note's commitment; or to the one that the customer acknowledged with the key that the note commits to; or,
    /// where the note says that the merchant may force the commit, to the one in the goods made for that key.
    /// </summary>
    public static bool Matches(Signed<Release> release, LockNote note) =>
        P256PublicKey.TryFromSpki(release.Content.ReleaseKey, out var key)
        && TransactionId.Of(key).Equals(note.Transaction)
        && release.Content.Answers(note)
        && release.IsSignedBy(key);

    private bool Answers(LockNote note)
    {
        var commitment = KeyCommitment.To(note.Transaction, MaskedKey);
        return (Acknowledgement, Made) switch
        {
            (null, null) => commitment.Equals(note.Commitment),
            ({ } agreed, null) => agreed.Content.Commitment.Equals(commitment)
                && ItemAcknowledgement.Matches(agreed, note),
            (null, { } made) => made.Content.Commitment.Equals(commitment) && MadeGoods.Matches(made, note),
            _ => false,
        };
    }
}

/// <summary>
/// R7, Acknowledgement_i (FIG. 8): <c>S_P(n, c_i, total_i, h(R6))</c>. The customer has item i in encrypted form and
/// agrees to pay for all up to it. The archive publishes the one that the session ends with: the total is sealed, and
/// nothing in it says how many items there were. E5, Acknowledge_q (FIG. 5), is the same for goods made to order: one
/// item, whose total is the price.
/// </summary>
/// <param name="Key">SPKI of <c>P</c>, made for this purchase.</param>
/// <param name="Transaction">The transaction ID <c>n</c>.</param>
/// <param name="Commitment"><c>c_i = SHA-256(n || (k_i xor r_i))</c>.</param>
/// <param name="SealedTotal">What is to be paid for items up to this one, 8 bytes: see
/// <see cref="Protocol.SealedTotal"/>.</param>
/// <param name="ItemHash">SHA-256 of the payload of R6 or E4, 32 bytes.</param>
public sealed record ItemAcknowledgement(
    byte[] Key, TransactionId Transaction, KeyCommitment Commitment, byte[] SealedTotal, byte[] ItemHash)
    : IStatement<ItemAcknowledgement>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.item-acknowledgement";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<ItemAcknowledgement> Json => ProtocolJson.Default.ItemAcknowledgement;

    /// <inheritdoc/>
    public bool IsWellFormed() => Key.Length == P256PublicKey.SpkiSize
        && SealedTotal.Length == Protocol.SealedTotal.Size && ItemHash.Length == 32;

    /// <summary>Whether the key that a lock note commits to signed this, for the note's transaction.</summary>
    public static bool Matches(Signed<ItemAcknowledgement> acknowledgement, LockNote note) =>
        acknowledgement.Content.Transaction.Equals(note.Transaction)
        && P256PublicKey.TryFromSpki(acknowledgement.Content.Key, out var key)
        && (KeyCommitment.To(note.Transaction, key).Equals(note.Commitment)
            || KeyCommitment.ToOrder(note.Transaction, key).Equals(note.Commitment))
        && acknowledgement.IsSignedBy(key);
}

/// <summary>A bank that the archive's operator admits: its lock notes are decided on. Signed by the bank's own
/// key.</summary>
/// <param name="Name">The bank's name.</param>
/// <param name="Key">SPKI of the bank's statement key.</param>
public sealed record BankRegistration(string Name, byte[] Key) : IStatement<BankRegistration>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.bank";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<BankRegistration> Json => ProtocolJson.Default.BankRegistration;

    /// <inheritdoc/>
    public bool IsWellFormed() => Names.IsPartyName(Name) && Key.Length == P256PublicKey.SpkiSize;
}

/// <summary>What the log's leaves say. A leaf is this record as JSON, at most <see cref="MaxLength"/> bytes.</summary>
/// <param name="Kind">One of the constants below.</param>
/// <param name="At">By the archive's clock; never less than the leaf before.</param>
/// <param name="LockNote">With a decision: the bank's lock note.</param>
/// <param name="Release">With a commit: P4.</param>
/// <param name="Statement">With a bank, denomination, revocation or totals: the signed statement.</param>
public sealed record LogEntry(
    string Kind, UnixTime At, Signed<LockNote>? LockNote = null, Signed<Release>? Release = null,
    string? Statement = null)
{
    /// <summary>The largest leaf in bytes.</summary>
    public const int MaxLength = 8 * 1024;

    /// <summary>A decision that the transaction happened.</summary>
    public const string Commit = "commit";

    /// <summary>A decision that the transaction did not happen.</summary>
    public const string Abort = "abort";

    /// <summary>A bank is admitted.</summary>
    public const string Bank = "bank";

    /// <summary>A denomination key is announced.</summary>
    public const string Denomination = "denomination";

    /// <summary>A denomination key is revoked.</summary>
    public const string Revocation = "revocation";

    /// <summary>A bank's totals of a denomination key on one day.</summary>
    public const string Totals = "totals";

    /// <summary>Whether this decides a transaction.</summary>
    [JsonIgnore]
    public bool IsDecision => Kind is Commit or Abort;

    /// <summary>Reads a leaf strictly and checks all that can be checked without knowing the bank's key.</summary>
    /// <param name="leaf">The leaf's bytes.</param>
    /// <param name="entry">The entry, when the leaf is one.</param>
    /// <returns>Whether kind and members agree, and a decision is on the right side of its lock note's
    /// expiry.</returns>
    public static bool TryParse(
        ReadOnlySpan<byte> leaf, [NotNullWhen(true)] out LogEntry? entry)
    {
        if (TryParseAtAnyTime(leaf, out entry) && entry.IsInTime)
            return true;
        entry = null;
        return false;
    }

    /// <summary>
    /// The same, without the rule of time: for those who name what a log did wrong (judge, monitor). Nobody may act on
    /// such an entry.
    /// </summary>
    public static bool TryParseAtAnyTime(
        ReadOnlySpan<byte> leaf, [NotNullWhen(true)] out LogEntry? entry)
    {
        if (leaf.Length <= MaxLength && StrictJson.TryRead(leaf, ProtocolJson.Default.LogEntry, out entry)
            && entry.IsWellFormed())
            return true;
        entry = null;
        return false;
    }

    /// <summary>The leaf's bytes.</summary>
    public byte[] ToLeaf() => StrictJson.Write(this, ProtocolJson.Default.LogEntry);

    /// <summary>Whether a commit is before its lock note's expiry, and an abort not before it; true of what is no
    /// decision.</summary>
    [JsonIgnore]
    public bool IsInTime => Kind switch
    {
        Commit => At < LockNote!.Content.ExpiresAt,
        Abort => At >= LockNote!.Content.ExpiresAt,
        _ => true,
    };

    /// <summary>Whether kind and members agree. Signatures are apart (<see cref="IsSignedBy"/>), and so is the time
    /// (<see cref="IsInTime"/>).</summary>
    public bool IsWellFormed() => Kind switch
    {
        Commit => LockNote is not null && Release is not null && Statement is null,
        Abort => LockNote is not null && Release is null && Statement is null,
        Bank => IsStatement<BankRegistration>(),
        Denomination => IsStatement<Denomination>(),
        Revocation => IsStatement<Revocation>(),
        Totals => IsStatement<Totals>(),
        _ => false,
    };

    /// <summary>The statement of a leaf that carries one.</summary>
    /// <typeparam name="T">The statement's type; must agree with <see cref="Kind"/>.</typeparam>
    public Signed<T> StatementAs<T>()
        where T : class, IStatement<T> =>
        Signed<T>.TryParse(Statement, out var signed)
            ? signed
            : throw new InvalidOperationException($"A {Kind} leaf carries no {T.Typ}.");

    /// <summary>The key that claims to have signed the lock note or the statement.</summary>
    [JsonIgnore]
    public string SignerId => Kind switch
    {
        Bank => StatementAs<BankRegistration>().KeyId,
        Denomination => StatementAs<Denomination>().KeyId,
        Revocation => StatementAs<Revocation>().KeyId,
        Totals => StatementAs<Totals>().KeyId,
        _ => LockNote!.KeyId,
    };

    /// <summary>Whether the bank's key signed the lock note or statement, and with a commit the release matches
    /// it.</summary>
    public bool IsSignedBy(P256PublicKey bank) => Kind switch
    {
        Commit => LockNote!.IsSignedBy(bank) && Archive.Release.Matches(Release!, LockNote.Content),
        Abort => LockNote!.IsSignedBy(bank),
        Bank => StatementAs<BankRegistration>() is var it && it.IsSignedBy(bank)
            && it.Content.Key.AsSpan().SequenceEqual(bank.Spki),
        Denomination => StatementAs<Denomination>().IsSignedBy(bank),
        Revocation => StatementAs<Revocation>().IsSignedBy(bank),
        Totals => StatementAs<Totals>().IsSignedBy(bank),
        _ => false,
    };

    private bool IsStatement<T>()
        where T : class, IStatement<T> =>
        LockNote is null && Release is null && Signed<T>.TryParse(Statement, out _);
}
