using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol.Archive;

namespace Bauta.Protocol.Bank;

/// <summary>
/// What a bank states of one denomination key at the end of a day, and enters in the archive's log, so that anybody
/// sees that no more is spent than was issued. All counts are since the key began.
/// </summary>
/// <param name="Bank">The name of the bank that states it.</param>
/// <param name="TokenKeyId">SHA-256 of the key's SPKI, 32 bytes.</param>
/// <param name="Day">Days since 1970-01-01, UTC: the one that is over.</param>
/// <param name="Issued">How many tokens were signed; at a bank that locks another one's tokens, how many it has
/// seen.</param>
/// <param name="Spent">Settled to merchants.</param>
/// <param name="Refreshed">Given back by refresh, recoup or closing.</param>
/// <param name="Signed">At the issuer: how many were signed on that day.</param>
/// <param name="Root">At the issuer: RFC 6962 root over the SHA-256 of each token request signed on that day, in
/// ascending order, 32 bytes.</param>
public sealed record Totals(
    string Bank, byte[] TokenKeyId, long Day, long Issued, Amount Spent, Amount Refreshed, long? Signed = null,
    byte[]? Root = null) : IStatement<Totals>
{
    /// <summary>Seconds of a day.</summary>
    public const long DaySeconds = 86_400;

    private const long MaxCount = 1L << 40;

    /// <inheritdoc/>
    public static string Typ => "bauta.totals";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<Totals> Json => ProtocolJson.Default.Totals;

    /// <inheritdoc/>
    public bool IsWellFormed() => Names.IsPartyName(Bank) && TokenKeyId.Length == 32
        && Day is >= 0 and < UnixTime.MaximumSeconds / DaySeconds && Issued is >= 0 and <= MaxCount
        && Signed is null == Root is null && (Signed is null || Signed is >= 0 && Signed <= Issued)
        && (Root is null || Root.Length == MerkleHash.Size);

    /// <summary>The day that a time lies in.</summary>
    public static long DayOf(UnixTime time) => time.Seconds / DaySeconds;

    /// <summary>The first and the last day on which a key is stated: from its first withdrawal to the day after it has
    /// expired.</summary>
    public static (long First, long Last) DaysOf(Denomination key) =>
        (DayOf(key.WithdrawFrom), DayOf(key.ExpiresAt) + 1);

    /// <summary>The tree over the hashes of a day's requests, whatever their order.</summary>
    public static IssueTree TreeOf(IEnumerable<byte[]> requestHashes) => new(requestHashes);
}

/// <summary>The Merkle tree of one key and day, with all its nodes. Immutable.</summary>
public sealed class IssueTree
{
    private readonly byte[][] sorted;
    private readonly List<List<MerkleHash>> levels = [];

    internal IssueTree(IEnumerable<byte[]> requestHashes)
    {
        sorted = [.. requestHashes];
        Array.Sort(sorted, static (left, right) => left.AsSpan().SequenceCompareTo(right));
        var tree = new MerkleTree();
        foreach (var hash in sorted)
            tree.Append(MerkleHash.Leaf(hash), Keep);
        Root = tree.Root;
    }

    /// <summary>The root.</summary>
    public MerkleHash Root { get; }

    /// <summary>How many leaves.</summary>
    public int Count => sorted.Length;

    /// <summary>Where a request's hash stands, and its path; null when it does not.</summary>
    public (long Index, IReadOnlyList<byte[]> Path)? Prove(byte[] requestHash)
    {
        var index = Array.BinarySearch(
            sorted, requestHash,
            Comparer<byte[]>.Create(static (left, right) => left.AsSpan().SequenceCompareTo(right)));
        return index < 0
            ? null
            : (index, [
                .. InclusionProof.Generate(index, sorted.Length, (level, i) => levels[level][(int)i])
                    .Select(hash => hash.ToArray()),
            ]);
    }

    private void Keep(int level, long index, in MerkleHash hash)
    {
        if (level == levels.Count)
            levels.Add([]);
        levels[level].Add(hash);
    }
}

/// <summary>That a token request is among those that a day's statement counts.</summary>
/// <param name="Entry">The statement, with its proof in the log.</param>
/// <param name="Index">The place of the request's hash in the day's order.</param>
/// <param name="Path">RFC 6962 audit path, 32 bytes each, at most 40.</param>
public sealed record IssueProof(LoggedEntry Entry, long Index, IReadOnlyList<byte[]> Path)
{
    private const int MaxPath = 40;

    /// <summary>Whether it shows the request under a statement of this bank on this key.</summary>
    /// <param name="requestHash">SHA-256 of the token request's 259 bytes.</param>
    /// <param name="key">The denomination, whose issuer must have signed the statement.</param>
    /// <param name="issuer">The issuer's statement key.</param>
    /// <param name="policy">The archive whose log the statement stands in.</param>
    public bool Holds(
        byte[] requestHash, Denomination key, Crypto.Jose.P256PublicKey issuer, ArchivePolicy policy) =>
        Path.Count <= MaxPath && Path.All(hash => hash.Length == MerkleHash.Size)
        && policy.TryVerify(Entry, out var logged) && logged.Entry.Kind == LogEntry.Totals
        && logged.Entry.IsSignedBy(issuer) && logged.Entry.StatementAs<Totals>().Content is { Root: { } root } totals
        && totals.Bank == key.Issuer
        && totals.TokenKeyId.AsSpan().SequenceEqual(System.Security.Cryptography.SHA256.HashData(key.TokenKey))
        && InclusionProof.Verify(
            MerkleHash.Leaf(requestHash), Index, totals.Signed!.Value,
            [.. Path.Select(hash => MerkleHash.FromBytes(hash))], MerkleHash.FromBytes(root));
}

/// <summary>
/// Evidence of a token request that a bank signed and does not count: the key that stands in the log, the request and
/// the bank's own blind signature on it. Whoever has the file checks that; the bank answers it by showing the proof.
/// It names no token: what was signed is blind.
/// </summary>
/// <param name="Format"><see cref="CurrentFormat"/>.</param>
/// <param name="Policy">The archive, in C2SP tlog-policy form.</param>
/// <param name="Denomination">The key.</param>
/// <param name="Request">The token request, 259 bytes.</param>
/// <param name="Signature">The blind signature, 256 bytes.</param>
/// <param name="Refusal">What the bank answered when it was asked for the proof; absent when it gave one that does not
/// hold.</param>
/// <param name="Proof">That one.</param>
public sealed record IssueEvidence(
    string Format, string Policy, ListedDenomination Denomination, byte[] Request, byte[] Signature,
    string? Refusal = null, IssueProof? Proof = null)
{
    /// <summary>The only format so far.</summary>
    public const string CurrentFormat = "bauta-issue/1";

    /// <summary>Whether the key stands in the policy's log and signed the request: then the bank owes the
    /// proof.</summary>
    public bool Holds() => Format == CurrentFormat && ArchivePolicy.TryParse(Policy, out var policy)
        && Denomination.StandsIn(policy) && TokenRequest.TryDecode(Request, out var request)
        && RsaPublicKey.TryFromSpki(Denomination.Key.Content.TokenKey, out var key)
        && request.TruncatedKeyId == key.TruncatedKeyId
        && key.IsBlindSignature(request.BlindedMessage, Signature);
}
