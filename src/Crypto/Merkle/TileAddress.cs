using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Bauta.Crypto.Merkle;

/// <summary>
/// The address of a tile or an entry bundle: C2SP tlog-tiles, height 8, so 256 hashes (8,192 bytes) when full.
/// </summary>
/// <remarks>Path: <c>tile/L/N[.p/W]</c> or <c>tile/entries/N[.p/W]</c>, N in groups of three digits, all but the last
/// with an <c>x</c> before them.</remarks>
public sealed record TileAddress
{
    /// <summary>Height of a tile: it spans so many levels of the tree.</summary>
    public const int Height = 8;

    /// <summary>Hashes or entries in a full tile or bundle.</summary>
    public const int FullWidth = 256;

    /// <summary>Highest level a tile path may name.</summary>
    public const int MaxLevel = 63;

    private const int EntriesLevel = -1;
    private const int MaxPathLength = 64;

    private TileAddress(int level, long index, int width)
    {
        Level = level;
        Index = index;
        Width = width;
    }

    /// <summary>Level of a tile of hashes, 0 to 63; -1 for an entry bundle.</summary>
    public int Level { get; }

    /// <summary>Position of the tile within its level.</summary>
    public long Index { get; }

    /// <summary>Hashes or entries in it, 1 to 256.</summary>
    public int Width { get; }

    /// <summary>Whether this is a bundle of entries and not a tile of hashes.</summary>
    public bool IsEntries => Level == EntriesLevel;

    /// <summary>Whether it holds fewer than 256 hashes or entries.</summary>
    public bool IsPartial => Width < FullWidth;

    /// <summary>The same tile when full.</summary>
    public TileAddress Full => IsPartial ? new(Level, Index, FullWidth) : this;

    /// <summary>Path below the log's prefix, without a leading slash.</summary>
    public string Path
    {
        get
        {
            var path = new StringBuilder("tile/");
            path.Append(IsEntries ? "entries" : Level.ToString(CultureInfo.InvariantCulture)).Append('/');
            path.Append(IndexPath(Index));
            if (IsPartial)
                path.Append(CultureInfo.InvariantCulture, $".p/{Width}");
            return path.ToString();
        }
    }

    /// <summary>A tile of hashes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Level not 0 to 63, negative index, width not 1 to 256.</exception>
    public static TileAddress Tree(int level, long index, int width = FullWidth)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, MaxLevel);
        return Checked(level, index, width);
    }

    /// <summary>A bundle of entries.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative index, width not 1 to 256.</exception>
    public static TileAddress Entries(long index, int width = FullWidth) => Checked(EntriesLevel, index, width);

    /// <summary>How many hashes tile <paramref name="index"/> of a level holds in a tree of this size: 0 to 256.
    /// </summary>
    public static int WidthAt(int level, long index, long treeSize)
    {
        var hashes = level >= Height ? 0 : treeSize >> (Height * level);
        var full = hashes >> Height;
        return index < full ? FullWidth : index == full ? (int)(hashes & (FullWidth - 1)) : 0;
    }

    /// <summary>The tile that holds or implies node (<paramref name="level"/>, <paramref name="index"/>) of a tree of
    /// this size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tree has no such complete node.</exception>
    public static TileAddress OfNode(int level, long index, long treeSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        var tileLevel = level / Height;
        var tileIndex = index >> (Height - level % Height);
        var width = WidthAt(tileLevel, tileIndex, treeSize);
        if (index < 0 || index >= treeSize >> level || width == 0)
            throw new ArgumentOutOfRangeException(nameof(index), index, "The tree has no such complete node.");
        return Tree(tileLevel, tileIndex, width);
    }

    /// <summary>The bundle that holds an entry of a tree of this size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tree has no such entry.</exception>
    public static TileAddress OfEntry(long index, long treeSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, treeSize);
        return Entries(index / FullWidth, WidthAt(0, index / FullWidth, treeSize));
    }

    /// <summary>Reads a path strictly: no leading slash, no extra zeroes, canonical groups of three digits.</summary>
    public static bool TryParse(string path, [NotNullWhen(true)] out TileAddress? address)
    {
        address = null;
        if (path.Length > MaxPathLength || !Ascii.IsValid(path))
            return false;

        var parts = path.Split('/');
        if (parts.Length < 3 || parts[0] != "tile")
            return false;
        long level = EntriesLevel;
        if (parts[1] != "entries"
            && (!StrictText.TryParseDecimal(Encoding.ASCII.GetBytes(parts[1]), out level) || level > MaxLevel))
            return false;

        long width = FullWidth;
        var indexParts = parts.AsSpan(2);
        if (indexParts.Length >= 2 && indexParts[^2].EndsWith(".p", StringComparison.Ordinal))
        {
            if (!StrictText.TryParseDecimal(Encoding.ASCII.GetBytes(indexParts[^1]), out width)
                || width is < 1 or >= FullWidth)
                return false;
            indexParts = indexParts[..^1];
            indexParts[^1] = indexParts[^1][..^2];
        }

        if (!TryParseIndex(indexParts, out var index))
            return false;
        address = new((int)level, index, (int)width);
        return true;
    }

    private static TileAddress Checked(int level, long index, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, FullWidth);
        return new(level, index, width);
    }

    private static string IndexPath(long index)
    {
        var path = (index % 1000).ToString("D3", CultureInfo.InvariantCulture);
        for (index /= 1000; index > 0; index /= 1000)
            path = string.Create(CultureInfo.InvariantCulture, $"x{index % 1000:D3}/{path}");
        return path;
    }

    private static bool TryParseIndex(ReadOnlySpan<string> parts, out long index)
    {
        index = 0;
        var isCanonical = parts.Length is >= 1 and <= 7;
        for (var i = 0; i < parts.Length && isCanonical; i++)
        {
            var digits = parts[i].AsSpan();
            if (i < parts.Length - 1)
            {
                isCanonical = digits.StartsWith("x");
                digits = isCanonical ? digits[1..] : digits;
            }

            isCanonical = isCanonical && digits.Length == 3 && !digits.ContainsAnyExceptInRange('0', '9')
                && index <= (long.MaxValue - GroupValue(digits)) / 1000;
            if (isCanonical)
                index = index * 1000 + GroupValue(digits);
        }

        // A leading group of zeroes would be a second path for the same tile.
        return isCanonical && (parts.Length == 1 || parts[0] != "x000");
    }

    private static int GroupValue(ReadOnlySpan<char> digits) => int.Parse(digits, CultureInfo.InvariantCulture);
}
