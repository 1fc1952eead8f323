using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Bauta.Crypto.BlindRsa;

/// <summary>EMSA-PSS (RFC 8017 section 9.1.1) with SHA-384 and MGF1 with SHA-384, for a salt that is given.</summary>
internal static class EmsaPss
{
    private const int DigestSize = SHA384.HashSizeInBytes;

    /// <summary>Encodes into <paramref name="modulusBits"/> - 1 bits, in whole bytes.</summary>
    internal static byte[] Encode(ReadOnlySpan<byte> message, ReadOnlySpan<byte> salt, int modulusBits)
    {
        var bits = modulusBits - 1;
        var size = (bits + 7) / 8;

        // 2. mHash = Hash(M)
        Span<byte> digest = stackalloc byte[DigestSize];
        SHA384.HashData(message, digest);

        // 3. If emLen < hLen + sLen + 2, output "encoding error" and stop.
        if (size < DigestSize + salt.Length + 2)
            throw new ArgumentException("The modulus is too short for this hash and salt.", nameof(modulusBits));

        // 5, 6. H = Hash(0x00 * 8 || mHash || salt)
        Span<byte> seeded = stackalloc byte[8 + DigestSize + salt.Length];
        seeded.Clear();
        digest.CopyTo(seeded[8..]);
        salt.CopyTo(seeded[(8 + DigestSize)..]);
        Span<byte> hash = stackalloc byte[DigestSize];
        SHA384.HashData(seeded, hash);

        // 7, 8. DB = PS || 0x01 || salt
        var encoded = new byte[size];
        var block = encoded.AsSpan(0, size - DigestSize - 1);
        block[^(salt.Length + 1)] = 0x01;
        salt.CopyTo(block[^salt.Length..]);

        // 9, 10. maskedDB = DB xor MGF1(H, emLen - hLen - 1)
        XorMask(hash, block);

        // 11. Set the leftmost 8emLen - emBits bits of the leftmost octet in maskedDB to zero.
        block[0] &= (byte)(0xff >> ((8 * size) - bits));

        // 12. EM = maskedDB || H || 0xbc
        hash.CopyTo(encoded.AsSpan(block.Length));
        encoded[^1] = 0xbc;
        return encoded;
    }

    // MGF1 (RFC 8017 appendix B.2.1) xored onto the block.
    private static void XorMask(ReadOnlySpan<byte> seed, Span<byte> block)
    {
        Span<byte> input = stackalloc byte[DigestSize + sizeof(uint)];
        Span<byte> mask = stackalloc byte[DigestSize];
        seed.CopyTo(input);
        for (var offset = 0; offset < block.Length; offset += DigestSize)
        {
            BinaryPrimitives.WriteInt32BigEndian(input[DigestSize..], offset / DigestSize);
            SHA384.HashData(input, mask);
            var count = Math.Min(DigestSize, block.Length - offset);
            for (var index = 0; index < count; index++)
                block[offset + index] ^= mask[index];
        }
    }
}
