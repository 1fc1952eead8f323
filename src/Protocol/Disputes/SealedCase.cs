using System.Diagnostics.CodeAnalysis;
using Bauta.Crypto.Hpke;
using Bauta.Protocol.Evidence;

namespace Bauta.Protocol.Disputes;

/// <summary>One side of a dispute, as the arbiter alone reads it.</summary>
/// <param name="Format"><see cref="CurrentFormat"/>.</param>
/// <param name="Evidence">What was stated, without P2 and the keys in it: the arbiter need not know which tokens
/// paid.</param>
/// <param name="Text">What the writer has to say, up to 4,000 characters.</param>
/// <param name="Shop">From the customer: where the shop gives the goods out, as URL#THUMBPRINT.</param>
public sealed record DisputeCase(string Format, PurchaseEvidence Evidence, string Text, string? Shop = null)
{
    /// <summary>The only format so far.</summary>
    public const string CurrentFormat = "bauta-case/1";

    /// <summary>The longest text, in characters.</summary>
    public const int MaxTextLength = 4000;

    /// <summary>Whether sizes hold and the evidence names no token.</summary>
    public bool IsWellFormed() => Format == CurrentFormat && Names.IsText(Text, MaxTextLength)
        && Evidence is { Authorization: null, Denominations: null } && Shop is not { Length: > 512 };
}

/// <summary>
/// A case on its way to the arbiter: HPKE base mode (RFC 9180), DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM,
/// <c>info</c> is the label and <c>n</c>. So what is sealed for one transaction opens for no other.
/// </summary>
public static class SealedCase
{
    /// <summary>The longest in bytes.</summary>
    public const int MaxLength = (64 * 1024) + Overhead;

    /// <summary>Bytes that sealing adds: the encapsulated key and the tag.</summary>
    public const int Overhead = 32 + HpkeSuite.TagSize;

    // Spaces behind the JSON, so that the size tells the bank little about it.
    private const int Block = 8 * 1024;

    private static readonly HpkeSuite suite = HpkeSuite.X25519Aes128Gcm;

    /// <summary>Seals a case.</summary>
    /// <returns>The encapsulated key and the ciphertext; null when the case is too long.</returns>
    public static byte[]? TrySeal(ArbiterCard arbiter, TransactionId transaction, DisputeCase @case)
    {
        if (!@case.IsWellFormed() || !HpkePublicKey.TryFromBytes(HpkeKem.X25519, arbiter.CaseKey, out var key))
            return null;
        var json = StrictJson.Write(@case, ProtocolJson.Default.DisputeCase);
        var padded = new byte[(json.Length + Block - 1) / Block * Block];
        if (padded.Length > MaxLength - Overhead)
            return null;
        padded.AsSpan().Fill((byte)' ');
        json.CopyTo(padded, 0);
        using var sender = HpkeSender.Setup(suite, key, Info(transaction));
        return [.. sender.EncapsulatedKey.Span, .. sender.Seal([], padded)];
    }

    /// <summary>Opens a case that was sealed for a transaction.</summary>
    public static bool TryOpen(
        HpkePrivateKey arbiter, TransactionId transaction, ReadOnlySpan<byte> box,
        [NotNullWhen(true)] out DisputeCase? @case)
    {
        @case = null;
        if (box.Length is <= Overhead or > MaxLength
            || !HpkeRecipient.TrySetup(
                suite, arbiter, box[..suite.EncapsulatedKeySize], Info(transaction), out var recipient))
            return false;
        using (recipient)
        {
            if (recipient.TryOpen([], box[suite.EncapsulatedKeySize..], out var json)
                && StrictJson.TryRead(json, ProtocolJson.Default.DisputeCase, out @case) && @case.IsWellFormed())
                return true;
        }

        @case = null;
        return false;
    }

    private static byte[] Info(TransactionId transaction) => [.. "bauta case v1"u8, .. transaction.Bytes];
}
