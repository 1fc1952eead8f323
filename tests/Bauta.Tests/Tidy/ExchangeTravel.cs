using System.Globalization;
using System.Text;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.Hpke;
using Bauta.Crypto.Jose;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Relay;

namespace Bauta.Tests.Tidy;

/// <summary>Of the worked exchange: one request whole, through two masks, and what ends a purchase or a token
/// otherwise.</summary>
internal static class ExchangeTravel
{
    public const string BankGateway = "bank gateway";
    public const string MaskGateway = "mask gateway";

    private static readonly string[] made = ["lockRequest", "lockSealed", "lockCarried", "refresh", "recoup",
        "abortRequest", "abortLeaf"];

    /// <summary>Whether all of it is there.</summary>
    public static bool IsIn(Dictionary<string, string> exchange) => made.All(exchange.ContainsKey);

    /// <summary>Adds it to the rest.</summary>
    public static void Make(Dictionary<string, string> exchange)
    {
        SealLock(exchange);
        using var denomination = ExchangeParts.Denomination;
        using var seed = ExchangeParts.WalletSeed;
        using var secret = seed.Token(denomination.PublicKey.KeyId, 0);
        using var own = secret.Key();
        using var reserveKey = secret.RefreshReserveKey();
        if (!Base64Url.TryDecode(exchange["token"], out var token))
            throw new InvalidDataException("A token of our own is not base64url.");
        var reserve = ReserveId.Of(reserveKey.PublicKey);
        exchange["refresh"] = Signed<RefreshOrder>.Sign(
            own, new RefreshOrder(token, own.PublicKey.Spki, reserve)).Text;
        exchange["recoup"] = Signed<RecoupOrder>.Sign(
            own, new RecoupOrder(token, own.PublicKey.Spki, secret.BlindingSeed(), reserve)).Text;
        var note = ExchangeMaker.Read<LockNote>(exchange["lockNote"]);
        exchange["abortRequest"] = Encoding.UTF8.GetString(
            StrictJson.Write(new DecisionRequest(note), ProtocolJson.Default.DecisionRequest));
        exchange["abortLeaf"] = Encoding.UTF8.GetString(
            new LogEntry(LogEntry.Abort, UnixTime.FromSeconds(ExchangeParts.ExpiresAt + 1), note).ToLeaf());
    }

    /// <summary>P2 as a Binary HTTP message, sealed to the bank, then to the second mask. Nothing in it is random but
    /// the signature of P2.</summary>
    public static void SealLock(Dictionary<string, string> exchange)
    {
        using var bank = Key(BankGateway);
        using var mask = Key(MaskGateway);
        var request = LockRequest(exchange);
        exchange["lockRequest"] = Base64Url.Encode(request.Encode());
        var inner = Seal(request, bank, 0);
        exchange["lockSealed"] = Base64Url.Encode(inner);
        exchange["lockCarried"] = Base64Url.Encode(Seal(Forwarded(inner), mask, 1));
    }

    /// <summary>As the wallet sends it.</summary>
    public static BinaryRequest LockRequest(Dictionary<string, string> exchange) => new(
        "PUT", "https", ExchangeParts.BankName, $"/locks/{Transaction}",
        [
            BinaryField.Create("date", DateTimeOffset.FromUnixTimeSeconds(ExchangeParts.Now + 60)
                .ToString("r", CultureInfo.InvariantCulture)),
            BinaryField.Create("content-type", SignedAuthorization.MediaType),
        ],
        Encoding.ASCII.GetBytes(exchange["p2"]));

    /// <summary>As the second mask reads it.</summary>
    public static BinaryRequest Forwarded(ReadOnlyMemory<byte> inner) => new(
        "POST", "https", ExchangeParts.BankName, MaskRoute.GatewayPath,
        [BinaryField.Create("content-type", Encapsulation.RequestMediaType)], inner);

    public static HpkePrivateKey Key(string label) => HpkePrivateKey.Derive(HpkeKem.X25519, ExchangeParts.Seed(label));

    public static KeyConfiguration Configuration(HpkePrivateKey key) =>
        new(0, key.PublicKey, [HpkeSuite.X25519Aes128Gcm]);

    private static TransactionId Transaction
    {
        get
        {
            using var release = ExchangeParts.ReleaseKey;
            return TransactionId.Of(release.PublicKey);
        }
    }

    private static byte[] Seal(BinaryRequest request, HpkePrivateKey gateway, int layer)
    {
        var overhead = Encapsulation.RequestOverhead(HpkeSuite.X25519Aes128Gcm);
        if (!PaddingClasses.TrySizeFor(overhead + request.EncodedSize, layer, out var size))
            throw new InvalidDataException("The request fits into no class.");
        using var ephemeral = Key($"ephemeral {layer}");
        using var exchange = ObliviousClientRequest.Seal(
            Configuration(gateway), request.Encode(size - overhead), ephemeral);
        return exchange.Encapsulated.ToArray();
    }
}
