namespace Bauta.Crypto.Jose;

/// <summary>
/// Whoever holds a P-256 private key: this process, another one or a hardware module. Implementations are thread-safe.
/// </summary>
public interface ISigner
{
    /// <summary>The key that verifies what <see cref="Sign"/> makes.</summary>
    P256PublicKey PublicKey { get; }

    /// <summary>Signs with ES256 (RFC 7518 section 3.4): 64 bytes, r then s.</summary>
    byte[] Sign(ReadOnlySpan<byte> message);
}
