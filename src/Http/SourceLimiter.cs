using System.Net;
using System.Net.Sockets;

namespace Bauta.Http;

/// <summary>
/// Limits requests per source in constant memory and without keeping any address: a source is a slot, found by a hash
/// that is keyed afresh in every process, so that nobody can aim at another's slot. Thread-safe.
/// </summary>
/// <remarks>
/// The generic cell rate algorithm: a slot holds the time at which its source is even again; a request moves that time
/// one interval on and is refused when it would lie more than the burst ahead of now.
/// </remarks>
public sealed class SourceLimiter
{
    private const int SlotCount = 1 << 14;

    private readonly long[] evenAt = new long[SlotCount];
    private readonly TimeProvider time;
    private readonly long interval;
    private readonly long burst;
    private readonly HashSet<IPAddress> unlimited;

    /// <summary>Makes a limiter.</summary>
    /// <param name="requestsPerSecond">The rate in the long run; 0 is no limit.</param>
    /// <param name="burst">How many at once.</param>
    /// <param name="unlimited">Sources without a limit.</param>
    /// <param name="time">The clock; only its monotonic stamp is used.</param>
    public SourceLimiter(int requestsPerSecond, int burst, IEnumerable<IPAddress> unlimited, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(requestsPerSecond);
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        this.time = time;
        this.unlimited = [.. unlimited];
        interval = requestsPerSecond == 0 ? 0 : Math.Max(1, time.TimestampFrequency / requestsPerSecond);
        this.burst = interval * burst;
    }

    /// <summary>Counts a request of a source.</summary>
    /// <returns>Zero when it may go on, otherwise how long the source should wait.</returns>
    public TimeSpan Take(IPAddress? source)
    {
        if (interval == 0 || source is null || unlimited.Contains(source))
            return TimeSpan.Zero;
        ref var slot = ref evenAt[SlotOf(source, SlotCount)];
        while (true)
        {
            var now = time.GetTimestamp();
            var seen = Volatile.Read(ref slot);
            var next = Math.Max(seen, now) + interval;
            if (next - now > burst)
                return time.GetElapsedTime(now, next - burst);
            if (Interlocked.CompareExchange(ref slot, next, seen) == seen)
                return TimeSpan.Zero;
        }
    }

    /// <summary>One IPv4 address, or one IPv6 /64, is one source.</summary>
    internal static int SlotOf(IPAddress source, int slotCount)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (source.IsIPv4MappedToIPv6)
            source = source.MapToIPv4();
        source.TryWriteBytes(bytes, out var length);
        var hash = new HashCode();
        hash.AddBytes(bytes[..(source.AddressFamily == AddressFamily.InterNetworkV6 ? 8 : length)]);
        return (int)(unchecked((uint)hash.ToHashCode()) % (uint)slotCount);
    }
}

/// <summary>
/// Limits open connections per source, in constant memory like <see cref="SourceLimiter"/>. Thread-safe.
/// </summary>
/// <param name="most">Open connections of one source.</param>
public sealed class ConnectionLimiter(int most)
{
    private const int SlotCount = 1 << 14;

    private readonly int[] open = new int[SlotCount];

    /// <summary>Counts a connection in; the caller gives it back with <see cref="Leave"/> when this is true.</summary>
    public bool TryEnter(IPAddress source)
    {
        ref var slot = ref open[SourceLimiter.SlotOf(source, SlotCount)];
        if (Interlocked.Increment(ref slot) <= most)
            return true;
        Interlocked.Decrement(ref slot);
        return false;
    }

    /// <summary>Counts a connection out.</summary>
    public void Leave(IPAddress source) => Interlocked.Decrement(ref open[SourceLimiter.SlotOf(source, SlotCount)]);
}
