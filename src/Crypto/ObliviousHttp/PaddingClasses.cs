using Bauta.Crypto.BinaryHttp;

namespace Bauta.Crypto.ObliviousHttp;

/// <summary>
/// The sizes that encapsulated requests and responses are padded to, so that a size says little about a content:
/// 1 KiB, 4 KiB, 16 KiB, 64 KiB, 256 KiB, and 1 MiB + 64 KiB, into which a range of 1 MiB fits with its Merkle path and
/// its headers. Around each sealed message that is nested in another, 512 bytes are added: enough for what the outer
/// one needs, and the same for everybody, so that an outer size tells no more than the inner one.
/// </summary>
public static class PaddingClasses
{
    /// <summary>Bytes that each layer of nesting adds.</summary>
    public const int LayerSize = 512;

    /// <summary>The deepest layer; layer 0 is sealed to the party called, layer 1 to the mask before it.</summary>
    public const int MaxLayer = 3;

    /// <summary>Bytes of the largest encapsulated message of any layer.</summary>
    public const int Largest = LargestBase + MaxLayer * LayerSize;

    private const int LargestBase = 1024 * 1024 + 64 * 1024;

    private static readonly int[] baseSizes = [1024, 4 * 1024, 16 * 1024, 64 * 1024, 256 * 1024, LargestBase];

    /// <summary>The sizes of layer 0, smallest first.</summary>
    public static IReadOnlyList<int> Sizes => baseSizes;

    /// <summary>Limits of the messages inside: a content is as long as the largest class at most.</summary>
    public static BinaryHttpLimits Limits { get; } = new() { MaxContentBytes = Largest };

    /// <summary>Bytes of the largest encapsulated message of a layer.</summary>
    public static int LargestOf(int layer) => LargestBase + Check(layer) * LayerSize;

    /// <summary>The smallest size of a class that <paramref name="needed"/> encapsulated bytes fit into.</summary>
    /// <returns>False when they fit into none.</returns>
    public static bool TrySizeFor(int needed, int layer, out int size)
    {
        foreach (var candidate in baseSizes)
        {
            size = candidate + Check(layer) * LayerSize;
            if (needed <= size)
                return true;
        }

        size = 0;
        return false;
    }

    /// <summary>
    /// The layer of an encapsulated size, or -1 when it is not the size of a class: a mask refuses that.
    /// </summary>
    public static int LayerOf(long size)
    {
        for (var layer = 0; layer <= MaxLayer; layer++)
        {
            if (Array.Exists(baseSizes, candidate => candidate + layer * LayerSize == size))
                return layer;
        }

        return -1;
    }

    private static int Check(int layer) =>
        layer is >= 0 and <= MaxLayer ? layer : throw new ArgumentOutOfRangeException(nameof(layer));
}
