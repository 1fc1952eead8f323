using System.Security.Cryptography;
using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Storage;

public sealed class SealingKeyTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Fact]
    public void A_sealed_secret_opens_after_the_key_was_read_again_and_only_where_it_belongs()
    {
        var path = directory.File("key");
        byte[] sealedOnce, sealedTwice;
        using (var key = SealingKey.OpenOrCreate(path))
        {
            sealedOnce = key.Seal("secret"u8, "row 1"u8);
            sealedTwice = key.Seal("secret"u8, "row 1"u8);
        }

        Assert.NotEqual(sealedOnce, sealedTwice);
        Assert.Equal(6 + SealingKey.Overhead, sealedOnce.Length);
        using var again = SealingKey.OpenOrCreate(path);
        Assert.Equal("secret"u8, again.Open(sealedOnce, "row 1"u8));
        Assert.ThrowsAny<CryptographicException>(() => again.Open(sealedOnce, "row 2"u8));
        using var other = SealingKey.OpenOrCreate(directory.File("other"));
        Assert.ThrowsAny<CryptographicException>(() => other.Open(sealedOnce, "row 1"u8));
    }

    [Fact]
    public void A_change_of_any_byte_or_length_is_noticed()
    {
        using var key = SealingKey.OpenOrCreate(directory.File("key"));
        var good = key.Seal("secret"u8, "row"u8);
        for (var i = 0; i < good.Length; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= 1;
            Assert.ThrowsAny<CryptographicException>(() => key.Open(bad, "row"u8));
            Assert.ThrowsAny<CryptographicException>(() => key.Open(good.AsSpan(0, i), "row"u8));
        }

        Assert.Empty(key.Open(key.Seal([], []), []));
    }

    [Fact]
    public void Only_the_owner_may_read_the_key_file_and_a_file_of_another_length_is_no_key()
    {
        var path = directory.File("key");
        SealingKey.OpenOrCreate(path).Dispose();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        foreach (var length in (int[])[0, 31, 33])
        {
            File.WriteAllBytes(path, new byte[length]);
            Assert.Throws<StorageException>(() => SealingKey.OpenOrCreate(path));
        }
    }

    [Fact]
    public void Keyed_hashes_differ_by_key_label_and_message()
    {
        using var key = SealingKey.OpenOrCreate(directory.File("key"));
        using var other = SealingKey.OpenOrCreate(directory.File("other"));
        byte[][] hashes =
        [
            key.KeyedHash("a"u8, "1"u8), key.KeyedHash("a"u8, "2"u8), key.KeyedHash("b"u8, "1"u8),
            other.KeyedHash("a"u8, "1"u8),
        ];
        Assert.Equal(4, hashes.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(hashes[0], key.KeyedHash("a"u8, "1"u8));
    }

    public void Dispose() => directory.Dispose();
}
