namespace Bauta.Archive.Log;

/// <summary>What at most one leaf is about: one bank's lock of one transaction, whether committed or aborted, or a key
/// that one kind of statement is about. 16 or 32 bytes that are hashes.</summary>
internal readonly struct Subject : IEquatable<Subject>
{
    private readonly string? kind;
    private readonly byte[] bytes;

    private Subject(string? kind, byte[] bytes) => (this.kind, this.bytes) = (kind, bytes);

    public static Subject OfDecision(byte[] bytes) => new(null, bytes);

    public static Subject OfStatement(string kind, byte[] bytes) => new(kind, bytes);

    public bool Equals(Subject other) => kind == other.kind && bytes.AsSpan().SequenceEqual(other.bytes);

    public override bool Equals(object? obj) => obj is Subject other && Equals(other);

    public override int GetHashCode() => BitConverter.ToInt32(bytes, 0);
}
