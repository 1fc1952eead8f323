using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Bauta.Crypto.Jose;

namespace Bauta.Protocol;

/// <summary>Makes an identifier of type <typeparamref name="TSelf"/> from its 32 bytes.</summary>
/// <typeparam name="TSelf">The identifier's own type.</typeparam>
public interface IIdentifier<TSelf>
{
    /// <summary>Wraps 32 bytes that the base class has already checked and copied.</summary>
    /// <param name="bytes">Exactly 32 bytes, owned by the identifier from here on.</param>
    /// <returns>The identifier.</returns>
    static abstract TSelf Create(byte[] bytes);
}

/// <summary>
/// A 32-byte identifier, on the wire as 43 characters of unpadded base64url. Two identifiers of different
/// types are never equal. Identifiers do not belong in logs, metrics or traces.
/// </summary>
/// <typeparam name="TSelf">The identifier's own type.</typeparam>
public abstract class Identifier<TSelf> : IEquatable<TSelf>
    where TSelf : Identifier<TSelf>, IIdentifier<TSelf>
{
    /// <summary>Size in bytes.</summary>
    public const int Size = 32;

    private readonly byte[] bytes;

    private protected Identifier(byte[] bytes) => this.bytes = bytes;

    /// <summary>The 32 bytes.</summary>
    public ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>A copy of the 32 bytes, for a database parameter.</summary>
    /// <returns>A new array.</returns>
    public byte[] ToArray() => [.. bytes];

    /// <summary>Makes a random identifier.</summary>
    /// <returns>The identifier.</returns>
    public static TSelf Generate() => TSelf.Create(RandomNumberGenerator.GetBytes(Size));

    /// <summary>Takes an identifier from its 32 bytes.</summary>
    /// <param name="bytes">32 bytes.</param>
    /// <returns>The identifier.</returns>
    /// <exception cref="FormatException">There are not 32 bytes.</exception>
    public static TSelf FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length == Size
        ? TSelf.Create(bytes.ToArray())
        : throw new FormatException($"A {typeof(TSelf).Name} has {Size} bytes.");

    /// <summary>Reads the canonical text form.</summary>
    /// <param name="text">43 characters of base64url.</param>
    /// <param name="identifier">The identifier, when the text is one.</param>
    /// <returns>Whether the text is an identifier.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out TSelf? identifier)
    {
        identifier = null;
        if (text is not { Length: 43 } || !Base64Url.TryDecode(text, out var decoded) || decoded.Length != Size)
            return false;
        identifier = TSelf.Create(decoded);
        return true;
    }

    /// <summary>Reads the canonical text form.</summary>
    /// <param name="text">43 characters of base64url.</param>
    /// <returns>The identifier.</returns>
    /// <exception cref="FormatException">The text is not an identifier.</exception>
    public static TSelf Parse(string text) => TryParse(text, out var identifier)
        ? identifier
        : throw new FormatException($"A {typeof(TSelf).Name} is 43 characters of base64url.");

    /// <inheritdoc/>
    public bool Equals(TSelf? other) => other is not null && bytes.AsSpan().SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TSelf);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(bytes, 0);

    /// <summary>The canonical text form.</summary>
    /// <returns>43 characters of base64url.</returns>
    public override string ToString() => Base64Url.Encode(bytes);
}

/// <summary>Writes an identifier as its text in JSON and reads it strictly.</summary>
/// <typeparam name="T">The identifier's type.</typeparam>
public sealed class IdentifierConverter<T> : JsonConverter<T>
    where T : Identifier<T>, IIdentifier<T>
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Identifier<T>.TryParse(reader.GetString(), out var identifier)
            ? identifier
            : throw new JsonException($"Not a {typeof(T).Name}.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
