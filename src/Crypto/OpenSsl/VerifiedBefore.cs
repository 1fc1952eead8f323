using System.Security.Cryptography;

namespace Bauta.Crypto.OpenSsl;

/// <summary>
/// Remembers what a signature was found to be, for one thread on which all parties of a simulated world run: eight of
/// them verify the same lock note. Anywhere else nothing is remembered.
/// </summary>
internal static class VerifiedBefore
{
    private const int Limit = 100_000;

    [ThreadStatic]
    private static Dictionary<Key, bool>? known;

    private readonly record struct Key(ulong A, ulong B, ulong C, ulong D);

    internal static bool IsOn => known is not null;

    /// <summary>Remembers on this thread from here on, or no more.</summary>
    internal static void Remember(bool on) => known = on ? [] : null;

    /// <summary>Whether to ask, and what is known.</summary>
    internal static bool Verify(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, Verification verify)
    {
        if (known is not { } table)
            return verify(key, message, signature);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        using (var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            Span<byte> lengths = stackalloc byte[2 * sizeof(int)];
            BitConverter.TryWriteBytes(lengths, key.Length);
            BitConverter.TryWriteBytes(lengths[sizeof(int)..], message.Length);
            all.AppendData(lengths);
            all.AppendData(key);
            all.AppendData(message);
            all.AppendData(signature);
            all.GetHashAndReset(hash);
        }

        var name = new Key(
            BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash[8..]), BitConverter.ToUInt64(hash[16..]),
            BitConverter.ToUInt64(hash[24..]));
        if (table.TryGetValue(name, out var isGood))
            return isGood;
        isGood = verify(key, message, signature);
        if (table.Count < Limit)
            table.Add(name, isGood);
        return isGood;
    }

    /// <summary>The verification itself.</summary>
    internal delegate bool Verification(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);
}
