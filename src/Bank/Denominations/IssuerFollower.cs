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
        var unproven = 0;
        var revoked = new Dictionary<string, Announcement>();
        // Revocations first, and each entry on its own: one that proves nothing must not keep a stolen key spendable.
        foreach (var entry in list.Revocations)
        {
            if (Read(entry) is { } revocation)
            {
                revoked[Convert.ToHexString(revocation.Content.TokenKeyId)] =
                    Announcement.Of(LogEntry.Revocation, revocation, entry);
                await RevokeAsync(revocation, entry, cancellation);
            }
            else
                unproven++;
        }

        foreach (var listed in list.Denominations)
            if (!await TryTakeAsync(listed, revoked, cancellation))
                unproven++;
        if (unproven > 0)
            throw new ProtocolViolationException($"The issuer lists {unproven} entries that it does not prove.");
    }

    /// <returns>Whether the key is known or was proven.</returns>
    private async Task<bool> TryTakeAsync(
        ListedDenomination listed, Dictionary<string, Announcement> revoked, CancellationToken cancellation)
    {
        var (key, entry) = (listed.Key, listed.Proof);
        var content = key.Content;
        var publicKey = RsaPublicKey.FromSpki(content.TokenKey);
        if (shelf.Current.TryFind(publicKey.KeyId, out var known))
        {
            if (IsNewer(known.Proof!, entry, LogEntry.Denomination, known.Statement.Text))
                await RenewAsync(known.Number, known.Statement, entry, old => old with { Proof = entry }, cancellation);
            return true;
        }

        if (content.Issuer != options.Issuer || content.Currency != options.Currency.Code
            || content.Decimals != options.Currency.Decimals || !key.IsSignedBy(issuer.Key)
            || Verify(entry, LogEntry.Denomination) != key.Text)
            return false;
        // One that is new here and revoked already is never open, not for a moment.
        var revocation = revoked.GetValueOrDefault(Convert.ToHexString(publicKey.KeyId));
        var taken = new DenominationKey(
            shelf.Current.NextNumber, key, publicKey, publicKey.KeyId, content.Challenge().Digest, entry,
            IsRevoked: revocation is not null, revocation?.Entry, IsClosed: false, Signer: null, IsOwn: false);
        await database.WriteAsync(
            (transaction, _) =>
            {
                DenominationRows.Insert(transaction, taken, Announcement.Of(LogEntry.Denomination, key, entry));
                if (revocation is not null)
                    DenominationRows.SetRevocation(transaction, taken.Number, revocation);
                transaction.OnCommit(() => shelf.Put(taken));
            },
            cancellation);
        return true;
    }

    /// <summary>A revocation that the issuer signed and an accepted log holds.</summary>
    private Signed<Revocation>? Read(LoggedEntry entry) =>
        Signed<Revocation>.TryParse(Verify(entry, LogEntry.Revocation), issuer.Key, out var revocation)
        && revocation.Content.Issuer == options.Issuer
            ? revocation
            : null;

    private async Task RevokeAsync(
        Signed<Revocation> revocation, LoggedEntry entry, CancellationToken cancellation)
    {
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
