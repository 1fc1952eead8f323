namespace Bauta.Tests.Linkability;

/// <summary>
/// One exchange on its way through two masks, with all that anybody saw of it. Each operator is given its part only:
/// the first mask <see cref="AtFirst"/>, the second <see cref="AtSecond"/>, the party called <see cref="AtParty"/>.
/// </summary>
/// <param name="Round">The part of the simulation in which it passed.</param>
/// <param name="AtFirst">What the first mask sees.</param>
/// <param name="AtSecond">What the second mask sees.</param>
/// <param name="AtParty">What the party sees.</param>
internal sealed record Passage(string Round, SeenByFirst AtFirst, SeenBySecond AtSecond, SeenByParty AtParty);

/// <summary>What a first mask sees: who sends, when, how much, and what it sends on and when.</summary>
internal sealed class SeenByFirst
{
    public required int Source { get; init; }

    public required int Size { get; init; }

    /// <summary>The sealed bytes, which the second mask receives as they are; here a number stands for them.</summary>
    public required string Sealed { get; init; }

    public Moment Arrived { get; set; }

    public Moment Left { get; set; }
}

/// <summary>What a second mask sees: what comes from the first, and what it sends on, to whom and when.</summary>
internal sealed class SeenBySecond
{
    public required string Sealed { get; init; }

    public required int Size { get; init; }

    public required string Target { get; init; }

    /// <summary>What was in it, sealed to the party; again a number.</summary>
    public required string Inner { get; init; }

    public Moment Arrived { get; set; }

    public Moment Left { get; set; }
}

/// <summary>What a party sees: the request, and when.</summary>
internal sealed class SeenByParty
{
    public required string Party { get; init; }

    public required string Call { get; init; }

    public required string Inner { get; init; }

    /// <summary>Every identifier in the request and its answer; the first is what it is about.</summary>
    public List<string> Values { get; } = [];

    public long Amount { get; set; }

    /// <summary>The denominations, where there are some.</summary>
    public List<long> Coins { get; } = [];

    /// <summary>The sender's clock where the request tells it, in seconds.</summary>
    public long? SaidAt { get; set; }

    public Moment At { get; set; }

    public string About => Values[0];
}

/// <summary>The calls by name.</summary>
internal static class Call
{
    public const string TakeIn = "take-in";
    public const string Fund = "fund";
    public const string Reserve = "reserve";
    public const string Withdraw = "withdraw";
    public const string Denominations = "denominations";
    public const string Refresh = "refresh";
    public const string Card = "card";
    public const string Purchase = "purchase";
    public const string Chunk = "chunk";
    public const string Lock = "lock";
    public const string Pay = "pay";
    public const string Decision = "decision";
}
