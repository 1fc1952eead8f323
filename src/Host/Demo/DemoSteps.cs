using Bauta.Host.Roles;

namespace Bauta.Host.Demo;

/// <summary>The steps that the demo tells, and to which of them a request belongs.</summary>
internal static class DemoSteps
{
    public const string Fund = "fund";
    public const string Withdraw = "withdraw";
    public const string Offers = "offers";
    public const string Promise = "P1";
    public const string Goods = "goods";
    public const string Authorize = "P2";
    public const string Lock = "P3";
    public const string Pay = "P3 relayed";
    public const string Release = "P4";
    public const string Commit = "P5a";
    public const string Open = "open";
    public const string Settle = "settle";

    private static readonly Dictionary<(string Role, string Method, string Route), string> byRoute = new()
    {
        [(PartyRoles.Acquirer, "POST", "/fundings")] = Fund,
        [(PartyRoles.Bank, "POST", "/fundings")] = Fund,
        [(PartyRoles.Bank, "POST", "/token-request")] = Withdraw,
        [(PartyRoles.Bank, "POST", "/token-requests")] = Withdraw,
        [(PartyRoles.Merchant, "GET", "/offers")] = Offers,
        [(PartyRoles.Merchant, "POST", "/purchases")] = Promise,
        [(PartyRoles.Merchant, "GET", "/deliveries/{delivery}/{index}")] = Goods,
        [(PartyRoles.Bank, "PUT", "/locks/{n}")] = Authorize,
        [(PartyRoles.Merchant, "POST", "/payments")] = Pay,
        [(PartyRoles.Archive, "POST", "/decisions")] = Release,
        [(PartyRoles.Archive, "GET", "/decisions/{bank}/{n}")] = Commit,
        [(PartyRoles.Bank, "PUT", "/decisions/{n}")] = Settle,
    };

    /// <summary>The step that a request belongs to; null for what goes on all the time, and for what masks
    /// carry.</summary>
    public static string? Of(ReadRequest request) =>
        byRoute.GetValueOrDefault((request.Role, request.Method, request.Route ?? ""));

    /// <summary>Whether the wallet tells a step before it sends what belongs to it.</summary>
    public static bool IsToldFirst(string step) => step is Authorize or Pay;
}
