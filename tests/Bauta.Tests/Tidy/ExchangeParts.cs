using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Notes;
using Bauta.Crypto.Signatures;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Wallet.Recovery;

namespace Bauta.Tests.Tidy;

/// <summary>
/// What the worked exchange begins with. Every key and secret is SHA-256 of a label, so that another implementation can
/// make it too; none is used anywhere else.
/// </summary>
internal static class ExchangeParts
{
    public const string File = "tests/vectors/worked-exchange.json";
    public const string Page = "docs/protocol/worked-exchange.md";
    public const string BankName = "bank.example";
    public const string Archive = "archive.example";
    public const long Now = 1_769_860_800;
    public const long ExpiresAt = Now + 900;
    public const long Price = 64;

    public static byte[] Goods => Encoding.UTF8.GetBytes("The bauta is a mask.\n");

    public static P256PrivateKey Bank => P256PrivateKey.FromSeed(Seed("bank"));

    public static P256PrivateKey Merchant => P256PrivateKey.FromSeed(Seed("merchant"));

    public static P256PrivateKey Account => P256PrivateKey.FromSeed(Seed("account"));

    public static P256PrivateKey ReleaseKey => P256PrivateKey.FromSeed(Seed("release"));

    public static GoodsKey GoodsKey => GoodsKey.FromBytes(Seed("goods key"));

    public static GoodsMask Mask => GoodsMask.FromBytes(Seed("mask"));

    public static NoteSigner Log => new(Archive, Ed25519PrivateKey.FromSeed(Seed("log")));

    public static Cosigner[] Witnesses => [.. Enumerable.Range(1, 2).Select(i => new Cosigner(
        $"witness-{i}.example", Ed25519PrivateKey.FromSeed(Seed($"witness {i}")), TimeProvider.System))];

    public static string Phrase => RecoveryPhrase.Encode(Seed("entropy").AsSpan(0, 16));

    /// <summary>The denomination's private key, a fixture of the tests.</summary>
    public static RsaPrivateKey Denomination => RsaPrivateKey.FromPkcs8Pem(System.IO.File.ReadAllText(
        Path.Combine(AppContext.BaseDirectory, "Bank", "Keys", "denomination-01.pem")));

    public static OfferTerms Offer => new(
        OfferId.FromBytes(Seed("offer")), "A short text", "One line about masks.", Amount.FromMinorUnits(Price), "EUR",
        "bauta.txt", Goods.Length, SHA256.HashData(Goods));

    public static WalletSeed WalletSeed => RecoveryPhrase.TryReadSeed(Phrase, out var seed)
        ? new WalletSeed(seed)
        : throw new InvalidOperationException("The phrase is none.");

    public static byte[] Seed(string label) =>
        SHA256.HashData(Encoding.ASCII.GetBytes($"bauta worked exchange: {label}"));

    public static Dictionary<string, string> Load() =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(Repository.Read(File))!;

    public static void Store(Dictionary<string, string> exchange) => System.IO.File.WriteAllText(
        Repository.PathOf(File), JsonSerializer.Serialize(exchange, indented).Replace("\r", "") + "\n");

    private static readonly JsonSerializerOptions indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
