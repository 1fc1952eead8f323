using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Tests.Bank;
using Xunit;

namespace Bauta.Tests.Judge;

/// <summary>Accusations that somebody beside the two parties must have seen, or that need a second statement.</summary>
public sealed class AccusationTests : IDisposable
{
    private readonly Dispute dispute = new();
    private readonly P256PrivateKey notary = P256PrivateKey.Generate();

    [Fact]
    public void An_archive_that_was_given_the_release_in_time_and_aborted_is_at_fault()
    {
        var locked = dispute.Locked();
        var aborted = locked with { Decision = dispute.Abort(locked.LockNote!), Release = dispute.Release() };
        var demand = Observation.Of(new DecisionRequest(aborted.LockNote!, aborted.Release));
        Is(Outcome.ArchiveAtFault, Seen(aborted, Silence(demand, from: 0, until: 20)));
        Is(Outcome.ArchiveAtFault, Seen(aborted, Silence(demand, from: 0, until: 20, "bad-release")));
        // Too close to expiry for two clocks, by an excuse, not seen, or of something else: the abort stands.
        Is(Outcome.Aborted, Seen(aborted, Silence(demand, from: 0, until: 70)));
        Is(Outcome.Aborted, Seen(aborted, Silence(demand, from: 0, until: 20, "unknown-bank")));
        Is(Outcome.Aborted, aborted);
        Is(Outcome.Aborted, Seen(aborted with { Release = null }, Silence(demand, from: 0, until: 20)));
        Is(Outcome.Aborted, Seen(aborted with { Release = dispute.Release(new byte[32]) },
            Silence(Observation.Of(new DecisionRequest(
                aborted.LockNote!, dispute.Release(new byte[32]))), from: 0, until: 20)));
        Is(Outcome.Aborted, Seen(aborted, Silence(
            Observation.Of(new DecisionRequest(aborted.LockNote!)), from: 0, until: 20)));
        // A commit that came all the same is what was asked for.
        Is(Outcome.Complete, Seen(
            locked with { Decision = dispute.Commit(locked.LockNote!), Release = dispute.Release() },
            Silence(demand, from: 0, until: 20)));
    }

    [Fact]
    public void An_archive_that_decides_nothing_after_expiry_is_at_fault()
    {
        var locked = dispute.Locked();
        var demand = Observation.Of(new DecisionRequest(locked.LockNote!));
        Is(Outcome.ArchiveAtFault, Seen(locked, Silence(demand, from: 130, until: 150)));
        Is(Outcome.ArchiveAtFault, Seen(locked, Silence(demand, from: 130, until: 150, "not-expired")));
        Is(Outcome.Undecided, Seen(locked, Silence(demand, from: 110, until: 150)));
        Is(Outcome.Undecided, Seen(locked, Silence(demand, from: 0, until: 20)));
    }

    [Fact]
    public void What_a_notary_did_not_sign_or_saw_of_another_party_proves_nothing()
    {
        var locked = dispute.Locked();
        var seen = new Observation(
            "notary.example", notary.PublicKey.Spki, dispute.Log.Policy.Id.ToString(),
            Observation.Of(new DecisionRequest(locked.LockNote!)), At(130), At(150));
        Is(Outcome.ArchiveAtFault, Seen(locked, Signed<Observation>.Sign(notary, seen)));
        Is(Outcome.Undecided, Seen(locked, Signed<Observation>.Sign(dispute.Stranger, seen)));
        Is(Outcome.Undecided, Seen(locked, Signed<Observation>.Sign(
            notary, seen with { Asked = dispute.Bank.PublicKey.Thumbprint })));
        Is(Outcome.Undecided, Seen(locked, Signed<Observation>.Sign(
            notary, seen with { RequestHash = new byte[32] })));
        var verdict = PurchaseJudge.Judge(Seen(locked, Signed<Observation>.Sign(notary, seen)));
        Assert.Contains(verdict.TrustedKeys, key => key.Key == notary.PublicKey.Thumbprint);
    }

    [Fact]
    public void A_bank_that_denies_a_valid_token_is_at_fault()
    {
        var refused = dispute.Locked() with { LockNote = null, Payment = null };
        Is(Outcome.BankAtFault, Seen(refused, Denial(refused, "bad-token")));
        Is(Outcome.Undecided, Seen(refused, Denial(refused, "unknown-account")));
        Is(Outcome.Undecided, refused);
        // Another P2 was refused, or nobody says so whose key is known.
        Is(Outcome.Undecided, Seen(refused, Denial(
            refused with { Authorization = dispute.Authorization(it => it with { TotalKey = new byte[32] }) },
            "bad-token")));
    }

    [Fact]
    public void A_bank_that_says_spent_shows_the_customers_signature_or_is_left_to_show_it()
    {
        var refused = dispute.Locked() with { LockNote = null, Payment = null };
        var denied = Seen(refused, Denial(refused, "token-spent"));
        Is(Outcome.Undecided, denied);
        using var other = new Sales(dispute);
        Is(Outcome.CustomerAtFault, denied with
        {
            OtherAuthorization = other.Authorization(),
            OtherDecision = other.Commit(),
        });
        // The other one was never committed, is of another sale, or another key signed it.
        Is(Outcome.Undecided, denied with { OtherAuthorization = other.Authorization() });
        Is(Outcome.Undecided, denied with
        {
            OtherAuthorization = other.Authorization(),
            OtherDecision = other.Abort(),
        });
        Is(Outcome.Undecided, denied with
        {
            OtherAuthorization = other.Authorization(dispute.Stranger),
            OtherDecision = other.Commit(),
        });
        Is(Outcome.Undecided, denied with
        {
            OtherAuthorization = refused.Authorization,
            OtherDecision = other.Commit(),
        });
    }

    [Fact]
    public void A_merchant_that_uses_a_transaction_twice_is_at_fault()
    {
        var evidence = dispute.Committed();
        var other = dispute.Promise with { Secret = [.. Enumerable.Repeat((byte)7, 32)] };
        Is(Outcome.MerchantAtFault, evidence with
        {
            OtherMerchandise = Signed<Merchandise>.Sign(dispute.Shop, other),
        });
        Is(Outcome.Complete, evidence with
        {
            OtherMerchandise = Signed<Merchandise>.Sign(dispute.Shop, dispute.Promise),
        });
        Is(Outcome.Complete, evidence with
        {
            OtherMerchandise = Signed<Merchandise>.Sign(dispute.Stranger, other),
        });
    }

    [Fact]
    public void A_certificate_is_of_one_file_and_by_one_key()
    {
        byte[] file = [1, 2, 3];
        var dated = new Certificate(
            "notary.example", notary.PublicKey.Spki, SHA256.HashData(file), dispute.Clock.Now);
        Assert.True(Certificate.Holds(Signed<Certificate>.Sign(notary, dated), file));
        Assert.False(Certificate.Holds(Signed<Certificate>.Sign(notary, dated), [1, 2, 4]));
        Assert.False(Certificate.Holds(Signed<Certificate>.Sign(dispute.Stranger, dated), file));
    }

    public void Dispose()
    {
        dispute.Dispose();
        notary.Dispose();
    }

    private UnixTime At(long seconds) => dispute.Promise.ExpiresAt.AddSeconds(seconds - 100);

    private Signed<Observation> Silence(byte[] demand, long from, long until, string? refusal = null) =>
        Signed<Observation>.Sign(notary, new Observation(
            "notary.example", notary.PublicKey.Spki, dispute.Log.Policy.Id.ToString(), demand, At(from), At(until),
            refusal));

    private Signed<Observation> Denial(PurchaseEvidence refused, string code)
    {
        Assert.True(SignedAuthorization.TryParse(refused.Authorization, out var p2));
        return Signed<Observation>.Sign(notary, new Observation(
            "notary.example", notary.PublicKey.Spki, dispute.Bank.PublicKey.Thumbprint, p2.PayloadHash(), At(0),
            At(1), code));
    }

    private static PurchaseEvidence Seen(PurchaseEvidence evidence, Signed<Observation> seen) =>
        evidence with { Observations = [seen] };

    private static void Is(Outcome expected, PurchaseEvidence evidence)
    {
        var verdict = PurchaseJudge.Judge(evidence);
        Assert.True(expected == verdict.Outcome, $"{verdict.Outcome}: {verdict.Summary}");
    }

    /// <summary>Another sale that the same token paid for.</summary>
    private sealed class Sales(Dispute dispute) : IDisposable
    {
        private readonly Sale sale = new();

        private Signed<LockNote> Note => dispute.SignedNote(new LockNote(
            sale.Transaction, dispute.Promise.ExpiresAt, dispute.Promise.Archive, sale.Commitment));

        public byte[] Authorization(P256PrivateKey? by = null) => dispute.Authorization(
            it => it with { Transaction = sale.Transaction, Commitment = sale.Commitment }, by);

        public LoggedEntry Commit() => dispute.Commit(Note, sale.Release());

        public LoggedEntry Abort() => dispute.Abort(Note);

        public void Dispose() => GC.SuppressFinalize(this);
    }
}
