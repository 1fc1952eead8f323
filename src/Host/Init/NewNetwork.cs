using Bauta.Host.Config;
using Bauta.Wallet.Network;

namespace Bauta.Host.Init;

/// <summary>The parties that customers are told of, by their party files.</summary>
/// <param name="Bank">Issues the tokens.</param>
/// <param name="Acquirer">Takes the money in.</param>
/// <param name="Archive">Decides; its party file holds the policy with the witnesses.</param>
internal sealed record NewNetwork(PartyFile Bank, PartyFile Acquirer, PartyFile Archive)
{
    /// <summary>One or two masks each, in the order in which requests pass them.</summary>
    public IReadOnlyList<IReadOnlyList<PartyFile>> Routes { get; init; } = [];

    /// <summary>Shops by the name that customers call them.</summary>
    public IReadOnlyDictionary<string, PartyFile> Shops { get; init; } = new Dictionary<string, PartyFile>();

    /// <summary>The bank that locks, when it is not the one that issues.</summary>
    public PartyFile? SpentAt { get; init; }

    public long? MinWithdrawSeconds { get; init; }

    /// <summary>The network file; a wallet that is given it finds nothing wrong with it.</summary>
    /// <exception cref="HostException">The parties do not make a network.</exception>
    public NetworkFile ToFile()
    {
        foreach (var masks in Routes)
            CheckRoute(masks);
        if (SpentAt is not null && SpentAt.Address == Bank.Address)
            throw new HostException(ExitCode.Usage,
                $"{Bank.Name} issues and locks: leave --spent-at out. It names another bank that locks.");
        var file = new NetworkFile(
            [.. Routes.Select(masks => masks.Select(AddressOf).ToArray())], AddressOf(Bank), AddressOf(Acquirer),
            AddressOf(Archive), Archive.ReadPolicy().Text,
            Shops.ToDictionary(shop => shop.Key, shop => AddressOf(shop.Value)),
            SpentAt is null ? null : AddressOf(SpentAt), MinWithdrawSeconds);
        return NetworkFile.TryParse(file.ToBytes(), out _)
            ? file
            : throw new HostException(ExitCode.Usage,
                "A wallet would refuse this network: it has at most 64 routes and 64 shops, names of at most 64 "
                + "characters, and 64 KiB in all.");
    }

    private static void CheckRoute(IReadOnlyList<PartyFile> masks)
    {
        if (masks.Count is not (1 or 2))
            throw new HostException(ExitCode.Usage, "A route has one mask, or two with a comma between them.");
        if (masks.Count == 2 && (masks[0].Address.Origin == masks[1].Address.Origin
            || masks[0].Address.Thumbprint == masks[1].Address.Thumbprint))
            throw new HostException(ExitCode.Usage,
                $"{masks[0].Name} and {masks[1].Name} are one mask. A route of two takes those of two operators.");
    }

    private static string AddressOf(PartyFile party) => party.Address.ToString();
}
