using Bauta.Crypto.Merkle;
using Xunit;

namespace Bauta.Tests.Crypto.Merkle;

public class TileTests
{
    [Theory]
    [InlineData(0, 0, 256, "tile/0/000")]
    [InlineData(0, 67, 256, "tile/0/067")]
    [InlineData(0, 1067, 256, "tile/0/x001/067")]
    [InlineData(1, 1234067, 256, "tile/1/x001/x234/067")]
    [InlineData(2, 5, 17, "tile/2/005.p/17")]
    [InlineData(63, 1000, 1, "tile/63/x001/000.p/1")]
    [InlineData(-1, 1234067, 255, "tile/entries/x001/x234/067.p/255")]
    [InlineData(0, long.MaxValue, 256, "tile/0/x009/x223/x372/x036/x854/x775/807")]
    public void Addresses_and_paths_stand_for_each_other(int level, long index, int width, string path)
    {
        var address = level < 0 ? TileAddress.Entries(index, width) : TileAddress.Tree(level, index, width);
        Assert.Equal(path, address.Path);
        Assert.True(TileAddress.TryParse(path, out var parsed));
        Assert.Equal(address, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("tile/0")]
    [InlineData("/tile/0/000")]
    [InlineData("tile/0/000/")]
    [InlineData("tile/00/000")]
    [InlineData("tile/64/000")]
    [InlineData("tile/-1/000")]
    [InlineData("tile/0/0")]
    [InlineData("tile/0/0000")]
    [InlineData("tile/0/x000/000")]
    [InlineData("tile/0/001/000")]
    [InlineData("tile/0/x001")]
    [InlineData("tile/0/X001/000")]
    [InlineData("tile/0/000.p/0")]
    [InlineData("tile/0/000.p/256")]
    [InlineData("tile/0/000.p/01")]
    [InlineData("tile/0/000.p/")]
    [InlineData("tile/0/000.p")]
    [InlineData("tile/0/.p/1")]
    [InlineData("tile/0/00\u0660")]
    [InlineData("tile/entry/000")]
    [InlineData("tile/0/x009/x223/x372/x036/x854/x775/808")]
    [InlineData("tile/0/x001/x009/x223/x372/x036/x854/x775/807")]
    [InlineData("tile/0/../000")]
    [InlineData("nope/0/000")]
    [InlineData("tile/0//000")]
    public void Refuses_paths_that_are_not_canonical(string path) => Assert.False(TileAddress.TryParse(path, out _));

    [Fact]
    public void Widths_are_those_of_the_example_of_the_specification()
    {
        Assert.Equal(256, TileAddress.WidthAt(0, 272, 70_000));
        Assert.Equal(112, TileAddress.WidthAt(0, 273, 70_000));
        Assert.Equal(0, TileAddress.WidthAt(0, 274, 70_000));
        Assert.Equal(256, TileAddress.WidthAt(1, 0, 70_000));
        Assert.Equal(17, TileAddress.WidthAt(1, 1, 70_000));
        Assert.Equal(1, TileAddress.WidthAt(2, 0, 70_000));
        Assert.Equal(0, TileAddress.WidthAt(3, 0, 70_000));
        Assert.Equal(256, TileAddress.WidthAt(0, 0, 256));
        Assert.Equal(0, TileAddress.WidthAt(0, 1, 256));
        Assert.Equal(1, TileAddress.WidthAt(1, 0, 256));
    }

    [Fact]
    public void Proofs_and_roots_made_from_tiles_are_those_of_the_tree()
    {
        const int Size = 70_000;
        var store = new TileStore();
        var builder = new TileBuilder();
        var tree = new MerkleTree();
        var leaves = new MerkleHash[Size];
        for (var i = 0; i < Size; i++)
        {
            leaves[i] = MerkleHash.Leaf(Trees.Entry(i));
            tree.Append(leaves[i]);
            builder.Append(leaves[i]);
        }

        store.Keep(builder.TakeTiles());
        Assert.Equal(273 + 1 + 1 + 1 + 1, store.Tiles.Count);
        Assert.All(store.Tiles, tile => Assert.Equal(tile.Key.Width * 32, tile.Value.Length));
        Assert.Equal(tree.Root, builder.Root);
        Assert.Equal(tree.Root, MerkleTree.RootOf(Size, new TileHashReader(store, Size).Read));
        foreach (var index in new[] { 0, 1, 255, 256, 65_535, 65_536, 69_887, 69_888, Size - 1 })
        {
            var proof = InclusionProof.Generate(index, Size, new TileHashReader(store, Size).Read);
            Assert.True(InclusionProof.Verify(leaves[index], index, Size, proof, tree.Root));
            Assert.All(TileHashReader.TilesForInclusion(index, Size), tile => Assert.Contains(tile, store.Tiles));
        }

        foreach (var old in new[] { 1, 255, 256, 257, 65_536, 69_000, Size - 1 })
        {
            var proof = ConsistencyProof.Generate(old, Size, new TileHashReader(store, Size).Read);
            var oldRoot = Trees.DefinedRoot(leaves.AsSpan(..old));
            Assert.True(ConsistencyProof.Verify(old, oldRoot, Size, tree.Root, proof));
        }
    }

    [Fact]
    public void Level_1_hashes_are_the_roots_of_full_level_0_tiles()
    {
        var store = new TileStore();
        var builder = new TileBuilder();
        for (var i = 0; i < 600; i++)
            builder.Append(MerkleHash.Leaf(Trees.Entry(i)));
        store.Keep(builder.TakeTiles());

        var leaves = Enumerable.Range(0, 512).Select(i => MerkleHash.Leaf(Trees.Entry(i))).ToArray();
        byte[] expected =
        [
            .. Trees.DefinedRoot(leaves.AsSpan(..256)).Span, .. Trees.DefinedRoot(leaves.AsSpan(256..)).Span,
        ];
        Assert.Equal(expected, store.Tiles[TileAddress.Tree(1, 0, 2)].ToArray());
    }

    [Fact]
    public void Published_in_steps_and_restored_in_between_the_tiles_are_the_same()
    {
        var atOnce = new TileStore();
        var inSteps = new TileStore();
        var whole = new TileBuilder();
        var part = new TileBuilder();
        var publishedSizes = new List<long>();
        for (var i = 0; i < 1_500; i++)
        {
            whole.Append(MerkleHash.Leaf(Trees.Entry(i)));
            part.Append(MerkleHash.Leaf(Trees.Entry(i)));
            if (i % 97 != 0 && (i + 1) % 256 != 0)
                continue;
            inSteps.Keep(part.TakeTiles());
            Assert.Empty(part.TakeTiles());
            publishedSizes.Add(part.Size);
            part = TileBuilder.Restore(part.Size, inSteps);
            Assert.Equal(whole.Root, part.Root);
        }

        inSteps.Keep(part.TakeTiles());
        atOnce.Keep(whole.TakeTiles());
        Assert.All(atOnce.Tiles, tile => Assert.Equal(tile.Value.ToArray(), inSteps.Tiles[tile.Key].ToArray()));
        Assert.Equal(whole.Root, MerkleTree.RootOf(1_500, new TileHashReader(inSteps, 1_500).Read));

        // Every size that was published has the tiles that its checkpoint needs.
        Assert.All(publishedSizes, size => MerkleTree.RootOf(size, new TileHashReader(inSteps, size).Read));
    }

    [Fact]
    public void Refuses_a_tile_of_the_wrong_length_and_a_node_beyond_the_tree()
    {
        var store = new TileStore();
        var builder = new TileBuilder();
        for (var i = 0; i < 10; i++)
            builder.Append(MerkleHash.Leaf(Trees.Entry(i)));
        store.Keep(builder.TakeTiles());
        store.Tiles[TileAddress.Tree(0, 0, 10)] = store.Tiles[TileAddress.Tree(0, 0, 10)][1..];
        Assert.Throws<InvalidDataException>(() => new TileHashReader(store, 10).Read(0, 0));
        Assert.Throws<InvalidDataException>(() => TileBuilder.Restore(10, store));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TileHashReader(store, 10).Read(0, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TileHashReader(store, 10).Read(3, 1));
    }

    [Fact]
    public void Entry_bundles_come_back_as_they_went_and_match_their_tile()
    {
        var entries = new ReadOnlyMemory<byte>[] { new byte[] { 1, 2 }, Array.Empty<byte>(), new byte[65_535] };
        var bundle = EntryBundle.Encode(entries);
        Assert.Equal([0, 2, 1, 2, 0, 0, 0xff, 0xff], bundle[..8]);
        Assert.True(EntryBundle.TryDecode(bundle, 3, out var decoded));
        Assert.Equal(entries.Select(entry => entry.ToArray()), decoded.Select(entry => entry.ToArray()));

        var tile = entries.SelectMany(entry => MerkleHash.Leaf(entry.Span).ToArray()).ToArray();
        Assert.True(EntryBundle.TryDecodeVerified(bundle, tile, out _));
        tile[40] ^= 1;
        Assert.False(EntryBundle.TryDecodeVerified(bundle, tile, out _));
        Assert.False(EntryBundle.TryDecodeVerified(bundle, tile.AsSpan(1), out _));
    }

    [Fact]
    public void Refuses_bundles_that_are_cut_too_long_or_of_another_width()
    {
        var bundle = EntryBundle.Encode([new byte[] { 1, 2 }, new byte[] { 3 }]);
        for (var length = 0; length < bundle.Length; length++)
            Assert.False(EntryBundle.TryDecode(bundle.AsMemory(0, length), 2, out _));
        Assert.False(EntryBundle.TryDecode((byte[])[.. bundle, 0], 2, out _));
        Assert.False(EntryBundle.TryDecode(bundle, 1, out _));
        Assert.False(EntryBundle.TryDecode(bundle, 3, out _));
        Assert.False(EntryBundle.TryDecode(bundle, 257, out _));
        Assert.Throws<ArgumentException>(() => EntryBundle.Encode([new byte[65_536]]));
        Assert.Throws<ArgumentException>(
            () => EntryBundle.Encode([.. Enumerable.Repeat(ReadOnlyMemory<byte>.Empty, 257)]));
    }

    [Fact]
    public void A_bundle_has_up_to_256_entries_which_may_be_empty()
    {
        Assert.True(EntryBundle.TryDecode(default, 0, out var none));
        Assert.Empty(none);
        var bundle = EntryBundle.Encode([.. Enumerable.Repeat(ReadOnlyMemory<byte>.Empty, 256)]);
        Assert.True(EntryBundle.TryDecode(bundle, 256, out var full));
        Assert.Equal(256, full.Length);
    }

    [Theory]
    [InlineData(-1, 0, 1)]
    [InlineData(64, 0, 1)]
    [InlineData(0, -1, 1)]
    [InlineData(0, 0, 0)]
    [InlineData(0, 0, 257)]
    public void There_is_no_such_tile(int level, long index, int width) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TileAddress.Tree(level, index, width));

    [Fact]
    public void An_entry_lies_in_the_bundle_that_a_tree_of_this_size_has()
    {
        Assert.Equal("tile/entries/000.p/5", TileAddress.OfEntry(4, 5).Path);
        Assert.Equal("tile/entries/001", TileAddress.OfEntry(256, 512).Path);
        Assert.Equal("tile/entries/001", TileAddress.OfEntry(256, 257).Full.Path);
        Assert.Throws<ArgumentOutOfRangeException>(() => TileAddress.OfEntry(5, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => TileAddress.OfEntry(-1, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => TileAddress.OfNode(-1, 0, 5));
        // A shift by 64 is one by none.
        Assert.Equal(0, TileAddress.WidthAt(8, 0, long.MaxValue));
    }

    [Fact]
    public void The_tiles_that_are_named_beforehand_are_those_that_are_read()
    {
        const long size = 70_000;
        Assert.Equal(
            ["tile/0/003", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17"],
            TileHashReader.TilesForInclusion(1000, size).Select(tile => tile.Path).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"],
            TileHashReader.TilesForRoot(size).Select(tile => tile.Path).Order(StringComparer.Ordinal));
        Assert.Throws<ArgumentOutOfRangeException>(() => TileBuilder.Restore(-1, new TileStore()));
    }

    /// <summary>Tiles in memory, as a log would serve them.</summary>
    private sealed class TileStore : ITileSource
    {
        public Dictionary<TileAddress, ReadOnlyMemory<byte>> Tiles { get; } = [];

        public void Keep(IEnumerable<TileData> tiles)
        {
            foreach (var tile in tiles)
                Tiles[tile.Address] = tile.Bytes;
        }

        public ReadOnlyMemory<byte> Read(TileAddress tile) => Tiles[tile];
    }
}
