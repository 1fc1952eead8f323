using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Signatures;

namespace Bauta.Crypto.Notes;

/// <summary>Kinds of note signature that are known here, by their identifier byte in C2SP signed-note.</summary>
public enum NoteKeyType
{
    /// <summary>Ed25519 over the note text.</summary>
    Ed25519 = 0x01,

    /// <summary>Timestamped Ed25519 cosignature of a checkpoint: C2SP tlog-cosignature, cosignature/v1.</summary>
    Cosignature = 0x04,
}

/// <summary>
/// A public key that verifies notes, and its text form, the vkey of C2SP signed-note. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// vkey  = name "+" hex(keyId) "+" base64(type || public key[32])
/// keyId = SHA-256(name || 0x0A || type || public key)[:4]
/// </code>
/// </remarks>
public sealed class NoteVerifier : IEquatable<NoteVerifier>
{
    /// <summary>Most characters of a vkey.</summary>
    public const int MaxVkeyLength = 512;

    private const int KeyIdDigits = 8;

    private static readonly SearchValues<char> lowerHexDigits = SearchValues.Create("0123456789abcdef");

    private readonly byte[] keyBytes;

    private NoteVerifier(string name, NoteKeyType type, Ed25519PublicKey key)
    {
        Name = name;
        Type = type;
        Key = key;
        keyBytes = key.ToBytes();
        KeyId = ComputeKeyId(name, type, keyBytes);
    }

    /// <summary>Name of the key.</summary>
    public string Name { get; }

    /// <summary>What it signs and how.</summary>
    public NoteKeyType Type { get; }

    /// <summary>The Ed25519 key.</summary>
    public Ed25519PublicKey Key { get; }

    /// <summary>Short identifier; together with the name it picks this key among those known.</summary>
    public uint KeyId { get; }

    /// <summary>Makes the verifier of a key.</summary>
    /// <exception cref="ArgumentException">Invalid name or unknown type.</exception>
    public static NoteVerifier Create(string name, NoteKeyType type, Ed25519PublicKey key)
    {
        if (!NoteText.IsValidName(name))
            throw new ArgumentException("A key name has no spaces and no plus and is not empty.", nameof(name));
        return type is NoteKeyType.Ed25519 or NoteKeyType.Cosignature
            ? new(name, type, key)
            : throw new ArgumentException("Unknown kind of note key.", nameof(type));
    }

    /// <summary>Reads a vkey in canonical form only; its key ID must be the one computed.</summary>
    public static bool TryParse(string vkey, [NotNullWhen(true)] out NoteVerifier? verifier)
    {
        verifier = null;
        if (vkey.Length > MaxVkeyLength)
            return false;
        var parts = vkey.Split('+', 3);
        if (parts.Length != 3 || !NoteText.IsValidName(parts[0])
            || !TryReadKey(parts[2], out var type, out var bytes)
            || !Ed25519PublicKey.TryFromBytes(bytes, out var key))
            return false;
        var candidate = new NoteVerifier(parts[0], type, key);
        if (!TryReadKeyId(parts[1], out var keyId) || keyId != candidate.KeyId)
            return false;
        verifier = candidate;
        return true;
    }

    /// <summary>Reads a vkey.</summary>
    /// <exception cref="FormatException">Not a vkey of a kind known here.</exception>
    public static NoteVerifier Parse(string vkey) => TryParse(vkey, out var verifier)
        ? verifier
        : throw new FormatException("Not a verifier key of type 0x01 or 0x04: name+id+base64.");

    /// <summary>Whether a signature line names this key.</summary>
    public bool IsNamedBy(NoteSignature signature) => signature.KeyId == KeyId && signature.Name == Name;

    /// <summary>Verifies one signature line over a note's text.</summary>
    /// <param name="text">The signed text with its final newline.</param>
    /// <param name="signature">The line; it must name this key.</param>
    /// <param name="timestampSeconds">POSIX time of a cosignature, 1 to 2^63-1; null for a plain signature.</param>
    public bool TryVerify(ReadOnlySpan<byte> text, NoteSignature signature, out long? timestampSeconds)
    {
        timestampSeconds = null;
        if (!IsNamedBy(signature))
            return false;
        if (Type == NoteKeyType.Ed25519)
            return Key.Verify(text, signature.Signature);

        if (signature.Signature.Length != CosignedMessage.SignatureSize
            || !Checkpoint.TryParse(text, out _))
            return false;
        var timestamp = BinaryPrimitives.ReadUInt64BigEndian(signature.Signature);
        if (timestamp is 0 or > long.MaxValue
            || !Key.Verify(
                CosignedMessage.Encode((long)timestamp, text), signature.Signature[CosignedMessage.TimestampSize..]))
            return false;
        timestampSeconds = (long)timestamp;
        return true;
    }

    /// <summary>The vkey.</summary>
    public override string ToString() =>
        $"{Name}+{KeyId:x8}+{Convert.ToBase64String([(byte)Type, .. keyBytes])}";

    /// <inheritdoc/>
    public bool Equals(NoteVerifier? other) =>
        other is not null && Name == other.Name && Type == other.Type && Key.Equals(other.Key);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NoteVerifier);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, KeyId);

    internal static bool TryReadKeyId(ReadOnlySpan<char> digits, out uint keyId)
    {
        keyId = 0;
        return digits.Length == KeyIdDigits
            && !digits.ContainsAnyExcept(lowerHexDigits)
            && uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out keyId);
    }

    /// <summary>Reads base64(type || 32 bytes), the tail of a vkey and of an skey alike.</summary>
    internal static bool TryReadKey(string text, out NoteKeyType type, [NotNullWhen(true)] out byte[]? key)
    {
        type = default;
        key = null;
        if (text.Length != MerkleHash.Base64Length
            || !System.Text.Ascii.IsValid(text)
            || !StrictText.TryDecodeBase64(Encoding.ASCII.GetBytes(text), out var bytes)
            || bytes.Length != 1 + Ed25519PublicKey.Size
            || bytes[0] is not ((byte)NoteKeyType.Ed25519 or (byte)NoteKeyType.Cosignature))
            return false;
        type = (NoteKeyType)bytes[0];
        key = bytes[1..];
        CryptographicOperations.ZeroMemory(bytes);
        return true;
    }

    private static uint ComputeKeyId(string name, NoteKeyType type, byte[] key)
    {
        byte[] input = [.. NoteText.StrictUtf8.GetBytes(name), (byte)'\n', (byte)type, .. key];
        return BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(input));
    }
}
