using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Bauta.SystemTests.Sight;

/// <summary>
/// The sight table of ARCHITECTURE.md, for what each role holds on disk and writes to its log: a purchase through both
/// masks leaves canary values, and none may lie where the table does not allow it. Every canary must also be found
/// where it is allowed, so that the search itself is known to find.
/// </summary>
public sealed class SightTests
{
    private const string Card = "4242424242424242";
    private const string Title = "canary-title-7f3a9b";
    private const string Description = "canary-description-1c44e0";

    [Fact]
    public async Task No_role_keeps_or_logs_what_the_sight_table_denies_it()
    {
        using var network = await RealNetwork.PrepareAsync(isMasked: true);
        await network.StartAsync([.. RealNetwork.Roles, .. RealNetwork.Masks]);
        var canaries = await BuyAsync(network);

        foreach (var role in (string[])[.. RealNetwork.Roles, .. RealNetwork.Masks])
        {
            var log = Encoding.UTF8.GetBytes(network.Kill(role));
            var places = network.FilesOf(role).Append(("log", log)).ToArray();
            foreach (var canary in canaries)
            {
                var found = places.FirstOrDefault(place => canary.IsIn(place.Item2)).Item1;
                if (canary.MustBeAt.Contains(role))
                    Assert.True(
                        found is not null, $"{canary.Name} was not found at {role}, so this test would find nothing.");
                else if (!canary.MayBeAt.Contains(role))
                    Assert.True(found is null, $"{role} holds {canary.Name} in {found}.");
                Assert.False(canary.IsIn(log), $"{role} logs {canary.Name}.");
            }
        }
    }

    private static async Task<IReadOnlyList<Canary>> BuyAsync(RealNetwork network)
    {
        var file = Path.Combine(network.Folder, "goods-canary.txt");
        await File.WriteAllTextAsync(file, "canary-goods-5d02aa");
        var added = await network.ShopAsync(
            "add", file, "--price", "1.28", "--title", Title, "--description", Description);
        Assert.True(added.ExitCode == 0, added.Errors);
        Assert.Equal(0, (await network.WalletAsync("fund", "10.00", "--card", Card)).ExitCode);
        Assert.Equal(0, (await network.WalletAsync("withdraw", "10.00")).ExitCode);
        var bought = await network.WalletAsync(
            "buy", "shop.demo", Title, "--out", Path.Combine(network.Folder, "bought-canary.txt"));
        Assert.True(bought.ExitCode == 0, bought.Errors);
        var evidencePath = Path.Combine(network.Folder, "evidence-canary.json");
        Assert.Equal(0, (await network.WalletAsync(
            "evidence", (string)bought.Json["purchase"]!, "--out", evidencePath)).ExitCode);
        var evidence = JsonNode.Parse(await File.ReadAllTextAsync(evidencePath))!;
        var promise = Payload((string)evidence["merchandise"]!);
        var note = Payload((string)evidence["lockNote"]!);
        var authorization = JsonNode.Parse(Base64Url.DecodeFromChars((string)evidence["authorization"]!))!;
        var token = JsonNode.Parse(Base64Url.DecodeFromChars((string)authorization["payload"]!))!["tokens"]![0]!;

        // Role: what the table of ARCHITECTURE.md lets it see of this purchase.
        return
        [
            Canary.OfText("the title", Title, must: ["merchant"]),
            Canary.OfText("the description", Description, must: ["merchant"]),
            Canary.OfText("the goods", "canary-goods-5d02aa", must: ["merchant"]),
            Canary.OfText("the card number", Card),
            Canary.OfBytes("the account", promise["account"]!, must: ["bank"], may: ["merchant"]),
            Canary.OfBytes("the transaction ID", note["transaction"]!, must: ["bank", "archive"],
                may: ["merchant", "witness-1", "witness-2"]),
            Canary.OfBytes("the commitment", note["commitment"]!, must: ["bank", "archive"],
                may: ["merchant", "witness-1", "witness-2"]),
            // Sealed at the merchant; nobody else ever has it.
            Canary.OfBytes("the mask r", promise["mask"]!, may: ["merchant"]),
            Canary.OfBytes("the purchase's secret", promise["secret"]!, may: ["merchant"]),
            Canary.OfBytes("the root of the goods", promise["goodsRoot"]!, may: ["merchant"]),
            Canary.OfBytes("the token's key", token["key"]!),
            Canary.OfBytes("the token's signature", Last256((string)token["token"]!)),
            Canary.OfBytes("the token's serial", Serial((string)token["token"]!), must: ["bank"]),
        ];
    }

    private static JsonNode Payload(string jws) => JsonNode.Parse(Base64Url.DecodeFromChars(jws.Split('.')[1]))!;

    private static JsonNode Last256(string token) =>
        Base64Url.EncodeToString(Base64Url.DecodeFromChars(token).AsSpan(^256..));

    // RFC 9578: type 2 bytes, then the nonce of 32.
    private static JsonNode Serial(string token) =>
        Base64Url.EncodeToString(Base64Url.DecodeFromChars(token).AsSpan(2, 32));

    private sealed record Canary(string Name, byte[][] Forms, string[] MustBeAt, string[] MayBeAt)
    {
        public static Canary OfText(string name, string text, string[]? must = null, string[]? may = null) => new(
            name,
            [
                Encoding.UTF8.GetBytes(text),
                Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(text))[..^4]),
            ],
            must ?? [], may ?? []);

        /// <summary>Bytes, in the forms in which they may be kept: raw, base64url, hexadecimal.</summary>
        public static Canary OfBytes(string name, JsonNode value, string[]? must = null, string[]? may = null)
        {
            var bytes = Base64Url.DecodeFromChars((string)value!);
            return new(
                name,
                [
                    bytes, Encoding.ASCII.GetBytes(Base64Url.EncodeToString(bytes)),
                    Encoding.ASCII.GetBytes(Convert.ToHexString(bytes)),
                    Encoding.ASCII.GetBytes(Convert.ToHexStringLower(bytes)),
                    .. JoseForms(Base64Url.EncodeToString(bytes)),
                ],
                must ?? [], may ?? []);
        }

        public bool IsIn(byte[] content) => Forms.Any(form => content.AsSpan().IndexOf(form) >= 0);

        /// <summary>The text inside a base64url payload, however it falls on its groups of three.</summary>
        private static IEnumerable<byte[]> JoseForms(string text)
        {
            for (var shift = 0; shift < 3; shift++)
            {
                var padded = Encoding.ASCII.GetBytes(new string('x', shift) + text);
                var encoded = Base64Url.EncodeToString(padded.AsSpan(0, padded.Length / 3 * 3));
                // The first group holds the padding, so it is left out.
                yield return Encoding.ASCII.GetBytes(encoded[4..]);
            }
        }
    }
}
