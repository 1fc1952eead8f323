using System.Globalization;
using System.Text;
using System.Text.Json;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Host.Roles;
using Bauta.Protocol;
using Bauta.Protocol.Bank;

namespace Bauta.Host.Demo;

/// <summary>
/// Takes a request apart as a curious operator would, by the names of what is in it: route, header fields, JSON
/// members, signed statements within them. Every name stands for a fact of the sight table, or is known to tell
/// nothing; a name that is neither is told as it is.
/// </summary>
internal sealed class RequestFacts
{
    private const int TokenRequestSize = 259;

    // What is longer than any key is a whole token.
    private const int KeyLength = 100;

    // Numbers of requests, kinds, public names and proofs.
    private static readonly HashSet<string> nothing = new(StringComparer.OrdinalIgnoreCase)
    {
        "id", "index", "after", "path", "currency", "archive", "at", "kind", "state", "proof", "bodyHash", "bank",
        "issuer", "signature", "host", "date", "accept", "connection", "content-type", "content-length",
        "transfer-encoding",
    };

    // Announcements for everybody: what stands in them is in the log.
    private static readonly HashSet<string> announcements =
        new(StringComparer.Ordinal) { "bauta.bank", "bauta.denomination", "bauta.revocation", "bauta.totals" };

    private static readonly Dictionary<string, Fact> members = new(StringComparer.Ordinal)
    {
        ["card"] = Fact.Payer,
        ["reserve"] = Fact.ReserveKey,
        ["reserveKey"] = Fact.ReserveKey,
        ["amount"] = Fact.Amount,
        ["price"] = Fact.Price,
        ["transaction"] = Fact.Transaction,
        ["n"] = Fact.Transaction,
        ["releaseKey"] = Fact.Transaction,
        ["expiresAt"] = Fact.Expiry,
        ["commitment"] = Fact.Commitment,
        ["maskedKey"] = Fact.MaskedKey,
        ["account"] = Fact.Account,
        ["payee"] = Fact.Payee,
        ["token"] = Fact.SpentSerial,
        ["serial"] = Fact.SpentSerial,
        ["tokenKeyId"] = Fact.Denomination,
        ["offer"] = Fact.Goods,
        ["delivery"] = Fact.Goods,
        ["session"] = Fact.Goods,
        ["request"] = Fact.Goods,
        // Opens the total; sealed, that and what it is for are published.
        ["totalKey"] = Fact.Amount,
        ["sealedTotal"] = Fact.Commitment,
        ["itemHash"] = Fact.Commitment,
        // Of ciphertext that opens for nobody without P1.
        ["goodsRoot"] = Fact.Commitment,
        ["chunk"] = Fact.Commitment,
        ["sizeBytes"] = Fact.Sizes,
        ["seed"] = Fact.SpentSerial,
        ["customerKey"] = Fact.Pseudonym,
        ["customerName"] = Fact.Pseudonym,
        ["merchandiseHash"] = Fact.Transaction,
        ["merchant"] = Fact.Merchant,
    };

    // What the key tells that a statement names as its signer's; null where it is a public party.
    private static readonly Dictionary<string, Fact?> signers = new(StringComparer.Ordinal)
    {
        ["bauta.withdrawal"] = Fact.ReserveKey,
        ["bauta.authorization"] = Fact.SpentSerial,
        ["bauta.refresh"] = Fact.SpentSerial,
        ["bauta.closing"] = Fact.SpentSerial,
        ["bauta.recoup"] = Fact.SpentSerial,
        ["bauta.release"] = Fact.Transaction,
        ["bauta.item-acknowledgement"] = Fact.Transaction,
        ["bauta.made"] = Fact.Transaction,
        ["bauta.lock-note"] = Fact.LockingBank,
        ["bauta.payment-note"] = Fact.LockingBank,
        ["bauta.closing-note"] = Fact.LockingBank,
        ["bauta.account"] = Fact.Account,
        ["bauta.payout-request"] = Fact.Account,
        ["bauta.acknowledgement"] = Fact.Pseudonym,
        ["bauta.funding-notice"] = null,
        ["bauta.payout-order"] = null,
        ["bauta.payout-receipt"] = null,
    };

    private readonly ReadRequest request;
    private readonly List<(Fact Fact, string Value)> found = [];
    private readonly List<string> unknown = [];
    private readonly StringBuilder text = new();

    /// <summary>Reads it.</summary>
    /// <param name="request">As the role can read it.</param>
    /// <param name="known">Words that must not go where their fact does not: looked for in all text.</param>
    public RequestFacts(ReadRequest request, IEnumerable<(Fact Fact, string Value)> known)
    {
        this.request = request;
        if (request.ForwardTo is { } party)
            found.Add((Fact.PartyCalled, party));
        if (request.Role == PartyRoles.Mask && request.Length > 0)
            found.Add((Fact.Sizes, string.Create(CultureInfo.InvariantCulture, $"{request.Length} bytes")));
        foreach (var (name, value) in request.Fields)
        {
            text.Append(value).Append('\n');
            if (Jws.TryParse(value, value.Length, out var statement))
                ReadStatement(statement);
            else
                ReadMember(name, value, default);
        }

        ReadBody();
        var all = text.ToString();
        found.AddRange(known.Where(one => all.Contains(one.Value, StringComparison.Ordinal)
            && found.TrueForAll(other => other.Fact != one.Fact)));
    }

    /// <summary>What it told.</summary>
    public IReadOnlyList<(Fact Fact, string Value)> Found => found;

    /// <summary>Names that stand for nothing in the table.</summary>
    public IReadOnlyList<string> Unknown => unknown;

    private void ReadBody()
    {
        var bytes = request.Body.Span;
        text.Append(Encoding.Latin1.GetString(bytes)).Append('\n');
        switch (request.MediaType?.Split(';')[0])
        {
            case null:
                break;
            case JsonBody.JsonMediaType or SignedAuthorization.MediaType:
                ReadJson(bytes, request.MediaType == SignedAuthorization.MediaType ? Authorization.Typ : "");
                break;
            case JsonBody.JoseMediaType:
                if (Jws.TryParse(Encoding.Latin1.GetString(bytes), bytes.Length, out var statement))
                    ReadStatement(statement);
                else
                    unknown.Add("a statement that does not parse");
                break;
            case PrivateTokenNames.RequestMediaType or TokenBatch.RequestMediaType:
                // token_type (16), truncated_token_key_id (8), blinded_msg (2048)
                for (var at = 0; at + TokenRequestSize <= bytes.Length; at += TokenRequestSize)
                    found.Add((Fact.Denomination, string.Create(
                        CultureInfo.InvariantCulture, $"key ..{bytes[at + 2]:x2}")));
                break;
            case Crypto.ObliviousHttp.Encapsulation.RequestMediaType:
                // For somebody else at a mask; at a party it is looked at once it is open.
                break;
            case "text/plain" when request.Role == PartyRoles.Witness:
                // A checkpoint, and that it extends the one before.
                break;
            default:
                unknown.Add($"a body of type {request.MediaType}");
                break;
        }
    }

    private void ReadJson(ReadOnlySpan<byte> json, string typ)
    {
        try
        {
            using var document = JsonDocument.Parse(json.ToArray());
            Read("", document.RootElement, typ);
        }
        catch (JsonException)
        {
            unknown.Add("JSON that does not parse");
        }
    }

    private void ReadStatement(Jws statement)
    {
        text.Append(Encoding.UTF8.GetString(statement.Payload)).Append('\n');
        ReadSigner(statement.Typ, statement.KeyId);
        if (!announcements.Contains(statement.Typ))
            ReadJson(statement.Payload, statement.Typ);
    }

    private void ReadSigner(string typ, string keyId)
    {
        if (announcements.Contains(typ))
            return;
        if (typ == "bauta.read")
            found.Add((ReadsAs(), Short(keyId)));
        else if (!signers.TryGetValue(typ, out var fact))
            unknown.Add($"the signer of a {typ}");
        else if (fact is { } known)
            found.Add((known, Short(keyId)));
    }

    private Fact ReadsAs() => request.Route == "/account" ? Fact.Account : Fact.ReserveKey;

    private void Read(string name, JsonElement value, string typ)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                    Read(member.Name, member.Value, typ);
                break;
            case JsonValueKind.Array:
                foreach (var one in value.EnumerateArray())
                    Read(name, one, typ);
                break;
            case JsonValueKind.String when Jws.TryParse(value.GetString(), int.MaxValue, out var statement):
                ReadStatement(statement);
                break;
            case JsonValueKind.String when name is "payload" or "entry" or "protected"
                && Base64Url.TryDecode(value.GetString()!, out var inner):
                text.Append(Encoding.UTF8.GetString(inner)).Append('\n');
                ReadJson(inner, typ);
                break;
            case JsonValueKind.String when name is "kid":
                ReadSigner(typ, value.GetString()!);
                break;
            default:
                ReadMember(name, value.ToString(), typ);
                break;
        }
    }

    private void ReadMember(string name, string value, string? typ)
    {
        // What the header of a signature says beside its key.
        if (name is "alg" or "typ" && typ == Authorization.Typ)
            return;
        if (name is "bank" && request.Role == PartyRoles.Archive)
            found.Add((Fact.LockingBank, Short(value)));
        else if (name is "key" && typ is Authorization.Typ or "bauta.refresh" or "bauta.closing" or "bauta.recoup")
            found.Add((Fact.SpentSerial, Short(value)));
        else if (name is "key" && typ is "bauta.read")
            found.Add((ReadsAs(), Short(value)));
        else if (name is "key" && typ is "bauta.account" or "bauta.payout-request")
            found.Add((Fact.Account, Short(value)));
        else if (name is "key" && (typ is "bauta.item-acknowledgement" or "bauta.made"
            || request.Role == PartyRoles.Merchant))
            // Of one session or order, and published with it.
            found.Add((Fact.Transaction, Short(value)));
        else if (members.TryGetValue(name, out var fact))
            found.Add((At(fact), Show(fact, value)));
        else if (!nothing.Contains(name))
            unknown.Add(name);
    }

    /// <summary>One sum has three names: what the acquirer was paid, the bank moves, the shop asked for.</summary>
    private Fact At(Fact fact) => (fact, request.Role) switch
    {
        (Fact.Amount, PartyRoles.Acquirer) => Fact.SumsPaid,
        (Fact.Amount, PartyRoles.Merchant) => Fact.Price,
        _ => fact,
    };

    private static string Show(Fact fact, string value) => fact switch
    {
        Fact.Expiry when long.TryParse(value, CultureInfo.InvariantCulture, out var seconds) =>
            UnixTime.FromSeconds(seconds).ToString(),
        Fact.Payer => $"card {value[..Math.Min(4, value.Length)]}..",
        // RFC 9578: the type, then the nonce, which is the serial.
        Fact.SpentSerial when Base64Url.TryDecode(value, out var token) && token.Length > KeyLength =>
            Hex(token.AsSpan(2)),
        Fact.Amount or Fact.Price or Fact.Payee => value,
        _ => Short(value),
    };

    /// <summary>The first four bytes; what only looks like bytes keeps its letters.</summary>
    private static string Short(string value)
    {
        if (!Base64Url.TryDecode(value, out var bytes) || bytes.Length < 16)
            return value.Length <= 24 ? value : value[..24] + "..";
        // Every SPKI of a P-256 key has the same first 27 bytes.
        return Hex(bytes.Length == 91 ? bytes.AsSpan(27) : bytes);
    }

    private static string Hex(ReadOnlySpan<byte> bytes) =>
        Convert.ToHexStringLower(bytes[..Math.Min(4, bytes.Length)]) + "..";
}
