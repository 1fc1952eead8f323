using System.Diagnostics.CodeAnalysis;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;

namespace Bauta.Protocol.Evidence;

/// <summary>
/// A receipt with the archive's proof that it was paid: what a stranger to the merchant can check offline, who knows
/// the merchant's key and the archive's policy. A QR code has no room for it.
/// </summary>
/// <param name="Format"><see cref="CurrentFormat"/>.</param>
/// <param name="Receipt">What the merchant signed.</param>
/// <param name="Decision">P5a: the commit, with its proof.</param>
public sealed record ReceiptFile(string Format, Signed<Receipt> Receipt, LoggedEntry Decision)
{
    /// <summary>The only format so far.</summary>
    public const string CurrentFormat = "bauta-receipt/1";

    /// <summary>The largest file in bytes.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>Reads a file strictly. Nothing in it is verified yet.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out ReceiptFile? file)
    {
        file = null;
        return utf8.Length <= MaxLength && StrictJson.TryRead(utf8, ProtocolJson.Default.ReceiptFile, out file)
            && file.Format == CurrentFormat;
    }

    /// <summary>The file's bytes.</summary>
    public byte[] ToBytes() => StrictJson.Write(this, ProtocolJson.Default.ReceiptFile);

    /// <summary>The receipt with the key that this archive published for it; null when the decision does not verify
    /// under the policy, is no commit, or is one of another transaction or key.</summary>
    public PaidReceipt? PaidUnder(ArchivePolicy policy)
    {
        if (!policy.TryVerify(Decision, out var logged) || logged.Entry.Kind != LogEntry.Commit
            || logged.Entry.LockNote!.Content is not { } note
            || !note.Transaction.Equals(Receipt.Content.Transaction)
            || !note.Commitment.Equals(Receipt.Content.Commitment)
            || !Release.Matches(logged.Entry.Release!, note))
            return null;
        return new PaidReceipt(Receipt, logged.Entry.Release!.Content.MaskedKey);
    }
}
