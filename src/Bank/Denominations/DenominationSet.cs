using System.Diagnostics.CodeAnalysis;
using Bauta.Protocol;
using Bauta.Protocol.Bank;

namespace Bauta.Bank.Denominations;

/// <summary>All denomination keys of one moment. Immutable, so that readers need no lock.</summary>
internal sealed class DenominationSet
{
    private readonly Dictionary<byte[], DenominationKey> byId;
    private readonly Dictionary<long, DenominationKey> byNumber;

    public DenominationSet(IEnumerable<DenominationKey> keys)
    {
        Keys = [.. keys.OrderBy(key => key.Number)];
        byId = Keys.ToDictionary(key => key.KeyId, KeyIdComparer.Instance);
        byNumber = Keys.ToDictionary(key => key.Number);
    }

    public static DenominationSet Empty { get; } = new([]);

    public IReadOnlyList<DenominationKey> Keys { get; }

    public DenominationKey this[long number] => byNumber[number];

    public long NextNumber => Keys.Select(key => key.Number).DefaultIfEmpty(0).Max() + 1;

    public bool TryFind(ReadOnlySpan<byte> keyId, [NotNullWhen(true)] out DenominationKey? key) =>
        byId.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(keyId, out key);

    /// <summary>The key that a request's one byte means: it is unique among those that sign or will sign.</summary>
    public Result<DenominationKey, BankError> FindSigning(byte truncatedKeyId, UnixTime now)
    {
        BankError? refusal = null;
        foreach (var key in Keys)
        {
            if (key.PublicKey.TruncatedKeyId != truncatedKeyId)
                continue;
            var refuses = key.RefusesToSign(now);
            if (refuses is null)
                return key;
            if (refuses != BankError.UnknownKey)
                refusal = refuses;
        }

        return refusal ?? BankError.UnknownKey;
    }

    /// <summary>The bytes that no new key may have: those of keys that sign or will sign, and while there is room
    /// those of keys that ended and live on, the latest first. A request that was made in time and comes late is then
    /// refused, where a new key with the same byte would sign it and debit its own value.</summary>
    public HashSet<byte> TakenBytes(UnixTime now, int most)
    {
        var taken = Keys.Where(key => !key.IsPastWithdrawal(now))
            .Select(key => key.PublicKey.TruncatedKeyId).ToHashSet();
        var ended = Keys.Where(key => key.IsPastWithdrawal(now) && now < key.Statement.Content.ExpiresAt)
            .OrderByDescending(key => key.Statement.Content.WithdrawUntil);
        foreach (var key in ended)
            if (taken.Count < most)
                taken.Add(key.PublicKey.TruncatedKeyId);
        return taken;
    }

    public DenominationSet With(DenominationKey changed) =>
        new([.. Keys.Where(key => key.Number != changed.Number), changed]);

    /// <summary>What the bank lists, oldest first.</summary>
    public DenominationList List(UnixTime now)
    {
        var listed = Keys.Where(key => key.IsOffered && now < key.Statement.Content.ExpiresAt).ToArray();
        return new DenominationList(
            [.. listed.Select(key => new ListedDenomination(key.Statement, key.Proof!))],
            [.. listed.Where(key => key.RevocationProof is not null).Select(key => key.RevocationProof!)]);
    }

    private sealed class KeyIdComparer :
        IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static KeyIdComparer Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(byte[] keyId) => GetHashCode((ReadOnlySpan<byte>)keyId);

        public int GetHashCode(ReadOnlySpan<byte> keyId) => keyId.Length < 4 ? 0 : BitConverter.ToInt32(keyId);

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}

/// <summary>Holds the present set, replaced on the database's writer after the commit of what changed it.</summary>
internal sealed class DenominationShelf
{
    private volatile DenominationSet current = DenominationSet.Empty;
    private volatile Listing? listing;

    public DenominationSet Current => current;

    public void Replace(DenominationSet set)
    {
        current = set;
        listing = null;
    }

    /// <summary>Adds a key, or what has changed of one.</summary>
    public void Put(DenominationKey key) => Replace(current.With(key));

    /// <summary>Puts a key that signs nothing more, and zeroes its private half.</summary>
    public void Unload(DenominationKey key)
    {
        Put(key with { Signer = null });
        key.Signer?.Dispose();
    }

    /// <summary>The list at a time. It is the same object until it changes, so that it is serialised once.</summary>
    public DenominationList List(UnixTime now)
    {
        var last = listing;
        if (last is not null && ReferenceEquals(last.Set, current) && now >= last.From && now < last.Until)
            return last.List;
        var set = current;
        var ends = set.Keys.Select(key => key.Statement.Content.ExpiresAt).Where(end => end > now)
            .DefaultIfEmpty(now.AddSeconds(60)).Min();
        last = new Listing(set, now, ends, set.List(now));
        listing = last;
        return last.List;
    }

    private sealed record Listing(DenominationSet Set, UnixTime From, UnixTime Until, DenominationList List);
}
