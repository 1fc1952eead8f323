using Bauta.Crypto.BlindRsa;

namespace Bauta.Bank.Denominations;

/// <summary>
/// Where the private denomination keys live: files, another process or a hardware module. Whatever it answers is
/// durable. Safe for concurrent use.
/// </summary>
public interface IDenominationKeys
{
    /// <summary>Makes a key and keeps it. The caller disposes of what it gets.</summary>
    /// <param name="isWanted">Told the public key; when it says no, the key is dropped and another one is made.</param>
    IBlindSigner Create(Func<RsaPublicKey, bool> isWanted);

    /// <summary>A key that is kept, or null. The caller disposes of it.</summary>
    /// <param name="keyId">SHA-256 of its SPKI.</param>
    IBlindSigner? TryOpen(ReadOnlySpan<byte> keyId);

    /// <summary>Destroys a key that signs nothing more, so that it cannot be stolen later.</summary>
    void Destroy(ReadOnlySpan<byte> keyId);

    /// <summary>At a start: removes what a bank that was killed had begun to write. A key that is whole stays,
    /// announced or not: a bank that is started on another database by mistake must not lose its keys.</summary>
    void Sweep();
}
