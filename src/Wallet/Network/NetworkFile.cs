using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Relay;

namespace Bauta.Wallet.Network;

/// <summary>
/// The parties that a wallet deals with, each as <c>URL#THUMBPRINT</c>, so that nobody on the way can put himself in
/// their place. Whoever hands it to a customer is trusted with the choice of parties and with nothing else.
/// </summary>
/// <param name="Routes">Masks, in the order in which requests pass them: one or two in each route.</param>
/// <param name="Bank">The bank that issues the wallet's tokens.</param>
/// <param name="Acquirer">The acquirer.</param>
/// <param name="Archive">The archive.</param>
/// <param name="Policy">The archive's witnesses and quorum in C2SP tlog-policy form.</param>
/// <param name="Shops">Shops by the name that the customer calls them.</param>
/// <param name="SpentAt">The other bank that locks those tokens; absent when the issuer does.</param>
/// <param name="MinWithdrawSeconds">The shortest time for which the wallet accepts that a denomination key is withdrawn
/// from; a day when absent. Only those who withdraw in the same window hide each other.</param>
public sealed record NetworkFile(
    IReadOnlyList<IReadOnlyList<string>> Routes, string Bank, string Acquirer, string Archive, string Policy,
    IReadOnlyDictionary<string, string> Shops, string? SpentAt = null,
    long? MinWithdrawSeconds = null)
{
    /// <summary>The largest file in bytes.</summary>
    public const int MaxLength = 64 * 1024;

    private const int MaxOfEach = 64;

    /// <summary>Reads the file strictly; every address and the policy are checked.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out NetworkFile? file)
    {
        if (utf8.Length <= MaxLength && StrictJson.TryRead(utf8, NetworkFileJson.Default.NetworkFile, out file)
            && file.IsWellFormed())
            return true;
        file = null;
        return false;
    }

    /// <summary>The file's bytes.</summary>
    public byte[] ToBytes() => StrictJson.Write(this, NetworkFileJson.Default.NetworkFile);

    /// <summary>One of the routes; no masks when there is none.</summary>
    public MaskRoute RouteAt(int index) => Routes[index] switch
    {
        [var one] => MaskRoute.One(PartyAddress.Parse(one)),
        [var first, var second] => MaskRoute.Two(PartyAddress.Parse(first), PartyAddress.Parse(second)),
        _ => throw new InvalidOperationException("A route has one mask or two."),
    };

    /// <summary>A shop by its name, or by its address.</summary>
    public bool TryFindShop(string nameOrAddress, [NotNullWhen(true)] out PartyAddress? shop) =>
        PartyAddress.TryParse(Shops.GetValueOrDefault(nameOrAddress, nameOrAddress), out shop);

    private bool IsWellFormed() =>
        Routes.Count <= MaxOfEach && Routes.All(IsRoute)
        && IsAddress(Bank) && IsAddress(Acquirer) && IsAddress(Archive)
        && (SpentAt is null || IsAddress(SpentAt))
        && MinWithdrawSeconds is null or >= 0
        && ArchivePolicy.TryParse(Policy, out _)
        && Shops.Count <= MaxOfEach && Shops.All(shop => Names.IsLine(shop.Key, 64) && IsAddress(shop.Value));

    private static bool IsRoute(IReadOnlyList<string> masks) => masks.Count switch
    {
        1 => IsAddress(masks[0]),
        2 => PartyAddress.TryParse(masks[0], out var first) && PartyAddress.TryParse(masks[1], out var second)
            && first.Thumbprint != second.Thumbprint && first.Origin != second.Origin,
        _ => false,
    };

    private static bool IsAddress(string text) => PartyAddress.TryParse(text, out _);
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NetworkFile))]
internal sealed partial class NetworkFileJson : JsonSerializerContext;
