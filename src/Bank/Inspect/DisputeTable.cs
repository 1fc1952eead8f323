using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Disputes;
using Bauta.Storage;

namespace Bauta.Bank.Inspect;

/// <summary>Disputes, each with what was signed for it.</summary>
internal static class DisputeTable
{
    private static readonly TablePages disputes = new(
        "disputes", "n, dispute, account, amount, rule_by, state, refund, answer, ruling, notice", "n");

    private sealed record Row(
        byte[] N, string Dispute, byte[] Account, long Amount, long RuleBy, long State, long Refund, string? Answer,
        string? Ruling, string? Notice);

    public static void Read(AuditRun run) => disputes.Read(
        run,
        row => new Row(
            row.GetBytes(0), row.GetString(1), row.GetBytes(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5),
            row.GetInt64(6), row.GetStringOrNull(7), row.GetStringOrNull(8), row.GetStringOrNull(9)),
        one => [one.N],
        page =>
        {
            foreach (var one in page)
                Take(run, one);
        });

    private static void Take(AuditRun run, Row one)
    {
        var (amount, refund) = (run.Notes.Sane(one.Amount, "disputes", one.N),
            run.Notes.Sane(one.Refund, "disputes", one.N));
        byte[]? owner = null;
        if (!Signed<DisputeOrder>.TryParse(one.Dispute, out var order)
            || !P256PublicKey.TryFromSpki(order.Content.Key, out var key) || !order.IsSignedBy(key)
            || !order.Content.Transaction.Bytes.SequenceEqual(one.N))
            run.Notes.Add(AuditKind.DisputeAltered, "disputes", one.N, "nobody signed it for this payment");
        else
        {
            owner = TokenSerial.Of(key).ToArray();
            // Where another bank issued the tokens, the notice takes the credit there.
            if (refund > 0 && one.Notice is null)
                MoneyTables.Credit(run, order.Content.Reserve.ToArray(), refund);
            if (WhyNot(run, one, order.Content) is { } reason)
                run.Notes.Add(AuditKind.DisputeAltered, "disputes", one.N, reason);
        }

        run.Scratch.Execute(
            """
            INSERT OR IGNORE INTO disputes (n, account, amount, state, refund, rule_by, owner, noticed)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            one.N, one.Account, amount, one.State, refund, one.RuleBy, owner, one.Notice is not null);
    }

    private static string? WhyNot(AuditRun run, Row one, DisputeOrder order)
    {
        Signed<DisputeAnswer>? answer = null;
        Signed<Ruling>? ruling = null;
        if (one.Answer is not null && (!Signed<DisputeAnswer>.TryParse(one.Answer, out answer)
            || !answer.Content.Transaction.Equals(order.Transaction)
            || !P256PublicKey.TryFromSpki(answer.Content.Key, out var merchant) || !answer.IsSignedBy(merchant)
            || !AccountId.Of(merchant).Bytes.SequenceEqual(one.Account)))
            return "its answer is not the merchant's";
        if (one.Ruling is not null && (!Signed<Ruling>.TryParse(one.Ruling, out ruling)
            || !ruling.Content.Transaction.Equals(order.Transaction)
            || (run.Scope is { } scope && ruling.Content.Bank != scope.Name)))
            return "its ruling is on something else";
        var owed = answer?.Content.Accepts is true ? one.Amount : ruling?.Content.Refund.MinorUnits;
        var expected = one.State switch
        {
            0 => answer is null && ruling is null,
            1 => answer?.Content.Accepts is false && ruling is null,
            2 => owed == one.Refund,
            3 => owed == 0,
            4 => owed is null,
            _ => false,
        };
        if (!expected || (one.State != 2 && one.Refund != 0))
            return $"state {one.State} and a refund of {one.Refund} are not what was said and decided";
        return WhyNot(run, one, order.Reserve);
    }

    private static string? WhyNot(AuditRun run, Row one, ReserveId reserve)
    {
        if (run.IsIssuer || one.State != 2)
            return one.Notice is null ? null : "has a notice where none is made";
        return Signed<FundingNotice>.TryParse(one.Notice, out var notice)
            && notice.Content.Amount.MinorUnits == one.Refund && notice.Content.Reserve.Equals(reserve)
            && (run.Scope is not { } scope || (notice.Content.Bank == scope.Issuer?.Name && run.IsOwn(notice)))
            ? null
            : "its notice is over another sum or reserve, or not this bank's to the issuer";
    }
}
