using Bauta.Protocol.Merchant;

namespace Bauta.Wallet.Purchase;

/// <summary>What the customer lets the shop have beside the payment; with nothing said, as little as the shop
/// takes.</summary>
/// <param name="Proof">One of <see cref="DeliveryProof"/>; null: what the shop demands.</param>
/// <param name="Pseudonym">A label: the purchase is acknowledged with the key of this label, the same at every purchase
/// with it, so shops can tell that they are one customer's. Null: with a key of this purchase only.</param>
/// <param name="Name">What the customer is called in the contract.</param>
/// <param name="Release">When the shop releases the key and to whom, one of <see cref="ReleaseTerm"/>; null: the usual
/// way.</param>
/// <param name="Rests">Whether what is left of tokens that were spent in part pays as well (5.1): the bank can then
/// tell that those payments are one customer's.</param>
public sealed record CustomerTerms(
    string? Proof = null, string? Pseudonym = null, string? Name = null, string? Release = null, bool Rests = false)
{
    /// <summary>The longest label, in characters.</summary>
    public const int MaxPseudonymLength = 64;

    /// <summary>Whether this is a label: 1 to 64 of a-z, 0-9, dot and hyphen, so that it is typed in one way
    /// only.</summary>
    public static bool IsPseudonym(string label) => label is { Length: >= 1 and <= MaxPseudonymLength }
        && label.All(letter =>
            char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '.' or '-');
}
