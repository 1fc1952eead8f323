using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;

namespace Bauta.Merchant;

/// <summary>How a merchant sells. Every number bounds something; the defaults suit a small shop.</summary>
public sealed record MerchantOptions
{
    /// <summary>The merchant's name.</summary>
    public required string Name { get; init; }

    /// <summary>The name of the bank that locks and settles.</summary>
    public required string Bank { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>Where the acquirer pays out to, in the acquirer's own form.</summary>
    public required string Payee { get; init; }

    /// <summary>The folder that goods are copied into, so that a file cannot change under a sale.</summary>
    public required string GoodsDirectory { get; init; }

    /// <summary>Which proof of delivery the merchant demands, one of <see cref="DeliveryProof"/>; a customer who wants
    /// two-sided delivery always gets it.</summary>
    public string Proof { get; init; } = DeliveryProof.OneSided;

    /// <summary>Ways to release a key beside the usual one that it takes when a customer asks, of
    /// <see cref="ReleaseTerm"/>: each is a risk of the merchant's.</summary>
    public IReadOnlyList<string> Releases { get; init; } = [];

    /// <summary>How long a purchase of a small file is open, from P1 to its expiry.</summary>
    public int LifetimeSeconds { get; init; } = 900;

    /// <summary>The longest that any purchase is open; at most what the bank allows.</summary>
    public int MaxLifetimeSeconds { get; init; } = 86_400;

    /// <summary>The slowest customer that a large file still waits for: adds size / rate to the lifetime.</summary>
    public long SlowestBytesPerSecond { get; init; } = 1024 * 1024;

    /// <summary>P3 is refused this long before expiry, so that P4 reaches the archive in time.</summary>
    public int PayMarginSeconds { get; init; } = 10;

    /// <summary>How long an unpaid purchase is kept after its expiry; a paid one is settled within it once the archive
    /// and the bank can be reached.</summary>
    public int GraceSeconds { get; init; } = 3600;

    /// <summary>How long the id of a purchase that was dropped still answers that it has expired.</summary>
    public int RememberDroppedSeconds { get; init; } = 30 * 86_400;

    /// <summary>How long the copy of a file is kept after it was stored, after its last offer was withdrawn and after
    /// the expiry of each purchase of it: at least the bank's dispute window, and customers may fetch what they bought
    /// until then.</summary>
    public long KeepGoodsSeconds { get; init; } = 30 * 86_400;

    public int MaxOffers { get; init; } = 10_000;

    public long MaxFileBytes { get; init; } = 64L << 30;

    /// <summary>Purchases that may be open and unpaid at the same time.</summary>
    public int MaxOpenPurchases { get; init; } = 100_000;

    /// <summary>Sum of the files of all open and unpaid purchases: what strangers can make the shop hash.</summary>
    public long MaxOpenBytes { get; init; } = 256L << 30;

    /// <summary>Above this size the hashing for a P1 waits its turn.</summary>
    public long LargeFileBytes { get; init; } = 1L << 20;

    public int MaxLargeAtOnce { get; init; } = 2;

    public int MaxLargeWaiting { get; init; } = 16;

    /// <summary>Chunks that are encrypted at the same time; each takes about 3 MiB.</summary>
    public int MaxChunksAtOnce { get; init; } = 8;

    /// <summary>How long a session lasts, from P1 to its expiry; at most what the bank allows.</summary>
    public int SessionSeconds { get; init; } = 3600;

    /// <summary>A session is closed this long before its expiry, so that R9 reaches the archive in time.</summary>
    public int SessionMarginSeconds { get; init; } = 120;

    /// <summary>How often an item is made that the customer does not acknowledge.</summary>
    public int MaxUnpaidItems { get; init; } = 3;

    /// <summary>How often in a row an item is refused: the site that it is of is asked each time for nothing.</summary>
    public int MaxRefusedItems { get; init; } = 1000;

    /// <summary>Sessions whose keys are held open; others are opened when they are used.</summary>
    public int MaxSessionsInMemory { get; init; } = 1000;

    /// <summary>Items that wait for their acknowledgement, all together; what is beyond is made again when it is asked
    /// for again.</summary>
    public long MaxPendingBytes { get; init; } = 32L << 20;

    /// <summary>How long a purchase of goods that are made to order is open, from P1 to its expiry; at most what the
    /// bank allows.</summary>
    public int OrderSeconds { get; init; } = 3600;

    /// <summary>How long the customer has to acknowledge goods that were made before the commit is forced.</summary>
    public int OrderWaitSeconds { get; init; } = 300;

    /// <summary>The commit is forced at least this long before the expiry, so that goods and release reach the archive
    /// in time; what is not made by then is given up.</summary>
    public int OrderMarginSeconds { get; init; } = 120;

    /// <summary>The longest that one making of goods may take.</summary>
    public int MakeSeconds { get; init; } = 1800;

    /// <summary>How often the making of goods is begun before the order is given up.</summary>
    public int MaxMakeTries { get; init; } = 3;

    /// <summary>Goods that are made at the same time.</summary>
    public int MakersAtOnce { get; init; } = 2;

    /// <summary>How long an answer to P3 waits for the decision before it says that it is on its way.</summary>
    public TimeSpan DecisionWait { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The longest pause between two attempts at an unfinished step.</summary>
    public int MaxRetrySeconds { get; init; } = 300;

    /// <summary>Payments and payouts that one pass of the background work takes up.</summary>
    public int StepsAtOnce { get; init; } = 32;

    internal void Check()
    {
        if (!Names.IsPartyName(Name) || !Names.IsPartyName(Bank) || !Names.IsLine(Payee, 128))
            throw new FormatException("The names of merchant and bank or the payee are not in their form.");
        if (!DeliveryProof.IsKnown(Proof))
            throw new FormatException(
                $"\"{Proof}\" is no proof of delivery: proof is {DeliveryProof.OneSided} or {DeliveryProof.TwoSided}.");
        if (!Releases.All(ReleaseTerm.IsKnown) || Releases.Distinct().Count() != Releases.Count)
            throw new FormatException(
                $"releases names {ReleaseTerm.Early} and {ReleaseTerm.AtOnce}, each at most once.");
        if (LifetimeSeconds <= PayMarginSeconds || MaxLifetimeSeconds < LifetimeSeconds || SlowestBytesPerSecond < 1
            || PayMarginSeconds < 0 || GraceSeconds < 0 || RememberDroppedSeconds < 0
            || KeepGoodsSeconds < GraceSeconds || MaxOffers < 1
            || MaxFileBytes is < 0 or > OfferTerms.MaxSizeBytes || MaxOpenPurchases < 1
            || MaxOpenBytes < 0 || LargeFileBytes < 0 || MaxLargeAtOnce < 1 || MaxLargeWaiting < 0
            || SessionMarginSeconds < 0 || SessionSeconds <= SessionMarginSeconds + PayMarginSeconds
            || OrderMarginSeconds < 0 || OrderWaitSeconds < 0 || MakeSeconds < 1 || MaxMakeTries < 1 || MakersAtOnce < 1
            || OrderSeconds <= OrderMarginSeconds + PayMarginSeconds
            || MaxUnpaidItems < 1 || MaxRefusedItems < 1 || MaxSessionsInMemory < 1 || MaxPendingBytes < 0
            || MaxChunksAtOnce < 1 || MaxRetrySeconds < 1 || StepsAtOnce < 1)
            throw new FormatException("A number in the merchant's options is out of its range.");
    }
}

/// <summary>An archive that the merchant sells under, with the witness quorum that its decisions must carry.</summary>
public sealed record MerchantArchive(ArchivePolicy Policy, IArchive Archive);
