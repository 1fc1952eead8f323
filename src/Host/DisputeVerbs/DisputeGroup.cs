using System.Text.Json.Nodes;
using Bauta.Host.Terminal;
using Bauta.Protocol;
using Bauta.Protocol.Disputes;

namespace Bauta.Host.DisputeVerbs;

/// <summary><c>bauta dispute</c>: one dispute through customer, shop and arbiter.</summary>
internal static class DisputeGroup
{
    public static Verb Build() => new VerbGroup("dispute",
        "Disputes on what was delivered. The customer opens one (open, status), the shop answers (sales, answer), the\n"
        + "arbiter that the bank names decides (init, cases, show, decide); the bank refunds.",
        "bauta dispute open kY3rVw9z --text \"The letter is blank.\" --wallet data/demo/wallet "
        + "--password-file data/demo/wallet.password",
        new OpenDisputeVerb(), new DisputeStatusVerb(), new DisputedSalesVerb(), new AnswerDisputeVerb(),
        new InitArbiterVerb(), new CasesVerb(), new ShowCaseVerb(), new DecideVerb());
}

/// <summary>A dispute for people and for scripts.</summary>
internal static class DisputeReport
{
    public static IReadOnlyList<string> Headings { get; } = ["Opened", "Sale", "Claim", "State", "Sum", "Answer by"];

    public static IReadOnlyList<string> Row(DisputeState one, Currency currency) =>
    [
        one.OpenedAt.ToString(), one.Transaction.ToString(), one.Claim, one.State, currency.Format(one.Amount),
        one.AnswerBy.ToString(),
    ];

    public static string Sentence(DisputeState one, Currency currency) => one.State switch
    {
        DisputeState.Open => $"The dispute over {currency.Format(one.Amount)} is open; the shop may answer until "
            + $"{one.AnswerBy}.",
        DisputeState.Contested => $"The shop contests it; the arbiter decides until {one.RuleBy}.",
        DisputeState.Refunded => $"{currency.Format(one.Refund ?? Amount.Zero)} of {currency.Format(one.Amount)} go "
            + "back to the customer.",
        DisputeState.Dismissed => "The arbiter refunds nothing.",
        _ => "Nobody decided in time: the shop has its money again.",
    };

    public static JsonObject Describe(DisputeState one) => new()
    {
        ["transaction"] = one.Transaction.ToString(),
        ["claim"] = one.Claim,
        ["state"] = one.State,
        ["amount"] = one.Amount.MinorUnits,
        ["openedAt"] = one.OpenedAt.Seconds,
        ["answerBy"] = one.AnswerBy.Seconds,
        ["ruleBy"] = one.RuleBy.Seconds,
        ["refund"] = one.Refund?.MinorUnits,
    };
}
