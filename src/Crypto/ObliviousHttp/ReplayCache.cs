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

    private readonly TimeProvider clock;
    private readonly TimeSpan period;
    private readonly int capacity;
    private readonly long born;
    private readonly byte[] secret = RandomNumberGenerator.GetBytes(32);
    private readonly Lock sync = new();
    // A ring of what came in each period, one more than a window has, since the present one has just begun.
    private readonly HashSet<ulong>[] periods = [.. Enumerable.Range(0, PeriodsPerWindow + 1).Select(_ => Empty())];
    private long present;
    private int count;

    /// <summary>An empty memory.</summary>
    /// <param name="clock">Measures the window.</param>
    /// <param name="window">How long, at least, an encapsulated key is remembered.</param>
    /// <param name="capacity">How many are remembered at most.</param>
    public ReplayCache(TimeProvider clock, TimeSpan window, int capacity = DefaultCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        this.clock = clock;
        period = new TimeSpan((window.Ticks + PeriodsPerWindow - 1) / PeriodsPerWindow);
        this.capacity = capacity;
        born = clock.GetTimestamp();
    }

    /// <summary>Whether the key was seen within the window. Remembers nothing.</summary>
    public bool Contains(ReadOnlySpan<byte> encapsulatedKey)
    {
        var entry = EntryOf(encapsulatedKey);
        lock (sync)
        {
            Advance();
            return Holds(entry);
        }
    }

    /// <summary>Remembers the key unless it was seen within the window.</summary>
    public ReplayVerdict Add(ReadOnlySpan<byte> encapsulatedKey)
    {
        var entry = EntryOf(encapsulatedKey);
        lock (sync)
        {
            Advance();
            if (Holds(entry))
                return ReplayVerdict.Replayed;
            if (count >= capacity)
                return ReplayVerdict.Full;
            periods[present % periods.Length].Add(entry);
            count++;
            return ReplayVerdict.Fresh;
        }
    }

    private static HashSet<ulong> Empty() => [];

    private bool Holds(ulong entry)
    {
        foreach (var held in periods)
            if (held.Contains(entry))
                return true;
        return false;
    }

    private void Advance()
    {
        var now = clock.GetElapsedTime(born).Ticks / period.Ticks;
        for (present = Math.Max(present, now - periods.Length); present < now;)
        {
            ref var oldest = ref periods[++present % periods.Length];
            count -= oldest.Count;
            oldest = Empty();
        }
    }

    // 64 bits under a secret of this process: nobody can look for a key that collides with somebody else's, and by
    // chance a full memory refuses one request in 2^43, which the client then seals afresh.
    private ulong EntryOf(ReadOnlySpan<byte> encapsulatedKey)
    {
        Span<byte> input = stackalloc byte[secret.Length + encapsulatedKey.Length];
        secret.CopyTo(input);
        encapsulatedKey.CopyTo(input[secret.Length..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }
}
