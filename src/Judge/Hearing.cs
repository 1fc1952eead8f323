using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;

namespace Bauta.Judge;

/// <summary>Ends a hearing with the verdict that is in.</summary>
internal sealed class HearingEnded : Exception;

/// <summary>Collects reasons until one of them decides.</summary>
internal sealed class Hearing
{
    private readonly List<Reason> reasons = [];
    private readonly List<TrustedKey> keys = [];
    private Outcome outcome = Outcome.NotProven;
    private string summary = "The hearing came to no end.";

    public P256PublicKey? Bank { get; set; }

    public bool IsBanksOwn(Signed<LockNote> note) =>
        Bank is not null && note.IsSignedBy(Bank);

    public void Trust(string party, string key) => keys.Add(new TrustedKey(party, key));

    public void Note(bool holds, string text) => reasons.Add(new Reason(holds, text));

    /// <summary>A check whose failure decides.</summary>
    public void Demand(bool holds, Outcome otherwise, string text)
    {
        Note(holds, text);
        if (!holds)
            throw End(otherwise, $"This does not hold: {text}.");
    }

    /// <summary>Decides.</summary>
    public HearingEnded End(Outcome decided, string because)
    {
        (outcome, summary) = (decided, because);
        return new HearingEnded();
    }

    public Verdict Verdict() => new(outcome, summary, reasons, keys);
}
