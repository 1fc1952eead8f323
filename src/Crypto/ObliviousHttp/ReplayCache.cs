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
/// Remembers the encapsulated keys (<c>enc</c>) of opened requests for at least a time window (RFC 9458 section 6.5.1).
/// Bounded: two generations of at most <c>capacity</c> entries of about 20 bytes. When a generation is full before its
/// time, nothing more is accepted until the window has passed, since forgetting would let replays in. The window is
/// measured on the monotonic clock, so a clock that steps does not open it. Thread-safe.
/// </summary>
public sealed class ReplayCache
{
    /// <summary>Entries of a generation unless another number is given.</summary>
    public const int DefaultCapacity = 1 << 20;

    private readonly TimeProvider _clock;
    private readonly TimeSpan _window;
    private readonly int _capacity;
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _lock = new();
    private HashSet<ulong> _current = [];
    private HashSet<ulong> _previous = [];
    private long _started;

    /// <summary>An empty memory.</summary>
    /// <param name="clock">Measures the window.</param>
    /// <param name="window">How long, at least, an encapsulated key is remembered; up to twice as long.</param>
    /// <param name="capacity">How many requests may be opened within one window.</param>
    public ReplayCache(TimeProvider clock, TimeSpan window, int capacity = DefaultCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(window, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _clock = clock;
        _window = window;
        _capacity = capacity;
        _started = clock.GetTimestamp();
    }

    /// <summary>Whether the key was seen within the window. Remembers nothing.</summary>
    public bool Contains(ReadOnlySpan<byte> encapsulatedKey)
    {
        var entry = EntryOf(encapsulatedKey);
        lock (_lock)
        {
            Advance();
            return _current.Contains(entry) || _previous.Contains(entry);
        }
    }

    /// <summary>Remembers the key unless it was seen within the window.</summary>
    public ReplayVerdict Add(ReadOnlySpan<byte> encapsulatedKey)
    {
        var entry = EntryOf(encapsulatedKey);
        lock (_lock)
        {
            Advance();
            if (_current.Contains(entry) || _previous.Contains(entry))
                return ReplayVerdict.Replayed;
            if (_current.Count >= _capacity)
                return ReplayVerdict.Full;
            _current.Add(entry);
            return ReplayVerdict.Fresh;
        }
    }

    // Nothing is added to a generation older than the window, so whatever is dropped here is at least a window old.
    private void Advance()
    {
        var age = _clock.GetElapsedTime(_started);
        if (age < _window)
            return;
        _previous = age < 2 * _window ? _current : [];
        _current = [];
        _started = _clock.GetTimestamp();
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
