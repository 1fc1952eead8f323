using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.Jose;

namespace Bauta.Protocol.Merchant;

/// <summary>
/// A receipt as merchandise (US 6,076,078: "a special case of merchandise which indicates that a payment has been
/// made"). It stands in P1, signed by the merchant, and counts only together with the <c>k xor r</c> that hashes to
/// its commitment: a commit publishes that, and nothing else does. It belongs to whoever has <c>P</c>.
/// </summary>
/// <param name="Transaction">The transaction ID <c>n</c>.</param>
/// <param name="Commitment"><c>c</c> of P1.</param>
/// <param name="Title">What it is for: the title in the contract.</param>
/// <param name="CustomerKey">SPKI of <c>P</c> in P1's terms, 91 bytes.</param>
public sealed record Receipt(TransactionId Transaction, KeyCommitment Commitment, string Title, byte[] CustomerKey)
    : IStatement<Receipt>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.receipt";

    /// <inheritdoc/>
    public static int MaxLength => 2560;

    /// <inheritdoc/>
    public static JsonTypeInfo<Receipt> Json => ProtocolJson.Default.Receipt;

    /// <inheritdoc/>
    public bool IsWellFormed() =>
        Names.IsLine(Title, OfferTerms.MaxTitleLength) && P256PublicKey.TryFromSpki(CustomerKey, out _);

    /// <summary>Whether it says what this P1 says.</summary>
    public bool IsOf(Merchandise promise) => Transaction.Equals(promise.Transaction())
        && Commitment.Equals(promise.Commitment) && Title == promise.Contract.Title
        && CustomerKey.AsSpan().SequenceEqual(promise.Terms?.CustomerKey);

    /// <summary><c>P</c>.</summary>
    public P256PublicKey Customer() => P256PublicKey.FromSpki(CustomerKey);
}

/// <summary>
/// A receipt with what makes it count, as one text of at most <see cref="MaxLength"/> characters: it fits into one QR
/// code (version 40 at level L holds 2,953 bytes). Shows <c>n</c>, what was bought and <c>P</c>; no price, no bank.
/// </summary>
/// <param name="Receipt">What the merchant signed.</param>
/// <param name="MaskedKey"><c>k xor r</c>, as the archive published it, 32 bytes.</param>
public sealed record PaidReceipt(Signed<Receipt> Receipt, byte[] MaskedKey)
{
    /// <summary>How the text begins.</summary>
    public const string Prefix = "bauta-receipt:";

    /// <summary>The longest text.</summary>
    public static int MaxLength => Prefix.Length + Merchant.Receipt.MaxLength + 1 + 43;

    /// <summary>The text: prefix, compact JWS, a tilde, the masked key in base64url.</summary>
    public string Text => $"{Prefix}{Receipt.Text}~{Base64Url.Encode(MaskedKey)}";

    /// <summary>Whether the merchant of this key signed it and the masked key answers its commitment: without a commit
    /// nobody but the merchant has one that does.</summary>
    public bool IsPaidTo(P256PublicKey merchant) => Receipt.IsSignedBy(merchant)
        && KeyCommitment.To(Receipt.Content.Transaction, MaskedKey).Equals(Receipt.Content.Commitment);

    /// <summary>Reads the text strictly. Nothing in it is verified yet.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out PaidReceipt? receipt)
    {
        receipt = null;
        if (text is null || text.Length > MaxLength || !text.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        var parts = text[Prefix.Length..].Split('~');
        if (parts.Length != 2 || !Signed<Receipt>.TryParse(parts[0], out var signed)
            || !Base64Url.TryDecode(parts[1], out var maskedKey) || maskedKey.Length != 32)
            return false;
        receipt = new PaidReceipt(signed, maskedKey);
        return true;
    }
}

/// <summary>
/// The customer's answer at a counter: <c>S_P(n, h(receipt), challenge)</c>. With it the merchant proves that it handed
/// over what the receipt is for.
/// </summary>
/// <param name="Transaction">The transaction ID <c>n</c>.</param>
/// <param name="ReceiptHash">SHA-256 of the payload of the receipt's JWS, 32 bytes.</param>
/// <param name="Challenge">The counter's <see cref="CounterChallenge"/> as text.</param>
public sealed record HandOver(TransactionId Transaction, byte[] ReceiptHash, string Challenge)
    : IStatement<HandOver>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.hand-over";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<HandOver> Json => ProtocolJson.Default.HandOver;

    /// <inheritdoc/>
    public bool IsWellFormed() => ReceiptHash.Length == 32 && CounterChallenge.TryParse(Challenge, out _);

    /// <summary>What <c>P</c> signs.</summary>
    public static HandOver Of(Signed<Receipt> receipt, CounterChallenge challenge) =>
        new(receipt.Content.Transaction, receipt.PayloadHash(), challenge.Text);

    /// <summary>Whether this answer is for exactly this receipt, signed by the key that owns it.</summary>
    public static bool Holds(Signed<HandOver> answer, Signed<Receipt> receipt) =>
        answer.Content.Transaction.Equals(receipt.Content.Transaction)
        && answer.Content.ReceiptHash.AsSpan().SequenceEqual(receipt.PayloadHash())
        && answer.IsSignedBy(receipt.Content.Customer());

    /// <summary>The challenge that was answered.</summary>
    public CounterChallenge Asked() => CounterChallenge.TryParse(Challenge, out var challenge)
        ? challenge
        : throw new InvalidOperationException("A hand-over that is well formed has a challenge.");
}
