using System.Security.Cryptography;
using Bauta.Crypto.Hpke;
using Xunit;

namespace Bauta.Tests.Crypto.Hpke;

public class LabeledHkdfTests
{
    // RFC 5869 appendix A.1 and A.2 (SHA-256, short and long), A.3 (no salt, no info).
    [Theory]
    [InlineData(22, 13, 10, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")]
    [InlineData(80, 80, 80, "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244")]
    [InlineData(22, 0, 0, "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04")]
    public void Extracts_as_the_RFC_says(int keySize, int saltSize, int infoSize, string expected)
    {
        var key = keySize == 22 ? Enumerable.Repeat((byte)0x0b, 22).ToArray() : Bytes(0, 80);
        var salt = saltSize == 80 ? Bytes(0x60, 80) : Bytes(0, saltSize);
        var prk = new byte[32];
        LabeledHkdf.Extract(salt, key, prk);
        Assert.Equal(expected, Convert.ToHexStringLower(prk));
        var info = Bytes(infoSize == 80 ? 0xb0 : 0xf0, infoSize);
        Assert.Equal(HKDF.Expand(HashAlgorithmName.SHA256, prk, 82, info), Expand(prk, info, 82));
    }

    [Fact]
    public void Is_the_framework_s_hkdf_at_every_size_of_key_info_and_output()
    {
        foreach (var size in (int[])[0, 1, 31, 32, 33, 63, 64, 65, 97, 130, 400, 447, 448, 449, 1000])
        {
            var bytes = Bytes(7, size);
            var prk = new byte[32];
            LabeledHkdf.Extract(bytes, [1, 2, 3], prk);
            Assert.Equal(HKDF.Extract(HashAlgorithmName.SHA256, [1, 2, 3], bytes), prk);
            LabeledHkdf.Extract([1, 2, 3], bytes, prk);
            Assert.Equal(HKDF.Extract(HashAlgorithmName.SHA256, bytes, [1, 2, 3]), prk);
            foreach (var length in (int[])[1, 16, 32, 33, 64, 65, 8160])
                Assert.Equal(HKDF.Expand(HashAlgorithmName.SHA256, prk, length, bytes), Expand(prk, bytes, length));
        }
    }

    private static byte[] Expand(byte[] prk, byte[] info, int length)
    {
        var output = new byte[length];
        LabeledHkdf.Expand(prk, info, output);
        return output;
    }

    private static byte[] Bytes(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(i => unchecked((byte)i))];
}
