using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Bauta.Crypto.Hpke;

/// <summary>
/// LabeledExtract and LabeledExpand of RFC 9180 section 4 over HKDF-SHA256 (RFC 5869): every use of the KDF names the
/// suite and the purpose, so that no two purposes share a value.
/// </summary>
internal static class LabeledHkdf
{
    /// <summary>Nh, bytes of a pseudorandom key.</summary>
    internal const int HashSize = 32;

    /// <summary>The most that HKDF-SHA256 expands to.</summary>
    internal const int MaxExpandSize = 255 * HashSize;

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
        var size = Version.Length + suiteId.Length + label.Length + inputKey.Length;
        Span<byte> input = size <= StackSize ? stackalloc byte[size] : new byte[size];
        Concatenate(input, Version, suiteId, label, inputKey);
        HMACSHA256.HashData(salt, input, pseudorandomKey);
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
        HKDF.Expand(HashAlgorithmName.SHA256, pseudorandomKey, output, input);
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
