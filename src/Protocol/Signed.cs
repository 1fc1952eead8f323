using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.Jose;

namespace Bauta.Protocol;

/// <summary>A message that is signed: its JWS <c>typ</c> keeps it apart from every other.</summary>
/// <typeparam name="TSelf">The message's own type.</typeparam>
public interface IStatement<TSelf>
{
    /// <summary>The JWS <c>typ</c>.</summary>
    static abstract string Typ { get; }

    /// <summary>The largest length of the compact JWS in characters.</summary>
    static abstract int MaxLength { get; }

    /// <summary>How the payload is read and written.</summary>
    static abstract JsonTypeInfo<TSelf> Json { get; }

    /// <summary>Checks what the types alone cannot: sizes, ranges and members that must agree.</summary>
    /// <returns>Whether the message is well formed.</returns>
    bool IsWellFormed();
}

/// <summary>
/// A statement as JWS compact, ES256 (RFC 7515, RFC 7518). The text is kept as it was signed and is what gets
/// verified, stored and passed on; nothing is serialised again.
/// </summary>
/// <typeparam name="T">The statement.</typeparam>
[JsonConverter(typeof(SignedConverter))]
public sealed class Signed<T> : ISignedText, IEquatable<Signed<T>>
    where T : class, IStatement<T>
{
    private readonly Jws jws;

    private Signed(Jws jws, T content) => (this.jws, Content) = (jws, content);

    /// <summary>What is stated.</summary>
    public T Content { get; }

    /// <summary>The RFC 7638 thumbprint of the key that the statement claims to be signed with.</summary>
    public string KeyId => jws.KeyId;

    /// <summary>The compact JWS.</summary>
    public string Text => jws.Text;

    /// <summary>Signs a statement.</summary>
    public static Signed<T> Sign(ISigner key, T content)
    {
        if (!content.IsWellFormed())
            throw new ArgumentException($"This {T.Typ} is not well formed.", nameof(content));
        var text = Jws.Sign(key, T.Typ, JsonSerializer.SerializeToUtf8Bytes(content, T.Json));
        return TryParse(text, out var signed)
            ? signed
            : throw new InvalidOperationException($"A signed {T.Typ} does not parse, or is longer than {T.MaxLength}.");
    }

    /// <summary>Reads a statement strictly: type, length, JSON, form. The signature is not yet verified.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Signed<T>? signed)
    {
        signed = null;
        if (text is null || !Jws.TryParse(text, T.MaxLength, out var jws) || jws.Typ != T.Typ)
            return false;
        if (!StrictJson.TryRead(jws.Payload, T.Json, out var content) || !content.IsWellFormed())
            return false;
        signed = new Signed<T>(jws, content);
        return true;
    }

    /// <summary>Reads a statement and verifies it.</summary>
    public static bool TryParse(string? text, P256PublicKey key, [NotNullWhen(true)] out Signed<T>? signed)
    {
        if (TryParse(text, out signed) && signed.IsSignedBy(key))
            return true;
        signed = null;
        return false;
    }

    /// <summary>Verifies the signature over the text as it was received.</summary>
    public bool IsSignedBy(P256PublicKey key) => jws.Verify(key);

    /// <summary>
    /// Whether the other statement says the same, byte for byte, in the name of the same key. Compare statements that
    /// way wherever the answer matters: anybody can turn a valid ECDSA signature (r, s) into its twin (r, n - s), so
    /// the text of one statement may differ.
    /// </summary>
    public bool SaysTheSameAs(Signed<T>? other) => other is not null && other.KeyId == KeyId
        && other.jws.Payload.AsSpan().SequenceEqual(jws.Payload);

    /// <summary>SHA-256 of the payload, 32 bytes: names what is stated, whichever of its signatures it
    /// carries.</summary>
    public byte[] PayloadHash() => SHA256.HashData(jws.Payload);

    /// <inheritdoc/>
    public bool Equals(Signed<T>? other) => other is not null && other.Text == Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Signed<T>);

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);
}

/// <summary>What all signed statements share: their text.</summary>
public interface ISignedText
{
    /// <summary>The compact JWS.</summary>
    string Text { get; }
}

/// <summary>A signed statement inside JSON: the compact JWS as a string.</summary>
public sealed class SignedConverter : JsonConverterFactory
{
    /// <inheritdoc/>
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(Signed<>);

    /// <inheritdoc/>
    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(
            typeof(Of<>).MakeGenericType(typeToConvert.GetGenericArguments()))!;

    private sealed class Of<T> : JsonConverter<Signed<T>>
        where T : class, IStatement<T>
    {
        public override Signed<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Signed<T>.TryParse(reader.GetString(), out var signed)
                ? signed
                : throw new JsonException($"Not a {T.Typ}.");

        public override void Write(Utf8JsonWriter writer, Signed<T> value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Text);
    }
}

/// <summary>JSON as every party reads it: no unknown, missing, null or duplicate member, no trailing byte.</summary>
public static class StrictJson
{
    /// <summary>Reads a message.</summary>
    public static bool TryRead<T>(ReadOnlySpan<byte> utf8, JsonTypeInfo<T> json, [NotNullWhen(true)] out T? message)
        where T : class
    {
        try
        {
            message = JsonSerializer.Deserialize(utf8, json);
            return message is not null;
        }
        catch (Exception malformed) when (malformed is JsonException or FormatException or OverflowException
            or InvalidOperationException or NotSupportedException)
        {
            message = null;
            return false;
        }
    }

    /// <summary>Writes a message.</summary>
    public static byte[] Write<T>(T message, JsonTypeInfo<T> json) =>
        JsonSerializer.SerializeToUtf8Bytes(message, json);
}
