using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.Jose;

namespace Bauta.Protocol.Bank;

/// <summary>
/// Asks the bank that locks another issuer's tokens to close one whose key the issuer revoked. Names no reserve: what
/// is left is credited at the issuer. The same token has the same answer for ever.
/// </summary>
/// <param name="Token">The token, 354 bytes.</param>
/// <param name="Key">SPKI of the token's own key, which signs this.</param>
public sealed record ClosingOrder(byte[] Token, byte[] Key) : IStatement<ClosingOrder>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.closing";

    /// <inheritdoc/>
    public static int MaxLength => 2048;

    /// <inheritdoc/>
    public static JsonTypeInfo<ClosingOrder> Json => ProtocolJson.Default.ClosingOrder;

    /// <inheritdoc/>
    public bool IsWellFormed() => Token.Length == Crypto.PrivacyPass.Token.Size && Key.Length == P256PublicKey.SpkiSize;
}

/// <summary>
/// The locking bank's word to the issuer: this is what was left of a token of a revoked key, and it is never locked
/// again. It pays nothing by itself, since a thief of the key has tokens closed too: the issuer credits it only beside
/// the seed that leads to a withdrawal on its own record.
/// </summary>
/// <param name="Issuer">The issuer's name.</param>
/// <param name="TokenKeyId">SHA-256 of the revoked key's SPKI, 32 bytes.</param>
/// <param name="Serial">The token's nonce, 32 bytes.</param>
/// <param name="Amount">What was left, more than zero.</param>
public sealed record ClosingNote(string Issuer, byte[] TokenKeyId, byte[] Serial, Amount Amount)
    : IStatement<ClosingNote>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.closing-note";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<ClosingNote> Json => ProtocolJson.Default.ClosingNote;

    /// <inheritdoc/>
    public bool IsWellFormed() =>
        Names.IsPartyName(Issuer) && TokenKeyId.Length == 32 && Serial.Length == 32 && Amount > Amount.Zero;

    /// <summary>Whether this closes that token and no other.</summary>
    public bool Closes(string issuer, ReadOnlySpan<byte> tokenKeyId, ReadOnlySpan<byte> serial) =>
        Issuer == issuer && tokenKeyId.SequenceEqual(TokenKeyId) && serial.SequenceEqual(Serial);
}
