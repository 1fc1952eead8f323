namespace Bauta.Archive.Log;

/// <summary>
/// Says of a subject that it is certainly not among those added; of one in a thousand that is not, it does not say so.
/// A split block Bloom filter (Putze, Sanders, Singler 2007): a block of 512 bits for each subject, one bit in each of
/// its eight words, 16 bits for each subject in all. Not safe for concurrent use.
/// </summary>
/// <remarks>Subjects are hashes already, so their own bits choose block and bits.</remarks>
/// <param name="layerBits">A layer is made for two to this many subjects: with 20, 2 MiB.</param>
/// <param name="maxLayers">With 32, 64 MiB for 33 million decisions.</param>
internal sealed class SubjectFilter(int layerBits = 20, int maxLayers = 32)
{
    private const int WordsInBlock = 8;
    private const int BitsForEach = 16;
    private const int BitsOfPlace = 6;

    private readonly long capacity = maxLayers * (1L << layerBits);
    private readonly List<ulong[]> layers = [];
    private long count;

    /// <summary>More were added than it holds: it says nothing any more.</summary>
    public bool IsFull { get; private set; }

    public void Add(UInt128 subject)
    {
        if (count == capacity)
        {
            IsFull = true;
            return;
        }

        if (count++ >> layerBits == layers.Count)
            layers.Add(new ulong[(1 << layerBits) * BitsForEach / 64]);
        var block = Block(layers[^1], subject);
        for (var (i, places) = (0, Low(subject)); i < WordsInBlock; i++, places >>= BitsOfPlace)
            block[i] |= 1UL << (int)(places & 63);
    }

    /// <summary>Whether the subject may have been added.</summary>
    public bool MayHold(UInt128 subject)
    {
        if (IsFull)
            return true;
        foreach (var layer in layers)
        {
            if (Holds(Block(layer, subject), Low(subject)))
                return true;
        }

        return false;
    }

    private static bool Holds(ReadOnlySpan<ulong> block, ulong places)
    {
        for (var i = 0; i < WordsInBlock; i++, places >>= BitsOfPlace)
            if ((block[i] & 1UL << (int)(places & 63)) == 0)
                return false;
        return true;
    }

    private static ulong Low(UInt128 subject) => (ulong)(subject & ulong.MaxValue);

    private static Span<ulong> Block(ulong[] layer, UInt128 subject)
    {
        var blocks = (ulong)(layer.Length / WordsInBlock);
        return layer.AsSpan((int)((ulong)(subject >> 64) % blocks) * WordsInBlock, WordsInBlock);
    }
}
