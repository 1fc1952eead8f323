using Bauta.Bank.Ledger;
using Bauta.Crypto.BlindRsa;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Bank.Denominations;

/// <summary>
/// Where another bank issues the tokens that this one locks: takes over that bank's denominations and revocations, as
/// far as they are signed by it and stand in a log that this bank accepts. What was taken over stays.
/// </summary>
internal sealed class IssuerFollower(
    BankOptions options, BankDatabase database, BankIssuer issuer, IReadOnlyList<ArchivePolicy> policies,
    DenominationShelf shelf)
{
    public async Task RunAsync(CancellationToken cancellation)
    {
        var list = await issuer.Client.DenominationsAsync(cancellation);
        if (list.Denominations.Count > DenominationList.MaxDenominations
            || list.Revocations.Count > DenominationList.MaxDenominations)
            throw new ProtocolViolationException("The issuer lists too many keys.");
        foreach (var listed in list.Denominations)
            await TakeAsync(listed, cancellation);
        foreach (var entry in list.Revocations)
            await RevokeAsync(entry, cancellation);
    }

    private async Task TakeAsync(ListedDenomination listed, CancellationToken cancellation)
    {
        var (key, entry) = (listed.Key, listed.Proof);
        var content = key.Content;
        var publicKey = RsaPublicKey.FromSpki(content.TokenKey);
        if (shelf.Current.TryFind(publicKey.KeyId, out var known))
        {
            if (IsNewer(known.Proof!, entry, LogEntry.Denomination, known.Statement.Text))
                await RenewAsync(known.Number, known.Statement, entry, old => old with { Proof = entry }, cancellation);
            return;
        }

        if (content.Issuer != options.Issuer || content.Currency != options.Currency.Code
            || content.Decimals != options.Currency.Decimals || !key.IsSignedBy(issuer.Key)
            || Verify(entry, LogEntry.Denomination) != key.Text)
            throw new ProtocolViolationException("The issuer lists a key that it does not prove.");
        var taken = new DenominationKey(
            shelf.Current.NextNumber, key, publicKey, publicKey.KeyId, content.Challenge().Digest, entry,
            IsRevoked: false, RevocationProof: null, IsClosed: false, Signer: null, IsOwn: false);
        await database.WriteAsync(
            (transaction, _) =>
            {
                DenominationRows.Insert(transaction, taken, Announcement.Of(LogEntry.Denomination, key, entry));
                transaction.OnCommit(() => shelf.Put(taken));
            },
            cancellation);
    }

    private async Task RevokeAsync(LoggedEntry entry, CancellationToken cancellation)
    {
        if (!Signed<Revocation>.TryParse(Verify(entry, LogEntry.Revocation), issuer.Key, out var revocation)
            || revocation.Content.Issuer != options.Issuer)
            throw new ProtocolViolationException("The issuer lists a revocation that it does not prove.");
        if (!shelf.Current.TryFind(revocation.Content.TokenKeyId, out var key))
            return;
        if (key.IsRevoked)
        {
            if (key.RevocationProof is { } kept && IsNewer(kept, entry, LogEntry.Revocation, revocation.Text))
                await RenewAsync(
                    key.Number, revocation, entry, old => old with { RevocationProof = entry }, cancellation);
            return;
        }

        await database.WriteAsync(
            (transaction, _) =>
            {
                DenominationRows.SetRevocation(
                    transaction, key.Number, Announcement.Of(LogEntry.Revocation, revocation, entry));
                transaction.OnCommit(() => shelf.Put(
                    shelf.Current[key.Number] with { IsRevoked = true, RevocationProof = entry }));
            },
            cancellation);
    }

    /// <summary>Whether the issuer shows a proof that holds in the place of one that no longer does, since other
    /// witnesses count.</summary>
    private bool IsNewer(LoggedEntry kept, LoggedEntry shown, string kind, string statement) =>
        kept.Proof != shown.Proof && Verify(kept, kind) is null && Verify(shown, kind) == statement;

    private Task RenewAsync(
        long number, ISignedText statement, LoggedEntry entry, Func<DenominationKey, DenominationKey> renewed,
        CancellationToken cancellation) =>
        database.WriteAsync(
            (transaction, _) =>
            {
                DenominationRows.SetEntry(transaction, Announcement.IdOf(statement), entry);
                transaction.OnCommit(() => shelf.Put(renewed(shelf.Current[number])));
            },
            cancellation);

    /// <summary>The statement in an entry that one of the accepted logs holds with its quorum.</summary>
    private string? Verify(LoggedEntry entry, string kind)
    {
        foreach (var policy in policies)
            if (policy.TryVerify(entry, out var verified))
                return verified.Entry.Kind == kind ? verified.Entry.Statement : null;
        return null;
    }
}
