using System.Globalization;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Archive;

namespace Bauta.Tests.Tidy;

/// <summary>Writes the worked exchange as a page.</summary>
internal static class ExchangePage
{
    private const int Columns = 116;

    public static string Render(Dictionary<string, string> exchange)
    {
        using var release = ExchangeParts.ReleaseKey;
        using var goodsKey = ExchangeParts.GoodsKey;
        using var mask = ExchangeParts.Mask;
        using var denomination = ExchangeParts.Denomination;
        using var seed = ExchangeParts.WalletSeed;
        using var secret = seed.Token(denomination.PublicKey.KeyId, 0);
        using var own = secret.Key();
        var n = TransactionId.Of(release.PublicKey);
        var masked = goodsKey.Mask(mask);
        if (!ArchivePolicy.TryParse(exchange["policy"], out var policy))
            throw new InvalidDataException("The policy does not parse.");
        var page = new StringBuilder("""
            # A worked exchange

            One purchase with real bytes, made by the code and stored in `tests/vectors/worked-exchange.json`; a test
            verifies every step of it and that this page shows it. Long lines are wrapped here: join them. A signature
            is random, so another implementation verifies these rather than making them; all else it can compute.

            Every key and secret is SHA-256 of `bauta worked exchange: LABEL` with the labels below: P-256 keys from
            that as the seed of [key()](wallet.md#recovery-phrase-and-derivation), Ed25519 keys and the rest as it
            stands. They are public: use them for nothing else.


            """);
        Fact(page, "time", $"{ExchangeParts.Now}");
        Fact(page, "goods (UTF-8, with a newline at the end)", Encoding.UTF8.GetString(ExchangeParts.Goods).TrimEnd());
        Fact(page, "recovery phrase (first 16 bytes of label `entropy`)", ExchangeParts.Phrase);
        Head(page, "Archive", """
            Labels `log`, `witness 1`, `witness 2`. The policy, whose SHA-256 is its ID because it names no address:
            """);
        Block(page, exchange["policy"]);
        Fact(page, "policy ID `A`", policy.Id.ToString());
        Head(page, "Withdrawal", """
            The denomination's announcement, label `bank`, issued by `bank.example`:
            """);
        Statement(page, exchange["denomination"]);
        Fact(page, "token key ID", Base64Url.Encode(denomination.PublicKey.KeyId));
        Fact(page, "SPKI of the token's own key `q`", Base64Url.Encode(own.PublicKey.Spki));
        Fact(page, "nonce, SHA-256 of that SPKI", Base64Url.Encode(own.PublicKey.SpkiHash));
        Named(page, "The token request, 259 bytes:", exchange["tokenRequest"]);
        page.Append("The header `Bauta-Reserve`, signed by reserve 0 of the phrase:\n\n");
        Statement(page, exchange["withdrawal"]);
        Named(page, "The token response, 256 bytes:", exchange["tokenResponse"]);
        Named(page, "The token, 354 bytes:", exchange["token"]);
        Head(page, "P1", """
            Labels `merchant`, `account`, `release`, `goods key` (`k`), `mask` (`r`), `secret`, `offer`.
            """);
        Fact(page, "n", n.ToString());
        Fact(page, "k xor r", masked.ToString());
        Fact(page, "c", KeyCommitment.To(n, masked.Span).ToString());
        Statement(page, exchange["p1"]);
        Named(page, "The only chunk, as fetched (its path is empty):", exchange["chunk"]);
        Head(page, "P2", "The body of `PUT /locks/{n}`:");
        Block(page, exchange["p2"]);
        Travel(page, exchange);
        Head(page, "P3", "The lock note and the payment note:");
        Statement(page, exchange["lockNote"]);
        Statement(page, exchange["paymentNote"]);
        Head(page, "P4", "The release:");
        Statement(page, exchange["p4"]);
        Head(page, "P5a", "The log has three leaves: the bank, the denomination, and the commit:");
        foreach (var leaf in new[] { "leaf0", "leaf1", "leaf2" })
        {
            Block(page, exchange[leaf]);
            Fact(page, $"hash of {leaf}", MerkleHash.Leaf(Encoding.UTF8.GetBytes(exchange[leaf])).ToBase64());
        }

        page.Append("The proof of the commit:\n\n");
        Block(page, exchange["proof2"]);
        Head(page, "Abort", """
            Had the shop released nothing: the demand to `POST /decisions` after expiry, and the leaf that would have
            stood in the log instead of the commit.
            """);
        Block(page, exchange["abortRequest"]);
        Block(page, exchange["abortLeaf"]);
        Fact(page, "hash of that leaf", MerkleHash.Leaf(Encoding.UTF8.GetBytes(exchange["abortLeaf"])).ToBase64());
        Head(page, "Refresh and recoup", """
            Had the token not been spent: the body of `POST /refreshes`, into the reserve that derives from the token;
            and, if its key had been revoked, the body of `POST /recoups`, which shows the seed of the blinding.
            """);
        Statement(page, exchange["refresh"]);
        Statement(page, exchange["recoup"]);
        Head(page, "Evidence", """
            The evidence file stands in the JSON under `evidence`. The judge says of it: complete. Cards and the proof
            of the denomination are in the JSON, too.
            """);
        return page.ToString().TrimEnd() + "\n";
    }

    /// <summary>One request whole, as it goes through two masks.</summary>
    private static void Travel(StringBuilder page, Dictionary<string, string> exchange)
    {
        using var bank = ExchangeTravel.Key(ExchangeTravel.BankGateway);
        using var mask = ExchangeTravel.Key(ExchangeTravel.MaskGateway);
        var request = ExchangeTravel.LockRequest(exchange);
        Head(page, "P2 as it travels", """
            Labels `bank gateway`, `mask gateway`, `ephemeral 0`, `ephemeral 1`: X25519 keys, by DeriveKeyPair of
            RFC 9180 section 7.1.3 from the label's SHA-256. An ephemeral key serves once; these are fixed so that the
            bytes can be made again. Key configurations of the bank's gateway and of the second mask's:
            """);
        Block(page, $"{Base64Url.Encode(ExchangeTravel.Configuration(bank).Encode())}\n"
            + Base64Url.Encode(ExchangeTravel.Configuration(mask).Encode()));
        Head(page, "The request", "The first line, the fields, then the content, which is the body above:", "###");
        Block(page, $"{request.Method} {request.Scheme}://{request.Authority}{request.Path}\n"
            + string.Join("", request.Headers.Select(field => $"{field.Name}: {field.Value}\n")));
        Sized(page, "As a Binary HTTP message of known length, without padding", exchange["lockRequest"]);
        Head(page, "Layer 0", """
            That message, padded with zero bytes so that the whole has a size of a class, sealed to the bank under
            `ephemeral 0`: key identifier, KEM, KDF and AEAD in 7 bytes, `enc` in 32, ciphertext and tag.
            """, "###");
        Sized(page, "Encapsulated", exchange["lockSealed"]);
        Head(page, "Layer 1", """
            A `POST` of layer 0 to `https://bank.example/.well-known/ohttp-gateway` with `content-type:
            message/ohttp-req`, padded, sealed to the second mask under `ephemeral 1`: the body of `POST /relay` at
            the first mask.
            """, "###");
        Sized(page, "Encapsulated", exchange["lockCarried"]);
    }

    private static void Sized(StringBuilder page, string text, string value) => Named(
        page,
        string.Create(CultureInfo.InvariantCulture, $"{text}, {Base64UrlLength(value):#,0} bytes:"), value);

    private static int Base64UrlLength(string value) => Base64Url.TryDecode(value, out var bytes)
        ? bytes.Length
        : throw new InvalidDataException("Not base64url.");

    private static void Head(StringBuilder page, string heading, string text, string level) =>
        page.Append(CultureInfo.InvariantCulture, $"{level} {heading}\n\n{text}\n\n");

    private static void Head(StringBuilder page, string heading, string text) =>
        page.Append(CultureInfo.InvariantCulture, $"## {heading}\n\n{text}\n\n");

    private static void Fact(StringBuilder page, string name, string value) =>
        page.Append(CultureInfo.InvariantCulture, $"{name}:\n\n```\n{value}\n```\n\n");

    private static void Named(StringBuilder page, string text, string value)
    {
        page.Append(text).Append("\n\n");
        Block(page, value);
    }

    private static void Statement(StringBuilder page, string text)
    {
        Block(page, text);
        var parts = text.Split('.');
        page.Append("Header and payload:\n\n");
        Block(page, $"{Decode(parts[0])}\n{Decode(parts[1])}");
    }

    private static string Decode(string part) => Base64Url.TryDecode(part, out var bytes)
        ? Encoding.UTF8.GetString(bytes)
        : throw new InvalidDataException("Not base64url.");

    private static void Block(StringBuilder page, string text)
    {
        page.Append("```\n");
        foreach (var line in text.TrimEnd('\n').Split('\n'))
        {
            if (line.Length == 0)
                page.Append('\n');
            foreach (var part in line.Chunk(Columns))
                page.Append(part).Append('\n');
        }

        page.Append("```\n\n");
    }
}
