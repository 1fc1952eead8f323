using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Bauta.Crypto.Hpke;

/// <summary>
/// HKDF-SHA256 (RFC 5869), and LabeledExtract and LabeledExpand of RFC 9180 section 4 over it: every use there names
/// the suite and the purpose, so that no two purposes share a value. An exchange takes some twenty of these, so HMAC is
/// built on the one-shot hash here, which costs a third of the framework's HMAC and HKDF.
/// </summary>
internal static class LabeledHkdf
{
    /// <summary>Nh, bytes of a pseudorandom key.</summary>
    internal const int HashSize = SHA256.HashSizeInBytes;

    /// <summary>The most that HKDF-SHA256 expands to.</summary>
    internal const int MaxExpandSize = 255 * HashSize;

    private const int BlockSize = 64;
    private const int StackSize = 512;

    private static ReadOnlySpan<byte> Version => "HPKE-v1"u8;

    /// <summary>Extract(salt, "HPKE-v1" || suite_id || label || ikm).</summary>
    internal static void Extract(
        ReadOnlySpan<byte> suiteId,
        ReadOnlySpan<byte> salt,
        ReadOnlySpan<byte> label,
        ReadOnlySpan<byte> inputKey,
        Span<byte> pseudorandomKey)
    {
        var size = BlockSize + Version.Length + suiteId.Length + label.Length + inputKey.Length;
        Span<byte> input = size <= StackSize ? stackalloc byte[size] : new byte[size];
        Concatenate(input[BlockSize..], Version, suiteId, label, inputKey);
        Hmac(salt, input, pseudorandomKey);
        CryptographicOperations.ZeroMemory(input);
    }

    /// <summary>Expand(prk, I2OSP(L, 2) || "HPKE-v1" || suite_id || label || info, L).</summary>
    internal static void Expand(
        ReadOnlySpan<byte> suiteId,
        ReadOnlySpan<byte> pseudorandomKey,
        ReadOnlySpan<byte> label,
        ReadOnlySpan<byte> info,
        Span<byte> output)
    {
        if (output.Length > MaxExpandSize)
            throw new ArgumentOutOfRangeException(nameof(output), "HKDF-SHA256 expands to at most 8160 bytes.");
        var size = sizeof(ushort) + Version.Length + suiteId.Length + label.Length + info.Length;
        Span<byte> input = size <= StackSize ? stackalloc byte[size] : new byte[size];
        BinaryPrimitives.WriteUInt16BigEndian(input, (ushort)output.Length);
        Concatenate(input[sizeof(ushort)..], Version, suiteId, label, info);
        Expand(pseudorandomKey, input, output);
    }

    /// <summary>HKDF-Extract of RFC 5869 section 2.2.</summary>
    internal static void Extract(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> inputKey, Span<byte> pseudorandomKey)
    {
        var size = BlockSize + inputKey.Length;
        Span<byte> input = size <= StackSize ? stackalloc byte[size] : new byte[size];
        inputKey.CopyTo(input[BlockSize..]);
        Hmac(salt, input, pseudorandomKey);
        CryptographicOperations.ZeroMemory(input);
    }

    /// <summary>HKDF-Expand of RFC 5869 section 2.3: T(i) = HMAC(prk, T(i-1) || info || i).</summary>
    internal static void Expand(ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output)
    {
        var size = BlockSize + HashSize + info.Length + 1;
        Span<byte> input = size <= StackSize ? stackalloc byte[size] : new byte[size];
        info.CopyTo(input[(BlockSize + HashSize)..]);
        Span<byte> block = stackalloc byte[HashSize];
        for (var counter = 1; !output.IsEmpty; counter++)
        {
            input[^1] = (byte)counter;
            // T(0) is empty, so the first round leaves its place out: the pad is written in front of the info.
            var round = counter == 1 ? input[HashSize..] : input;
            Hmac(pseudorandomKey, round, block);
            block.CopyTo(input[BlockSize..]);
            var take = Math.Min(HashSize, output.Length);
            block[..take].CopyTo(output);
            output = output[take..];
        }

        CryptographicOperations.ZeroMemory(input);
        CryptographicOperations.ZeroMemory(block);
    }

    // HMAC of RFC 2104 over what stands behind the first 64 bytes of the input, which are overwritten.
    private static void Hmac(ReadOnlySpan<byte> key, Span<byte> input, Span<byte> output)
    {
        Span<byte> outer = stackalloc byte[BlockSize + HashSize];
        var pad = input[..BlockSize];
        pad.Clear();
        if (key.Length > BlockSize)
            SHA256.HashData(key, pad);
        else
            key.CopyTo(pad);
        for (var index = 0; index < BlockSize; index++)
        {
            outer[index] = (byte)(pad[index] ^ 0x5c);
            pad[index] ^= 0x36;
        }

        SHA256.HashData(input, outer[BlockSize..]);
        SHA256.HashData(outer, output);
        CryptographicOperations.ZeroMemory(outer);
    }

    private static void Concatenate(
        Span<byte> output, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c, ReadOnlySpan<byte> d)
    {
        a.CopyTo(output);
        output = output[a.Length..];
        b.CopyTo(output);
        output = output[b.Length..];
        c.CopyTo(output);
        d.CopyTo(output[c.Length..]);
    }
}
