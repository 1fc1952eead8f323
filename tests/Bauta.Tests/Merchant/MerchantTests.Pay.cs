using Bauta.Protocol.Parties;
using Bauta.Protocol.Evidence;
using Bauta.Judge;
using Bauta.Crypto.Jose;
using Bauta.Merchant.Desk;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Xunit;

namespace Bauta.Tests.Merchant;

public abstract partial class MerchantTests
{
    [Fact]
    public async Task A_payment_commits_settles_and_has_one_answer_for_ever()
    {
        await using var world = await OpenAsync();
        var p1 = await world.BuyAsync(await world.OfferAsync(Bytes(100)));
        var payment = world.Payment(p1);
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(
            _ => Task.Run(() => world.Shop.PayAsync(payment, default))));
        Assert.All(answers, answer => Assert.Equal(
            answers[0].Value.Decision!.Proof, answer.Value.Decision!.Proof));
        Assert.Single(world.Archive.Releases.Distinct());
        await world.Shop.IdleAsync();
        Assert.Equal(SettlementAnswer.Settled, world.Bank.StateOf(payment.Transaction));
        await world.RestartAsync();
        world.Archive.Before = _ => throw new PartyUnreachableException("Nobody is asked again.");
        world.Clock.SetTo(p1.Content.ExpiresAt.AddSeconds(1000));
        var late = (await world.Shop.PayAsync(payment, default)).Value.Decision!;
        Assert.Equal(answers[0].Value.Decision!.Entry, late.Entry);
        Assert.Equal(answers[0].Value.Decision!.Proof, late.Proof);
    }

    [Theory]
    [InlineData("transaction of both notes")]
    [InlineData("transaction of the payment note")]
    [InlineData("expiry")]
    [InlineData("archive")]
    [InlineData("commitment")]
    [InlineData("account")]
    [InlineData("currency")]
    [InlineData("amount one less")]
    [InlineData("amount one more")]
    [InlineData("signer of the lock note")]
    [InlineData("signer of the payment note")]
    public async Task Nothing_is_released_for_notes_that_differ_in(string what)
    {
        await using var world = await OpenAsync();
        var p1 = await world.BuyAsync(await world.OfferAsync(Bytes(100)));
        var good = world.Payment(p1);
        var (note, pay) = (good.Lock.LockNote.Content, good.Lock.Payment.Content);
        using var stranger = P256PrivateKey.Generate();
        var (noteKey, payKey) = (world.Bank.Key, world.Bank.Key);
        switch (what)
        {
            case "transaction of both notes":
                note = note with { Transaction = TransactionId.Generate() };
                pay = pay with { Transaction = note.Transaction };
                break;
            case "transaction of the payment note": pay = pay with { Transaction = TransactionId.Generate() }; break;
            case "expiry": note = note with { ExpiresAt = note.ExpiresAt.AddSeconds(1) }; break;
            case "archive": note = note with { Archive = PolicyId.Generate() }; break;
            case "commitment": note = note with { Commitment = KeyCommitment.Generate() }; break;
            case "account": pay = pay with { Account = AccountId.Generate() }; break;
            case "currency": pay = pay with { Currency = "USD" }; break;
            case "amount one less": pay = pay with { Amount = pay.Amount - Amount.FromMinorUnits(1) }; break;
            case "amount one more": pay = pay with { Amount = pay.Amount + Amount.FromMinorUnits(1) }; break;
            case "signer of the lock note": noteKey = stranger; break;
            case "signer of the payment note": payKey = stranger; break;
        }

        var bad = good with
        {
            Lock = new LockAnswer(Signed<LockNote>.Sign(noteKey, note), Signed<PaymentNote>.Sign(payKey, pay)),
        };
        Refused(MerchantError.BadPayment, await world.Shop.PayAsync(bad, default));
        Assert.Empty(world.Archive.Releases);
        Assert.Equal(0, await world.CountAsync("SELECT CAST(COUNT(*) AS BIGINT) FROM payments"));
        // The purchase is still open for the right notes.
        Assert.NotNull((await world.Shop.PayAsync(good, default)).Value.Decision);
        Assert.Contains((await world.Shop.PayAsync(bad, default)).Error,
            (MerchantError?[])[MerchantError.BadPayment, MerchantError.IdReused]);
        Assert.Single(world.Archive.Releases.Distinct());
    }

    [Fact]
    public async Task Nobody_learns_who_sold_a_transaction_without_the_banks_notes_for_this_merchant()
    {
        await using var world = await OpenAsync();
        var p1 = await world.BuyAsync(await world.OfferAsync(Bytes(100)));
        var good = world.Payment(p1);
        Assert.NotNull((await world.Shop.PayAsync(good, default)).Value.Decision);
        // The lock note is public in the log; the payment note for this merchant is not.
        using var stranger = P256PrivateKey.Generate();
        var forged = good.Lock with
        {
            Payment = Signed<PaymentNote>.Sign(stranger, good.Lock.Payment.Content),
        };
        var elsewhere = TransactionId.Generate();
        var other = new LockAnswer(
            Signed<LockNote>.Sign(
                world.Bank.Key, good.Lock.LockNote.Content with { Transaction = elsewhere }),
            Signed<PaymentNote>.Sign(
                stranger, good.Lock.Payment.Content with { Transaction = elsewhere }));
        Refused(MerchantError.BadPayment, await world.Shop.PayAsync(good with { Lock = forged }, default));
        Refused(MerchantError.BadPayment, await world.Shop.PayAsync(new PaymentRequest(elsewhere, other), default));
        var unknown = world.Bank.Lock(p1.Content) with
        {
            LockNote = Signed<LockNote>.Sign(
                world.Bank.Key, good.Lock.LockNote.Content with { Transaction = elsewhere }),
            Payment = Signed<PaymentNote>.Sign(
                world.Bank.Key, good.Lock.Payment.Content with { Transaction = elsewhere }),
        };
        Refused(MerchantError.UnknownPurchase, await world.Shop.PayAsync(
            new PaymentRequest(elsewhere, unknown), default));
    }

    [Fact]
    public async Task Other_valid_notes_for_a_paid_purchase_are_refused()
    {
        await using var world = await OpenAsync();
        var p1 = await world.BuyAsync(await world.OfferAsync(Bytes(100)));
        await world.Shop.PayAsync(world.Payment(p1), default);
        // ECDSA is randomised: the bank's second signature over the same words is another text.
        Refused(MerchantError.IdReused, await world.Shop.PayAsync(world.Payment(p1), default));
        Assert.Single(world.Archive.Releases.Distinct());
    }

    [Theory]
    [InlineData(-11, true)]
    [InlineData(-10, false)]
    [InlineData(0, false)]
    [InlineData(1, false)]
    public async Task P3_is_taken_up_to_the_margin_before_expiry(int secondsAfterExpiry, bool isTaken)
    {
        await using var world = await OpenAsync(options => options with { PayMarginSeconds = 10 });
        var p1 = await world.BuyAsync(await world.OfferAsync(Bytes(100)));
        world.Clock.SetTo(p1.Content.ExpiresAt.AddSeconds(secondsAfterExpiry));
        var answer = await world.Shop.PayAsync(world.Payment(p1), default);
        Assert.Equal(isTaken, answer.IsOk);
        if (!isTaken)
            Refused(MerchantError.Expired, answer);
        Assert.Equal(isTaken ? 1 : 0, world.Archive.Releases.Count);
    }

    [Fact]
    public async Task The_release_is_durable_before_it_is_sent()
    {
        await using var world = await OpenAsync();
        var p1 = await world.BuyAsync(await world.OfferAsync(Bytes(100)));
        string? stored = null;
        world.Archive.Before = async _ => stored = await world.Database.ReadAsync(
            transaction => transaction.QuerySingleOrDefault(
                "SELECT release FROM payments WHERE state = 1", row => row.GetString(0)));
        Assert.NotNull((await world.Shop.PayAsync(world.Payment(p1), default)).Value.Decision);
        Assert.Equal(Assert.Single(world.Archive.Releases), stored);
    }

    [Fact]
    public async Task A_restart_between_intent_and_act_resumes_with_the_same_release()
    {
        await using var world = await OpenAsync();
        var content = Bytes(100);
        var p1 = await world.BuyAsync(await world.OfferAsync(content));
        var payment = world.Payment(p1);
        world.Archive.Before = _ => throw new PartyUnreachableException("Gone before it was sent.");
        Assert.Null((await world.Shop.PayAsync(payment, default)).Value.Decision);
        await world.Shop.IdleAsync();
        var stored = await world.Database.ReadAsync(transaction => transaction.QuerySingleOrDefault(
            "SELECT release FROM payments", row => row.GetString(0)));
        await world.RestartAsync();
        world.Archive.Before = _ => Task.CompletedTask;
        await world.Shop.ResumeAsync(default);
        Assert.Equal(stored, Assert.Single(world.Archive.Releases));
        Assert.Equal(SettlementAnswer.Settled, world.Bank.StateOf(payment.Transaction));
        var decision = (await world.Shop.PayAsync(payment, default)).Value.Decision!;
        Assert.Equal(content, await world.OpenAsync(p1, decision));
    }

    [Fact]
    public async Task A_lost_answer_of_the_archive_is_asked_for_again()
    {
        await using var world = await OpenAsync();
        var payment = world.Payment(await world.BuyAsync(await world.OfferAsync(Bytes(100))));
        world.Log.IsSlow = true;
        Assert.Null((await world.Shop.PayAsync(payment, default)).Value.Decision);
        Assert.Null(world.Bank.StateOf(payment.Transaction));
        world.Log.IsSlow = false;
        await world.RestartAsync();
        await world.Shop.ResumeAsync(default);
        Assert.Equal(SettlementAnswer.Settled, world.Bank.StateOf(payment.Transaction));
        Assert.Single(world.Archive.Releases.Distinct());
    }

    [Fact]
    public async Task A_bank_out_of_reach_is_told_later_and_once_it_knows_is_left_alone()
    {
        await using var world = await OpenAsync();
        var payment = world.Payment(await world.BuyAsync(await world.OfferAsync(Bytes(100))));
        world.Bank.IsDown = true;
        Assert.NotNull((await world.Shop.PayAsync(payment, default)).Value.Decision);
        Assert.False((await SaleAsync(world)).Settled);
        world.Bank.IsDown = false;
        await world.Shop.ResumeAsync(default);
        Assert.Equal(0, world.Bank.TimesTold);
        world.Clock.Advance(60);
        await world.Shop.ResumeAsync(default);
        Assert.Equal(1, world.Bank.TimesTold);
        Assert.True((await SaleAsync(world)).Settled);
        world.Clock.Advance(1000);
        await world.RestartAsync();
        await world.Shop.ResumeAsync(default);
        Assert.Equal(1, world.Bank.TimesTold);
    }

    [Fact]
    public async Task A_release_that_came_too_late_ends_in_the_abort()
    {
        await using var world = await OpenAsync();
        var p1 = await world.BuyAsync(await world.OfferAsync(Bytes(100)));
        var payment = world.Payment(p1);
        world.Archive.Before = _ => throw new PartyUnreachableException("Until it is too late.");
        Assert.Null((await world.Shop.PayAsync(payment, default)).Value.Decision);
        await world.Shop.IdleAsync();
        world.Archive.Before = _ => Task.CompletedTask;
        world.Clock.SetTo(p1.Content.ExpiresAt);
        await world.Shop.ResumeAsync(default);
        Assert.Equal(SettlementAnswer.Unlocked, world.Bank.StateOf(payment.Transaction));
        Assert.Equal(Sale.Aborted, (await SaleAsync(world)).State);
        var decision = (await world.Shop.PayAsync(payment, default)).Value.Decision!;
        Assert.True(world.Log.Policy.TryVerify(decision, out var verified));
        Assert.Equal(LogEntry.Abort, verified.Entry.Kind);
        Assert.Equal(0, (await world.Shop.Desk.SalesAsync(null, default)).Value.CommittedCount);
    }

    [Fact]
    public async Task A_decision_without_the_quorum_moves_nothing()
    {
        await using var world = await OpenAsync();
        var payment = world.Payment(await world.BuyAsync(await world.OfferAsync(Bytes(100))));
        world.Log.Cosigning = 1;
        Assert.Null((await world.Shop.PayAsync(payment, default)).Value.Decision);
        Assert.Null(world.Bank.StateOf(payment.Transaction));
        Assert.Equal(Sale.Released, (await SaleAsync(world)).State);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(ArchiveError.OtherLockNote)]
    public async Task A_decision_under_another_lock_note_is_kept_as_evidence_against_the_bank(ArchiveError? refusal)
    {
        await using var world = await OpenAsync();
        var p1 = await world.BuyAsync(await world.OfferAsync(Bytes(100)));
        var other = world.Bank.Lock(p1.Content).LockNote.Content with { ExpiresAt = world.Clock.Now };
        await world.Log.DecideAsync(
            new DecisionRequest(Signed<LockNote>.Sign(world.Bank.Key, other)), default);
        world.Archive.Refusal = refusal;
        var answer = (await world.Shop.PayAsync(world.Payment(p1), default)).Value;
        Assert.NotNull(answer.Decision);
        Assert.Equal(Sale.Disputed, (await SaleAsync(world)).State);
        Assert.Equal(0, world.Bank.TimesTold);
        Assert.Equal(Outcome.BankAtFault, PurchaseJudge.Judge(await EvidenceAsync(world)).Outcome);
    }

    [Fact]
    public async Task A_sale_is_proven_by_what_the_desk_gives_out()
    {
        await using var world = await OpenAsync();
        await world.Shop.PayAsync(world.Payment(await world.BuyAsync(await world.OfferAsync(Bytes(100)))), default);
        Assert.Equal(Outcome.Complete, PurchaseJudge.Judge(await EvidenceAsync(world)).Outcome);
        Assert.Equal(DeskError.UnknownSale, (await world.Shop.Desk.EvidenceAsync(
            TransactionId.Of(world.Account.PublicKey), default)).Error);
    }

    private static async Task<PurchaseEvidence> EvidenceAsync(MerchantWorld world)
    {
        var sale = await SaleAsync(world);
        var held = (await world.Shop.Desk.EvidenceAsync(sale.Transaction, default)).Value;
        return new PurchaseEvidence(
            PurchaseEvidence.CurrentFormat, held.Policy,
            Signed<PartyCard>.Sign(world.Identity, new PartyCard(
                Roles.Merchant, "merchant.example", world.Identity.PublicKey.Spki, [], world.Clock.Now,
                Merchant: world.Shop.Terms)),
            Signed<PartyCard>.Sign(world.Bank.Key, new PartyCard(
                Roles.Bank, "bank.example", world.Bank.Key.PublicKey.Spki, [], world.Clock.Now,
                Bank: new BankTerms("EUR", 2, [held.Policy], 10, 1000, 60))),
            held.Merchandise, LockNote: held.LockNote, Payment: held.Payment, Decision: held.Decision,
            Acknowledgement: held.Acknowledgement, HandOver: held.HandOver);
    }

    [Fact]
    public async Task A_decision_on_a_note_that_the_bank_never_signed_is_not_believed()
    {
        await using var world = await OpenAsync();
        var p1 = await world.BuyAsync(await world.OfferAsync(Bytes(100)));
        using var stranger = P256PrivateKey.Generate();
        var other = world.Bank.Lock(p1.Content).LockNote.Content with { ExpiresAt = world.Clock.Now };
        // In the bank's name, with a signature that is somebody else's.
        var signedPart = Signed<LockNote>.Sign(world.Bank.Key, other).Text.Split('.')[..2];
        var signature = Signed<LockNote>.Sign(stranger, other).Text.Split('.')[2];
        Assert.True(Signed<LockNote>.TryParse(string.Join('.', [.. signedPart, signature]), out var forged));
        await world.Log.DecideAsync(new DecisionRequest(forged), default);
        Assert.Null((await world.Shop.PayAsync(world.Payment(p1), default)).Value.Decision);
        Assert.Equal(Sale.Released, (await SaleAsync(world)).State);
        Assert.Equal(0, world.Bank.TimesTold);
    }

    private static async Task<Sale> SaleAsync(MerchantWorld world)
    {
        await world.Shop.IdleAsync();
        return Assert.Single((await world.Shop.Desk.SalesAsync(null, default)).Value.Sales);
    }
}
