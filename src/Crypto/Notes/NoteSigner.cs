using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Bauta.Crypto.Signatures;

namespace Bauta.Crypto.Notes;

/// <summary>Signs notes. Implementations are thread-safe; the key may live in another process.</summary>
public interface INoteSigner
{
    /// <summary>The key that verifies what this signs.</summary>
    NoteVerifier Verifier { get; }

    /// <summary>Signs a note's text, which ends in a newline.</summary>
    NoteSignature Sign(ReadOnlySpan<byte> text);
}

/// <summary>Signs notes with Ed25519 (type 0x01), as a log signs its checkpoints. Thread-safe.</summary>
public sealed class NoteSigner : INoteSigner, IDisposable
{
    private readonly Ed25519PrivateKey key;

    /// <summary>Takes over a key; it is disposed with this.</summary>
    /// <exception cref="ArgumentException">Invalid name.</exception>
    public NoteSigner(string name, Ed25519PrivateKey key)
    {
        Verifier = NoteVerifier.Create(name, NoteKeyType.Ed25519, key.PublicKey);
        this.key = key;
    }

    /// <inheritdoc/>
    public NoteVerifier Verifier { get; }

    /// <summary>Makes a new random key.</summary>
    /// <exception cref="ArgumentException">Invalid name.</exception>
    public static NoteSigner Generate(string name) => new(name, Ed25519PrivateKey.Generate());

    /// <summary>Reads an skey of type 0x01: <c>PRIVATE+KEY+name+keyId+base64(type || seed)</c>.</summary>
    public static bool TryParse(string skey, [NotNullWhen(true)] out NoteSigner? signer)
    {
        signer = SecretKeyText.TryParse(skey, NoteKeyType.Ed25519, out var name, out var key) ? new(name, key) : null;
        return signer is not null;
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public NoteSignature Sign(ReadOnlySpan<byte> text) => new(Verifier.Name, Verifier.KeyId, key.Sign(text));

    /// <summary>The skey: a secret, to be stored under protection.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public string ExportSecretKey() => SecretKeyText.Write(Verifier, key);

    /// <inheritdoc/>
    public void Dispose() => key.Dispose();
}

/// <summary>
/// Cosigns checkpoints with Ed25519 and the time (type 0x04, C2SP tlog-cosignature), as a witness does. Thread-safe.
/// </summary>
public sealed class Cosigner : INoteSigner, IDisposable
{
    private readonly Ed25519PrivateKey key;
    private readonly TimeProvider time;

    /// <summary>Takes over a key; it is disposed with this.</summary>
    /// <exception cref="ArgumentException">Invalid name.</exception>
    public Cosigner(string name, Ed25519PrivateKey key, TimeProvider time)
    {
        Verifier = NoteVerifier.Create(name, NoteKeyType.Cosignature, key.PublicKey);
        this.key = key;
        this.time = time;
    }

    /// <inheritdoc/>
    public NoteVerifier Verifier { get; }

    /// <summary>Makes a new random key.</summary>
    /// <exception cref="ArgumentException">Invalid name.</exception>
    public static Cosigner Generate(string name, TimeProvider time) => new(name, Ed25519PrivateKey.Generate(), time);

    /// <summary>Reads an skey of type 0x04: <c>PRIVATE+KEY+name+keyId+base64(type || seed)</c>.</summary>
    public static bool TryParse(string skey, TimeProvider time, [NotNullWhen(true)] out Cosigner? cosigner)
    {
        cosigner = SecretKeyText.TryParse(skey, NoteKeyType.Cosignature, out var name, out var key)
            ? new(name, key, time)
            : null;
        return cosigner is not null;
    }

    /// <summary>Cosigns a checkpoint's text at the present time.</summary>
    /// <exception cref="ArgumentException">The text is not a checkpoint.</exception>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public NoteSignature Sign(ReadOnlySpan<byte> text) => Sign(text, time.GetUtcNow().ToUnixTimeSeconds());

    /// <summary>Cosigns a checkpoint's text at a given POSIX time.</summary>
    /// <exception cref="ArgumentException">The text is not a checkpoint.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time is not after 1970.</exception>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public NoteSignature Sign(ReadOnlySpan<byte> text, long timestampSeconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(timestampSeconds);
        if (!Checkpoint.TryParse(text, out _))
            throw new ArgumentException("Only checkpoints are cosigned.", nameof(text));
        var signature = new byte[CosignedMessage.SignatureSize];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(signature, timestampSeconds);
        key.Sign(CosignedMessage.Encode(timestampSeconds, text)).CopyTo(signature, CosignedMessage.TimestampSize);
        return new(Verifier.Name, Verifier.KeyId, signature);
    }

    /// <summary>The skey: a secret, to be stored under protection.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public string ExportSecretKey() => SecretKeyText.Write(Verifier, key);

    /// <inheritdoc/>
    public void Dispose() => key.Dispose();
}

/// <summary>The text form of a private note key, as Go's note package writes it.</summary>
internal static class SecretKeyText
{
    private const string Prefix = "PRIVATE+KEY+";

    public static bool TryParse(
        string skey, NoteKeyType expected, out string name, [NotNullWhen(true)] out Ed25519PrivateKey? key)
    {
        key = null;
        name = "";
        if (skey.Length > NoteVerifier.MaxVkeyLength || !skey.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        var parts = skey[Prefix.Length..].Split('+', 3);
        if (parts.Length != 3 || !NoteText.IsValidName(parts[0])
            || !NoteVerifier.TryReadKeyId(parts[1], out var keyId)
            || !NoteVerifier.TryReadKey(parts[2], out var type, out var seed))
            return false;

        var candidate = Ed25519PrivateKey.FromSeed(seed);
        CryptographicOperations.ZeroMemory(seed);
        if (type != expected || NoteVerifier.Create(parts[0], type, candidate.PublicKey).KeyId != keyId)
        {
            candidate.Dispose();
            return false;
        }

        name = parts[0];
        key = candidate;
        return true;
    }

    public static string Write(NoteVerifier verifier, Ed25519PrivateKey key)
    {
        var seed = key.ExportSeed();
        byte[] bytes = [(byte)verifier.Type, .. seed];
        var text = $"{Prefix}{verifier.Name}+{verifier.KeyId:x8}+{Convert.ToBase64String(bytes)}";
        CryptographicOperations.ZeroMemory(seed);
        CryptographicOperations.ZeroMemory(bytes);
        return text;
    }
}
