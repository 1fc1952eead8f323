using System.Buffers.Binary;
using System.Numerics;

namespace Bauta.Simulation;

/// <summary>All that is left to chance in a simulated world, drawn from its seed (xoshiro256**). For nothing that must
/// stay secret.</summary>
internal sealed class Chance
{
    private readonly ulong[] state = new ulong[4];

    /// <param name="seed">The world's.</param>
    /// <param name="stream">Draws of one stream do not move those of another.</param>
    public Chance(ulong seed, ulong stream)
    {
        unchecked
        {
            var mix = seed ^ (stream * 0xD1342543DE82EF95);
            for (var i = 0; i < state.Length; i++)
            {
                // SplitMix64, which leaves no state of zeros.
                mix += 0x9E3779B97F4A7C15;
                var z = mix;
                z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
                z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
                state[i] = z ^ (z >> 31);
            }
        }
    }

    public ulong Next()
    {
        unchecked
        {
            var result = BitOperations.RotateLeft(state[1] * 5, 7) * 9;
            var t = state[1] << 17;
            state[2] ^= state[0];
            state[3] ^= state[1];
            state[1] ^= state[2];
            state[0] ^= state[3];
            state[2] ^= t;
            state[3] = BitOperations.RotateLeft(state[3], 45);
            return result;
        }
    }

    /// <summary>0 to <paramref name="limit"/> - 1. Its bias does not matter here.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>Both ends may come.</summary>
    public int Between(int from, int to) => from + Below(to - from + 1);

    /// <summary>So often in a million.</summary>
    public bool Happens(int perMillion) => perMillion > 0 && Below(1_000_000) < perMillion;

    public void Fill(Span<byte> bytes)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, Next());
        if (bytes.IsEmpty)
            return;
        BinaryPrimitives.WriteUInt64LittleEndian(word, Next());
        word[..bytes.Length].CopyTo(bytes);
    }
}
