using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Bauta.Crypto.Merkle;

namespace Bauta.Crypto.Notes;

/// <summary>
/// One signature line of a C2SP signed note: who signed, with which key, and the signature's bytes. Not verified.
/// </summary>
/// <remarks>
/// <code>
/// "— " name " " base64(uint32 keyId || opaque signature[1..]) "\n"   // keyId big-endian
/// </code>
/// </remarks>
public sealed record NoteSignature
{
    /// <summary>Most bytes that a signature may have; the largest kind assigned today has 2,428.</summary>
    public const int MaxSize = 8192;

    private const int KeyIdSize = 4;

    private readonly byte[] bytes;

    /// <summary>A signature line from its parts.</summary>
    /// <exception cref="ArgumentException">Invalid name, or signature empty or above 8,192 bytes.</exception>
    public NoteSignature(string name, uint keyId, ReadOnlySpan<byte> signature)
    {
        if (!NoteText.IsValidName(name))
            throw new ArgumentException("A key name has no spaces and no plus and is not empty.", nameof(name));
        if (signature.Length is 0 or > MaxSize)
            throw new ArgumentException("A signature has between 1 and 8,192 bytes.", nameof(signature));
        Name = name;
        KeyId = keyId;
        bytes = signature.ToArray();
    }

    private static ReadOnlySpan<byte> Prefix => "— "u8;

    /// <summary>Name of the key that is said to have signed.</summary>
    public string Name { get; }

    /// <summary>First four bytes of the hash of name, kind and public key.</summary>
    public uint KeyId { get; }

    /// <summary>The signature without the key ID.</summary>
    public ReadOnlySpan<byte> Signature => bytes;

    /// <summary>Reads one line, without its newline.</summary>
    public static bool TryParse(ReadOnlySpan<byte> line, [NotNullWhen(true)] out NoteSignature? signature)
    {
        signature = null;
        if (!line.StartsWith(Prefix))
            return false;
        line = line[Prefix.Length..];
        var space = line.IndexOf((byte)' ');
        if (space < 0 || !NoteText.TryReadName(line[..space], out var name)
            || line.Length - space > MaxSize * 2
            || !StrictText.TryDecodeBase64(line[(space + 1)..], out var bytes)
            || bytes.Length is <= KeyIdSize or > KeyIdSize + MaxSize)
            return false;
        signature = new(name, BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes.AsSpan(KeyIdSize));
        return true;
    }

    /// <summary>Reads signature lines, each ended by a newline; at least one, at most <paramref name="max"/>.</summary>
    public static bool TryParseLines(
        ReadOnlySpan<byte> text, int max, [NotNullWhen(true)] out IReadOnlyList<NoteSignature>? signatures)
    {
        signatures = null;
        var read = new List<NoteSignature>();
        while (!text.IsEmpty)
        {
            if (read.Count == max || !StrictText.TryTakeLine(ref text, out var line) || !TryParse(line, out var one))
                return false;
            read.Add(one);
        }

        signatures = read;
        return read.Count > 0;
    }

    /// <summary>The line, without its newline.</summary>
    public string ToLine()
    {
        var bytes = new byte[KeyIdSize + this.bytes.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, KeyId);
        this.bytes.CopyTo(bytes, KeyIdSize);
        return $"— {Name} {Convert.ToBase64String(bytes)}";
    }

    /// <inheritdoc/>
    public bool Equals(NoteSignature? other) =>
        other is not null && Name == other.Name && KeyId == other.KeyId && bytes.AsSpan().SequenceEqual(other.bytes);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, KeyId);

    /// <inheritdoc/>
    public override string ToString() => ToLine();
}
