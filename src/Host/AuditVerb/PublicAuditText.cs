using System.Globalization;
using System.Text.Json.Nodes;
using Bauta.Host.Terminal;
using Bauta.Host.WalletVerbs;
using Bauta.Judge;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Relay;
using Bauta.Wallet.Network;

namespace Bauta.Host.AuditVerb;

/// <summary><c>bauta audit --public</c>: what banks state of their keys, from the log alone.</summary>
internal static class PublicAuditText
{
    public static async Task<ExitCode> RunAsync(string networkFile, Output output, CancellationToken cancellation)
    {
        using var network = new HttpNetwork(
            WalletPlace.ReadNetwork(networkFile), MaskRoute.Direct, TimeProvider.System);
        var report = await output.BarAsync("reading the log", bar => PublicAudit.RunAsync(
            new LogReader(network.Log, network.Policy), bar, cancellation));
        output.Table(
            ["Bank", "Value", "Key", "Issued", "Worth", "Spent", "Refreshed", "Up to"],
            report.Keys.Select(one => (string[])[
                one.Last.Bank, one.Key is { } key ? Money(key.Value.MinorUnits, key.Currency, key.Decimals) : "?",
                Short(one.Last.TokenKeyId), one.Last.Issued.ToString(CultureInfo.InvariantCulture),
                one.Key is { } worth ? Money(one.Last.Issued * worth.Value.MinorUnits, one) : "?",
                Money(one.Last.Spent.MinorUnits, one), Money(one.Last.Refreshed.MinorUnits, one), Day(one.Last.Day),
            ]));
        foreach (var found in report.Findings)
            output.Line($"{found.Bank}, key {Short(found.TokenKeyId)}, {Day(found.Day)}: {Meaning(found.Fault)}"
                + (found.Leaf is { } leaf ? $" (leaf {leaf})" : ""));
        output.Line(report.Findings.Count == 0
            ? $"{report.Size} entries: for each of {report.Keys.Count} keys no more is spent than was issued, and no "
                + "day is missing."
            : $"{report.Findings.Count} statement(s) do not hold together.");
        output.Answer(Describe(report));
        return report.Findings.Count == 0 ? ExitCode.Ok : ExitCode.AuditFound;
    }

    private static JsonObject Describe(PublicReport report) => new()
    {
        ["entries"] = report.Size,
        ["keys"] = new JsonArray([.. report.Keys.Select(one => new JsonObject
        {
            ["bank"] = one.Last.Bank,
            ["key"] = Convert.ToHexStringLower(one.Last.TokenKeyId),
            ["currency"] = one.Key?.Currency,
            ["value"] = one.Key?.Value.MinorUnits,
            ["issued"] = one.Last.Issued,
            ["spent"] = one.Last.Spent.MinorUnits,
            ["refreshed"] = one.Last.Refreshed.MinorUnits,
            ["day"] = Day(one.Last.Day),
        })]),
        ["findings"] = new JsonArray([.. report.Findings.Select(found => new JsonObject
        {
            ["fault"] = found.Fault.ToString(),
            ["bank"] = found.Bank,
            ["key"] = Convert.ToHexStringLower(found.TokenKeyId),
            ["day"] = Day(found.Day),
            ["leaf"] = found.Leaf,
        })]),
    };

    private static string Meaning(TotalsFault fault) => fault switch
    {
        TotalsFault.SpentMoreThanIssued => "more was spent and given back than was issued",
        TotalsFault.SeenMoreThanIssued => "more tokens were seen than their issuer says it signed",
        TotalsFault.Shrunk => "a sum is smaller than the day before",
        TotalsFault.IssuedOutsideRoot => "tokens were issued that no day's root covers",
        TotalsFault.MissingDay => "this day is missing",
        TotalsFault.SecondStatement => "a second statement on this day",
        TotalsFault.TooEarly => "stated before the day was over",
        TotalsFault.UnknownKey => "this log announces no such key",
        TotalsFault.BadStatement => "not signed by the bank that it names",
        _ => throw new InvalidOperationException($"{fault} has no meaning."),
    };

    private static string Money(long minorUnits, StatedKey one) => one.Key is { } key
        ? Money(minorUnits, key.Currency, key.Decimals)
        : minorUnits.ToString(CultureInfo.InvariantCulture);

    // A sum that a bank states may be more than an amount holds.
    private static string Money(long minorUnits, string currency, int decimals)
    {
        var unit = 1L;
        for (var i = 0; i < decimals; i++)
            unit *= 10;
        var whole = (minorUnits / unit).ToString(CultureInfo.InvariantCulture);
        return decimals == 0
            ? $"{whole} {currency}"
            : $"{whole}.{(minorUnits % unit).ToString(CultureInfo.InvariantCulture).PadLeft(decimals, '0')} {currency}";
    }

    private static string Short(byte[] keyId) => Convert.ToHexStringLower(keyId)[..12];

    private static string Day(long day) =>
        DateTimeOffset.FromUnixTimeSeconds(day * Protocol.Bank.Totals.DaySeconds)
            .ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
