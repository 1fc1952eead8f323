using System.Text.Json;
using System.Text.Json.Serialization;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;
using Bauta.Wallet.Disputes;
using Bauta.Wallet.Purchase;

namespace Bauta.Wallet;

/// <summary>How the wallet's own records are read and written.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(Base64UrlConverter)])]
[JsonSerializable(typeof(PurchaseState))]
[JsonSerializable(typeof(TakeInRequest))]
[JsonSerializable(typeof(ListedDenomination))]
[JsonSerializable(typeof(WalletDispute))]
public sealed partial class WalletJson : JsonSerializerContext;
