using System.Text;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Storage;

namespace Bauta.Host.CounterVerbs;

/// <summary>Receipts and cards as they are given on a command line: a text, or a file.</summary>
internal static class ReceiptInput
{
    private const int MaxFile = ReceiptFile.MaxLength;

    /// <summary>What a code reader typed, a file with that, or a file with the archive's proof.</summary>
    /// <param name="given">The text or the file's name.</param>
    /// <param name="card">Of the shop: names the archives whose proof counts.</param>
    /// <returns>The receipt, and the leaf that proves the commit, where it came along.</returns>
    public static (PaidReceipt Receipt, VerifiedEntry? Commit) Read(string given, PartyCard card)
    {
        if (PaidReceipt.TryParse(given.Trim(), out var typed))
            return (typed, null);
        var bytes = File.Exists(given)
            ? DurableFile.Read(given, MaxFile)!
            : throw new HostException(ExitCode.NotFound, $"There is no receipt and no file at \"{Short(given)}\".");
        if (PaidReceipt.TryParse(Encoding.UTF8.GetString(bytes).Trim(), out var stored))
            return (stored, null);
        if (!ReceiptFile.TryParse(bytes, out var file))
            throw new HostException(ExitCode.NotProven, $"{given} is not a receipt.");
        foreach (var text in card.Merchant!.Policies)
            if (ArchivePolicy.TryParse(text, out var policy) && file.PaidUnder(policy) is { } paid
                && policy.TryVerify(file.Decision, out var commit))
                return (paid, commit);
        throw new HostException(ExitCode.NotProven,
            $"{given} is not proven: no archive of {card.Name} committed this receipt with its quorum of witnesses.");
    }

    /// <summary>A merchant's card from a file, as its <c>/.well-known/bauta</c> gives it out.</summary>
    public static Signed<PartyCard> Card(string path)
    {
        var bytes = DurableFile.Read(path, PartyCard.MaxLength)
            ?? throw new HostException(ExitCode.NotFound, $"{path} is missing.");
        return Signed<PartyCard>.TryParse(Encoding.ASCII.GetString(bytes).Trim(), out var card)
            && card.Content.Role == Protocol.Parties.Roles.Merchant && card.IsSignedBy(card.Content.IdentityKey())
            ? card
            : throw new HostException(ExitCode.BadFile,
                $"{path} is not a shop's card. Get it from the shop: SHOP-URL/.well-known/bauta");
    }

    private static string Short(string text) => text.Length <= 60 ? text : text[..60] + "...";
}
