using System.Security.Cryptography;

namespace Bauta.Crypto.BlindRsa;

/// <summary>
/// Whoever holds a private key for blind signatures: this process, another one or a hardware module. Such a key signs
/// nothing else. Implementations are thread-safe and deterministic: the same input has the same answer. Whoever got it
/// disposes of it, which zeroes what this process holds of the key; signing afterwards throws
/// <see cref="ObjectDisposedException"/>.
/// </summary>
public interface IBlindSigner : IDisposable
{
    /// <summary>The key that verifies the finished signatures.</summary>
    RsaPublicKey PublicKey { get; }

    /// <summary>BlindSign of RFC 9474 section 4.3: 256 bytes in, 256 bytes out.</summary>
    /// <exception cref="BlindedMessageException">The input is one that must not be signed.</exception>
    /// <exception cref="CryptographicException">The operation failed; nothing was released.</exception>
    byte[] BlindSign(ReadOnlySpan<byte> blindedMessage);
}

/// <summary>Why a blinded message is refused.</summary>
public enum BlindedMessageRefusal
{
    /// <summary>It is not refused.</summary>
    None = 0,

    /// <summary>It does not have 256 bytes.</summary>
    WrongSize,

    /// <summary>It is the modulus or more, so it is a second spelling of another number.</summary>
    NotBelowModulus,

    /// <summary>It is 0, 1 or the modulus less 1, whose signatures are themselves.</summary>
    Trivial,
}

/// <summary>A blinded message that must not be signed.</summary>
public sealed class BlindedMessageException : Exception
{
    /// <summary>Names the reason.</summary>
    public BlindedMessageException(BlindedMessageRefusal reason) : base($"The blinded message is refused: {reason}.") =>
        Reason = reason;

    /// <summary>Why.</summary>
    public BlindedMessageRefusal Reason { get; }
}
