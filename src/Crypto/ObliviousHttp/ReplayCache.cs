using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Bauta.Crypto.ObliviousHttp;

/// <summary>What the replay memory says of an encapsulated key.</summary>
public enum ReplayVerdict
{
    /// <summary>Not seen within the window; remembered now.</summary>
    Fresh = 0,

    /// <summary>Seen within the window.</summary>
    Replayed,

    /// <summary>Not seen, but there is no room to remember it.</summary>
    Full,
}

/// <summary>
/// Remembers the encapsulated keys (<c>enc</c>) of opened requests for a time window, or up to an eighth longer (RFC
/// 9458 section 6.5.1). Bounded: <c>capacity</c> entries of 20 to 40 bytes. When it is full, nothing more is accepted
/// until the oldest are old enough, since forgetting them earlier would let replays in. The window is measured on the
/// monotonic clock, so a clock that steps does not open it. Thread-safe.
/// </summary>
public sealed class ReplayCache
{
    /// <summary>Entries unless another number is given.</summary>
    public const int DefaultCapacity = 1 << 21;

    private const int PeriodsPerWindow = 8;

    private readonly TimeProvider _clock;
    private readonly TimeSpan _period;
    private readonly int _capacity;
    private readonly long _born;
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _lock = new();
    // A ring of what came in each period, one more than a window has, since the present one has just begun.
    private readonly HashSet<ulong>[] _periods = [.. Enumerable.Range(0, PeriodsPerWindow + 1).Select(_ => Empty())];
    private long _present;
    private int _count;

    /// <summary>An empty memory.</summary>
    /// <param name="clock">Measures the window.</param>
    /// <param name="window">How long, at least, an encapsulated key is remembered.</param>
    /// <param name="capacity">How many are remembered at most.</param>
    public ReplayCache(TimeProvider clock, TimeSpan window, int capacity = DefaultCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _clock = clock;
        _period = new TimeSpan((window.Ticks + PeriodsPerWindow - 1) / PeriodsPerWindow);
        _capacity = capacity;
        _born = clock.GetTimestamp();
    }

    /// <summary>Whether the key was seen within the window. Remembers nothing.</summary>
    public bool Contains(ReadOnlySpan<byte> encapsulatedKey)
    {
        var entry = EntryOf(encapsulatedKey);
        lock (_lock)
        {
            Advance();
            return Holds(entry);
        }
    }

    /// <summary>Remembers the key unless it was seen within the window.</summary>
    public ReplayVerdict Add(ReadOnlySpan<byte> encapsulatedKey)
    {
        var entry = EntryOf(encapsulatedKey);
        lock (_lock)
        {
            Advance();
            if (Holds(entry))
                return ReplayVerdict.Replayed;
            if (_count >= _capacity)
                return ReplayVerdict.Full;
            _periods[_present % _periods.Length].Add(entry);
            _count++;
            return ReplayVerdict.Fresh;
        }
    }

    private static HashSet<ulong> Empty() => [];

    private bool Holds(ulong entry)
    {
        foreach (var period in _periods)
            if (period.Contains(entry))
                return true;
        return false;
    }

    private void Advance()
    {
        var now = _clock.GetElapsedTime(_born).Ticks / _period.Ticks;
        for (_present = Math.Max(_present, now - _periods.Length); _present < now;)
        {
            ref var oldest = ref _periods[++_present % _periods.Length];
            _count -= oldest.Count;
            oldest = Empty();
        }
    }

    // 64 bits under a secret of this process: nobody can look for a key that collides with somebody else's, and by
    // chance a full memory refuses one request in 2^43, which the client then seals afresh.
    private ulong EntryOf(ReadOnlySpan<byte> encapsulatedKey)
    {
        Span<byte> input = stackalloc byte[_secret.Length + encapsulatedKey.Length];
        _secret.CopyTo(input);
        encapsulatedKey.CopyTo(input[_secret.Length..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }
}
