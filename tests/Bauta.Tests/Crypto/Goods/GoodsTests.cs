using System.Security.Cryptography;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Merkle;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Bauta.Tests.Crypto.Goods;

public class GoodsTests
{
    private const int MiB = 1 << 20;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(MiB - 1, 1)]
    [InlineData(MiB, 1)]
    [InlineData(MiB + 1, 2)]
    [InlineData(5 * MiB, 5)]
    [InlineData(5 * MiB + 17, 6)]
    public async Task Goods_of_any_size_come_back_as_they_went(int size, int chunks)
    {
        using var sale = await Sale.MakeAsync(size);
        Assert.Equal(chunks, sale.Tree.Layout.ChunkCount);
        Assert.Equal(size, sale.Tree.Layout.PlaintextSize);
        Assert.Equal(sale.Ciphertext.Length, sale.Tree.Layout.CiphertextSize);
        Assert.Equal(GoodsVerdict.Good, await sale.Verifier.VerifyAsync(new MemoryStream(sale.Ciphertext), Stop));

        var opened = new MemoryStream();
        Assert.Equal(
            GoodsVerdict.Good, await sale.Decryptor.DecryptAsync(new MemoryStream(sale.Ciphertext), opened, Stop));
        Assert.True(sale.Plaintext.AsSpan().SequenceEqual(opened.ToArray()));

        for (var i = 0; i < chunks; i++)
        {
            var chunk = sale.Chunk(i);
            var proof = sale.Tree.Prove(i);
            Assert.True(sale.Verifier.VerifyChunk(i, chunk, proof));
            var plain = new byte[sale.Tree.Layout.PlaintextLength(i)];
            Assert.Equal(GoodsVerdict.Good, sale.Decryptor.DecryptChunk(i, chunk, proof, plain));
            Assert.True(plain.AsSpan().SequenceEqual(sale.Plaintext.AsSpan(i * MiB, plain.Length)));
        }
    }

    [Fact]
    public async Task Chunks_are_what_the_documented_construction_gives()
    {
        using var sale = await Sale.MakeAsync(2 * MiB + 5);
        var streamKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, Sale.KeyBytes, 32, [], "bauta goods v1"u8.ToArray());
        using var aes = new AesGcm(streamKey, 16);
        byte[][] nonces =
        [
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0],
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1],
        ];
        var tree = new MerkleTree();
        for (var i = 0; i < 3; i++)
        {
            var plain = sale.Plaintext.AsSpan(i * MiB, i < 2 ? MiB : 5);
            var (cipher, tag) = (new byte[plain.Length], new byte[16]);
            aes.Encrypt(nonces[i], plain, cipher, tag);
            byte[] chunk = [.. cipher, .. tag];
            Assert.True(chunk.AsSpan().SequenceEqual(sale.Chunk(i)));
            tree.Append(MerkleHash.Leaf(chunk));
        }

        Assert.Equal(tree.Root, sale.Tree.Root);
    }

    [Fact]
    public async Task The_root_does_not_depend_on_how_the_stream_hands_out_its_bytes()
    {
        using var sale = await Sale.MakeAsync(3 * MiB + 11);
        using var encryptor = new GoodsEncryptor(sale.Key);
        var tree = await encryptor.ComputeTreeAsync(new TricklingStream(sale.Plaintext), Stop);
        Assert.Equal(sale.Tree.Root, tree.Root);
        Assert.Equal(sale.Tree.ExportLeaves(), tree.ExportLeaves());
    }

    [Fact]
    public async Task A_turned_bit_anywhere_is_refused()
    {
        using var sale = await Sale.MakeAsync(2 * MiB + 100);
        var positions = Gen.Choose(0, sale.Ciphertext.Length * 8 - 1).ToArbitrary();
        Prop.ForAll(positions, bit =>
        {
            var bytes = sale.Ciphertext.ToArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            var index = bit / 8 / GoodsLayout.CiphertextChunkSize;
            var chunk = bytes.AsSpan(index * GoodsLayout.CiphertextChunkSize, sale.Tree.Layout.CiphertextLength(index));
            var proof = sale.Tree.Prove(index);
            Assert.False(sale.Verifier.VerifyChunk(index, chunk, proof));
            var plain = new byte[sale.Tree.Layout.PlaintextLength(index)];
            Assert.Equal(GoodsVerdict.NotUnderRoot, sale.Decryptor.DecryptChunk(index, chunk, proof, plain));
            Assert.False(plain.AsSpan().ContainsAnyExcept((byte)0));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(10));

        sale.Ciphertext[MiB + 50] ^= 1;
        Assert.Equal(GoodsVerdict.NotUnderRoot, await sale.DecryptAsync(sale.Ciphertext));
        Assert.Equal(
            GoodsVerdict.NotUnderRoot, await sale.Verifier.VerifyAsync(new MemoryStream(sale.Ciphertext), Stop));
    }

    [Fact]
    public async Task Chunks_in_another_order_are_refused()
    {
        using var sale = await Sale.MakeAsync(4 * MiB);
        byte[] swapped = [.. sale.Chunk(1), .. sale.Chunk(0), .. sale.Chunk(2), .. sale.Chunk(3)];
        Assert.Equal(GoodsVerdict.NotUnderRoot, await sale.DecryptAsync(swapped));
        byte[] repeated = [.. sale.Chunk(0), .. sale.Chunk(0), .. sale.Chunk(2), .. sale.Chunk(3)];
        Assert.Equal(GoodsVerdict.NotUnderRoot, await sale.DecryptAsync(repeated));
        Assert.False(sale.Verifier.VerifyChunk(0, sale.Chunk(1), sale.Tree.Prove(0)));
        Assert.False(sale.Verifier.VerifyChunk(0, sale.Chunk(1), sale.Tree.Prove(1)));
        var plain = new byte[MiB];
        Assert.Equal(
            GoodsVerdict.NotUnderRoot, sale.Decryptor.DecryptChunk(0, sale.Chunk(1), sale.Tree.Prove(1), plain));
    }

    [Fact]
    public async Task Ciphertext_cut_or_lengthened_is_refused()
    {
        using var sale = await Sale.MakeAsync(2 * MiB + 100);
        int[] lengths =
        [
            0, 1, 15, 16, GoodsLayout.CiphertextChunkSize - 1, GoodsLayout.CiphertextChunkSize,
            2 * GoodsLayout.CiphertextChunkSize, sale.Ciphertext.Length - 16, sale.Ciphertext.Length - 1,
        ];
        foreach (var length in lengths)
            Assert.Equal(GoodsVerdict.WrongLength, await sale.DecryptAsync(sale.Ciphertext[..length]));
        Assert.Equal(GoodsVerdict.WrongLength, await sale.DecryptAsync([.. sale.Ciphertext, 0]));
        Assert.Equal(GoodsVerdict.WrongLength, await sale.DecryptAsync([.. sale.Ciphertext, .. sale.Chunk(0)]));
        Assert.Equal(
            GoodsVerdict.WrongLength, await sale.Verifier.VerifyAsync(new MemoryStream(sale.Ciphertext[..^1]), Stop));

        var plain = new byte[MiB];
        var proof = sale.Tree.Prove(0);
        Assert.Equal(GoodsVerdict.WrongLength, sale.Decryptor.DecryptChunk(0, sale.Chunk(0)[..^1], proof, plain));
        Assert.Equal(GoodsVerdict.WrongLength, sale.Decryptor.DecryptChunk(3, sale.Chunk(0), proof, plain));
        Assert.Equal(GoodsVerdict.WrongLength, sale.Decryptor.DecryptChunk(-1, sale.Chunk(0), proof, plain));
    }

    [Fact]
    public async Task Goods_cut_at_a_chunk_do_not_decrypt_even_under_a_root_made_for_the_cut()
    {
        // A dishonest merchant signs the root of a prefix: the last-chunk mark inside the nonce gives it away.
        using var sale = await Sale.MakeAsync(3 * MiB);
        var layout = new GoodsLayout(2 * MiB);
        var tree = GoodsTree.FromLeaves(layout, [sale.Tree.Leaves[0], sale.Tree.Leaves[1]]);
        using var decryptor = new GoodsDecryptor(sale.Key, layout, tree.Root);
        var cut = sale.Ciphertext[..(2 * GoodsLayout.CiphertextChunkSize)];
        Assert.Equal(
            GoodsVerdict.DoesNotDecrypt, await decryptor.DecryptAsync(new MemoryStream(cut), Stream.Null, Stop));
    }

    [Fact]
    public async Task Another_key_is_told_from_damaged_ciphertext()
    {
        using var sale = await Sale.MakeAsync(MiB + 9);
        using var other = GoodsKey.Generate();
        using var decryptor = new GoodsDecryptor(other, sale.Tree.Layout, sale.Tree.Root);
        var opened = new MemoryStream();
        Assert.Equal(
            GoodsVerdict.DoesNotDecrypt, await decryptor.DecryptAsync(new MemoryStream(sale.Ciphertext), opened, Stop));
        Assert.Equal(0, opened.Length);
        var plain = new byte[9];
        Assert.Equal(
            GoodsVerdict.DoesNotDecrypt, decryptor.DecryptChunk(1, sale.Chunk(1), sale.Tree.Prove(1), plain));
        sale.Ciphertext[^1] ^= 1;
        Assert.Equal(
            GoodsVerdict.NotUnderRoot, await decryptor.DecryptAsync(new MemoryStream(sale.Ciphertext), opened, Stop));
    }

    [Fact]
    public async Task A_file_changed_since_the_offer_is_not_encrypted_again()
    {
        using var sale = await Sale.MakeAsync(2 * MiB);
        using var encryptor = new GoodsEncryptor(sale.Key);
        var file = new MemoryStream(sale.Plaintext.ToArray());
        var chunk = await encryptor.EncryptChunkAsync(sale.Tree, 1, file, Stop);
        Assert.True(sale.Chunk(1).SequenceEqual(chunk));
        file.Position = MiB + 3;
        file.WriteByte((byte)(sale.Plaintext[MiB + 3] ^ 1));
        Assert.Null(await encryptor.EncryptChunkAsync(sale.Tree, 1, file, Stop));
        Assert.NotNull(await encryptor.EncryptChunkAsync(sale.Tree, 0, file, Stop));
        file.SetLength(MiB + 3);
        Assert.Null(await encryptor.EncryptChunkAsync(sale.Tree, 1, file, Stop));
        var refused = new byte[GoodsLayout.CiphertextChunkSize];
        Assert.False(encryptor.TryEncryptChunk(sale.Tree, 0, new byte[MiB], refused));
        Assert.False(refused.AsSpan().ContainsAnyExcept((byte)0));
        Assert.Throws<ArgumentException>(() => encryptor.TryEncryptChunk(sale.Tree, 0, new byte[5], refused));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => encryptor.TryEncryptChunk(sale.Tree, 2, new byte[MiB], refused));
    }

    [Fact]
    public async Task The_tree_comes_back_from_its_leaves()
    {
        using var sale = await Sale.MakeAsync(5 * MiB);
        var again = GoodsTree.FromLeaves(sale.Tree.Layout, sale.Tree.ExportLeaves());
        Assert.Equal(sale.Tree.Root, again.Root);
        for (var i = 0; i < 5; i++)
            Assert.Equal(sale.Tree.Prove(i), again.Prove(i));
        Assert.Throws<ArgumentException>(
            () => GoodsTree.FromLeaves(sale.Tree.Layout, sale.Tree.ExportLeaves().AsSpan(32)));
        Assert.Throws<ArgumentException>(() => GoodsTree.FromLeaves(sale.Tree.Layout, [sale.Tree.Root]));
        Assert.Throws<ArgumentOutOfRangeException>(() => sale.Tree.Prove(5));
    }

    [Fact]
    public void Sizes_that_somebody_states_are_bounded()
    {
        Assert.True(GoodsLayout.TryCreate(GoodsLayout.MaxPlaintextSize, out var layout));
        Assert.Equal(MiB, layout.ChunkCount);
        Assert.False(GoodsLayout.TryCreate(GoodsLayout.MaxPlaintextSize + 1, out _));
        Assert.False(GoodsLayout.TryCreate(-1, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GoodsLayout(-1));
    }

    /// <summary>Goods sold under a fixed key, with all their ciphertext.</summary>
    private sealed class Sale : IDisposable
    {
        private Sale(byte[] plaintext, GoodsKey key, GoodsTree tree, byte[] ciphertext)
        {
            (Plaintext, Key, Tree, Ciphertext) = (plaintext, key, tree, ciphertext);
            Verifier = new(tree.Layout, tree.Root);
            Decryptor = new(key, tree.Layout, tree.Root);
        }

        public static byte[] KeyBytes { get; } = SHA256.HashData("a goods key"u8);

        public byte[] Plaintext { get; }

        public GoodsKey Key { get; }

        public GoodsTree Tree { get; }

        public byte[] Ciphertext { get; }

        public GoodsVerifier Verifier { get; }

        public GoodsDecryptor Decryptor { get; }

        public static async Task<Sale> MakeAsync(int size)
        {
            var plaintext = new byte[size];
            for (var i = 0; i < size; i++)
                plaintext[i] = (byte)((i ^ (i >> 8) ^ (i >> 16)) & 0xff);
            var key = GoodsKey.FromBytes(KeyBytes);
            using var encryptor = new GoodsEncryptor(key);
            var file = new MemoryStream(plaintext);
            var tree = await encryptor.ComputeTreeAsync(file);
            var ciphertext = new MemoryStream();
            for (var i = 0; i < tree.Layout.ChunkCount; i++)
            {
                Assert.Equal(tree.Layout.CiphertextOffset(i), ciphertext.Length);
                ciphertext.Write(await encryptor.EncryptChunkAsync(tree, i, file));
            }

            return new(plaintext, key, tree, ciphertext.ToArray());
        }

        public ReadOnlySpan<byte> Chunk(int index) => Ciphertext.AsSpan(
            (int)Tree.Layout.CiphertextOffset(index), Tree.Layout.CiphertextLength(index));

        public Task<GoodsVerdict> DecryptAsync(byte[] ciphertext) =>
            Decryptor.DecryptAsync(new MemoryStream(ciphertext), Stream.Null);

        public void Dispose()
        {
            Decryptor.Dispose();
            Key.Dispose();
        }
    }

    /// <summary>Gives a few bytes at each reading, as a network does.</summary>
    private sealed class TricklingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, 70_001)], cancellationToken);
    }
}
