using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Storage;

namespace Bauta.Merchant.HandOvers;

/// <summary>What a counter refuses, and why. The list is closed.</summary>
public enum CounterError
{
    /// <summary>Not a receipt, or not an answer.</summary>
    [Refusal(400, "This is not a receipt and an answer to a challenge. Read both codes again.")]
    Malformed,

    /// <summary>Another shop's, or altered.</summary>
    [Refusal(422, "The receipt is not signed by this counter's shop, or was changed.")]
    ForeignReceipt,

    /// <summary>The key in it does not open it.</summary>
    [Refusal(422, "The receipt was not paid: the key in it does not hash to its commitment.")]
    NotPaid,

    /// <summary>Not by <c>P</c>, or for another receipt.</summary>
    [Refusal(422, "The answer is not signed by the key that owns this receipt.")]
    BadAnswer,

    /// <summary>Not a challenge of this counter.</summary>
    [Refusal(422, "The answer is to a challenge that is not this counter's.")]
    ForeignChallenge,

    /// <summary>Too old.</summary>
    [Refusal(410, "The challenge is more than ten minutes old, or ahead of the clock. Ask with a new one.")]
    OldChallenge,

    /// <summary>A second time.</summary>
    [Refusal(409, "What this receipt is for was handed over before. Do not hand it over again.")]
    HandedOver,
}

/// <summary>What a counter handed over.</summary>
/// <param name="Receipt">The receipt.</param>
/// <param name="Answer">What its key signed.</param>
/// <param name="HandedAt">By the counter's clock.</param>
/// <param name="Shop">What the shop says of it: one of <see cref="Known"/> and <see cref="Refused"/>; absent until it
/// was asked.</param>
public sealed record CounterEntry(
    Signed<Receipt> Receipt, Signed<HandOver> Answer, UnixTime HandedAt, string? Shop = null)
{
    public const string Known = "known";

    /// <summary>The shop knows of another hand-over: one of the two counters gave it away twice.</summary>
    public const string Refused = "refused";
}

/// <summary>A counter and the shop that it hands over for.</summary>
/// <param name="Name">Its name, which customers see and sign.</param>
/// <param name="ShopCard">The shop's card: its key and the archives it sells under.</param>
public sealed record CounterPlace(string Name, Signed<PartyCard> ShopCard);

/// <summary>
/// A place where goods are handed over against receipts (US 6,076,078: the post office with smart-card readers). It
/// needs a folder and a clock, and no network: it knows its challenges by a MAC, and what it handed over by a file
/// that can be made only once. It sees of a purchase <c>n</c>, what it is for, and <c>P</c>.
/// </summary>
public sealed class Counter : IDisposable
{
    /// <summary>How long a challenge may be answered, in seconds.</summary>
    public const long ChallengeSeconds = 600;

    private const int MaxFileLength = 128 * 1024;
    private const string PlaceFile = "counter.json";
    private const string KeyFile = "counter.key";
    private const string HandedFolder = "handed";
    private const string Extension = ".json";

    private readonly string folder;
    private readonly byte[] key;
    private readonly TimeProvider clock;

    private Counter(string folder, CounterPlace place, byte[] key, TimeProvider clock) =>
        (this.folder, Place, this.key, this.clock) = (folder, place, key, clock);

    /// <summary>Whose counter this is.</summary>
    public CounterPlace Place { get; }

    /// <summary>Makes the folder of a new counter.</summary>
    /// <exception cref="StorageException">There is one.</exception>
    public static void Create(string folder, CounterPlace place)
    {
        DurableFile.CreateDirectory(Path.Combine(folder, HandedFolder));
        var key = RandomNumberGenerator.GetBytes(CounterChallenge.KeySize);
        DurableFile.CreateSecret(Path.Combine(folder, KeyFile), key);
        CryptographicOperations.ZeroMemory(key);
        DurableFile.Create(
            Path.Combine(folder, PlaceFile), StrictJson.Write(place, CounterJson.Default.CounterPlace));
    }

    /// <summary>Opens a counter's folder; null when there is none.</summary>
    /// <exception cref="InvalidDataException">What is there is not a counter's.</exception>
    public static Counter? Open(string folder, TimeProvider clock)
    {
        if (DurableFile.Read(Path.Combine(folder, PlaceFile), MaxFileLength) is not { } bytes)
            return null;
        var key = DurableFile.ReadSecret(Path.Combine(folder, KeyFile), CounterChallenge.KeySize);
        if (key is not { Length: CounterChallenge.KeySize }
            || !StrictJson.TryRead(bytes, CounterJson.Default.CounterPlace, out var place)
            || place.ShopCard.Content.Role != Roles.Merchant
            || !place.ShopCard.IsSignedBy(place.ShopCard.Content.IdentityKey()))
            throw new InvalidDataException($"{folder} holds no counter that this program can read.");
        return new Counter(folder, place, key, clock);
    }

    /// <summary>A new challenge.</summary>
    public CounterChallenge Ask() => CounterChallenge.Make(Place.Name, UnixTime.Now(clock), key);

    /// <summary>Checks a receipt and the answer of whoever shows it, and changes nothing.</summary>
    public Result<CounterEntry, CounterError> Check(PaidReceipt paid, Signed<HandOver> answer)
    {
        var receipt = paid.Receipt;
        var shop = Place.ShopCard.Content.IdentityKey();
        if (receipt.KeyId != shop.Thumbprint || !receipt.IsSignedBy(shop))
            return CounterError.ForeignReceipt;
        if (!paid.IsPaidTo(shop))
            return CounterError.NotPaid;
        if (!HandOver.Holds(answer, receipt))
            return CounterError.BadAnswer;
        var asked = answer.Content.Asked();
        if (asked.Counter != Place.Name || !asked.IsMadeWith(key))
            return CounterError.ForeignChallenge;
        var now = UnixTime.Now(clock);
        if (asked.At > now || now.Seconds - asked.At.Seconds > ChallengeSeconds)
            return CounterError.OldChallenge;
        return Find(receipt.Content.Transaction) is null
            ? new CounterEntry(receipt, answer, now)
            : CounterError.HandedOver;
    }

    /// <summary>
    /// Takes it down as handed over. When this returns without a refusal it is on disk, and nobody who shares this
    /// folder has another: the goods may be given out.
    /// </summary>
    public Result<CounterEntry, CounterError> HandOut(CounterEntry entry)
    {
        try
        {
            DurableFile.Create(PathOf(entry.Receipt.Content.Transaction), Bytes(entry));
            return entry;
        }
        catch (StorageException refused) when (refused.Failure == StorageFailure.Refused
            && Find(entry.Receipt.Content.Transaction) is not null)
        {
            return CounterError.HandedOver;
        }
    }

    /// <summary>What the shop said of it.</summary>
    public void Note(CounterEntry entry, string shop) =>
        DurableFile.Write(PathOf(entry.Receipt.Content.Transaction), Bytes(entry with { Shop = shop }));

    /// <summary>What was handed over for a transaction; null when nothing was.</summary>
    public CounterEntry? Find(TransactionId transaction) => Read(PathOf(transaction));

    /// <summary>All that was handed over, oldest first.</summary>
    public IReadOnlyList<CounterEntry> HandedOver() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(folder, HandedFolder), "*" + Extension)
            .Select(path => Read(path)!).OrderBy(entry => entry.HandedAt),
    ];

    public void Dispose() => CryptographicOperations.ZeroMemory(key);

    private static byte[] Bytes(CounterEntry entry) => StrictJson.Write(entry, CounterJson.Default.CounterEntry);

    private static CounterEntry? Read(string path) => DurableFile.Read(path, MaxFileLength) is not { } bytes
        ? null
        : StrictJson.TryRead(bytes, CounterJson.Default.CounterEntry, out var entry)
            ? entry
            : throw new InvalidDataException($"{path} is damaged.");

    // Hexadecimal, since a file system may not tell upper case from lower.
    private string PathOf(TransactionId transaction) =>
        Path.Combine(folder, HandedFolder, Convert.ToHexStringLower(transaction.Bytes) + Extension);
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(Base64UrlConverter)])]
[JsonSerializable(typeof(CounterPlace))]
[JsonSerializable(typeof(CounterEntry))]
internal sealed partial class CounterJson : JsonSerializerContext;
