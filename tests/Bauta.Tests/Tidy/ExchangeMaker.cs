using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;

namespace Bauta.Tests.Tidy;

/// <summary>Makes the worked exchange once: ECDSA signatures are random, so it is stored and verified from then
/// on.</summary>
internal static class ExchangeMaker
{
    public static async Task<Dictionary<string, string>> MakeAsync()
    {
        using var bank = ExchangeParts.Bank;
        using var merchant = ExchangeParts.Merchant;
        var policy = ArchivePolicy.Create(
            ExchangeParts.Log.Verifier, [.. ExchangeParts.Witnesses.Select(witness => witness.Verifier)], 2);
        var made = new Dictionary<string, string>
        {
            ["policy"] = policy.Text,
            ["bankCard"] = Signed<PartyCard>.Sign(bank, new PartyCard(
                Roles.Bank, ExchangeParts.BankName, bank.PublicKey.Spki, GatewayKeys("bank gateway"), At(0),
                Bank: new BankTerms("EUR", 2, [policy.Text], 10, 604_800, 604_800))).Text,
            ["merchantCard"] = Signed<PartyCard>.Sign(merchant, new PartyCard(
                Roles.Merchant, "shop.example", merchant.PublicKey.Spki, GatewayKeys("shop gateway"), At(0),
                Merchant: new MerchantTerms(ExchangeParts.BankName, bank.PublicKey.Thumbprint, [policy.Text]))).Text,
            ["registration"] = Signed<BankRegistration>.Sign(
                bank, new BankRegistration(ExchangeParts.BankName, bank.PublicKey.Spki)).Text,
        };
        Withdraw(made, bank);
        await PromiseAsync(made, merchant, policy.Id);
        Pay(made, bank, policy.Id);
        Publish(made, policy);
        ExchangeTravel.Make(made);
        return made;
    }

    private static void Withdraw(Dictionary<string, string> made, P256PrivateKey bank)
    {
        using var key = ExchangeParts.Denomination;
        var terms = new Denomination(
            ExchangeParts.BankName, "EUR", 2, Amount.FromMinorUnits(ExchangeParts.Price), key.PublicKey.Spki,
            At(0), At(30 * 86_400), At(210 * 86_400), At(390 * 86_400));
        made["denomination"] = Signed<Denomination>.Sign(bank, terms).Text;
        using var seed = ExchangeParts.WalletSeed;
        using var reserve = seed.ReserveKey(0);
        using var secret = seed.Token(key.PublicKey.KeyId, 0);
        using var own = secret.Key();
        using var issuance = TokenIssuance.Begin(
            key.PublicKey, terms.Challenge().Digest, own.PublicKey.SpkiHash, secret.BlindingSeed());
        made["tokenRequest"] = Base64Url.Encode(issuance.Request);
        made["withdrawal"] = Signed<WithdrawalOrder>.Sign(
            reserve, new WithdrawalOrder(reserve.PublicKey.Spki, SHA256.HashData(issuance.Request))).Text;
        var response = key.BlindSign(issuance.Request.AsSpan(3));
        made["tokenResponse"] = Base64Url.Encode(response);
        made["token"] = Base64Url.Encode(issuance.Finish(response).Encode());
    }

    private static async Task PromiseAsync(Dictionary<string, string> made, P256PrivateKey merchant, PolicyId archive)
    {
        using var goodsKey = ExchangeParts.GoodsKey;
        using var mask = ExchangeParts.Mask;
        using var release = ExchangeParts.ReleaseKey;
        using var account = ExchangeParts.Account;
        using var encryptor = new GoodsEncryptor(goodsKey);
        using var plain = new MemoryStream(ExchangeParts.Goods);
        var tree = await encryptor.ComputeTreeAsync(plain);
        var n = TransactionId.Of(release.PublicKey);
        made["p1"] = Signed<Merchandise>.Sign(merchant, new Merchandise(
            release.PublicKey.Spki, ExchangeParts.Offer, ExchangeParts.BankName, AccountId.Of(account.PublicKey),
            UnixTime.FromSeconds(ExchangeParts.ExpiresAt), archive, mask.Export(),
            KeyCommitment.To(n, goodsKey.Mask(mask).Span), tree.Root.ToArray(), tree.Layout.ChunkCount,
            tree.Layout.CiphertextSize, ExchangeParts.Seed("secret"))).Text;
        made["chunk"] = Base64Url.Encode(new GoodsChunk(
            [], (await encryptor.EncryptChunkAsync(tree, 0, plain))!).Encode());
    }

    private static void Pay(Dictionary<string, string> made, P256PrivateKey bank, PolicyId archive)
    {
        using var goodsKey = ExchangeParts.GoodsKey;
        using var mask = ExchangeParts.Mask;
        using var release = ExchangeParts.ReleaseKey;
        using var account = ExchangeParts.Account;
        using var key = ExchangeParts.Denomination;
        using var seed = ExchangeParts.WalletSeed;
        using var secret = seed.Token(key.PublicKey.KeyId, 0);
        using var own = secret.Key();
        var n = TransactionId.Of(release.PublicKey);
        var masked = goodsKey.Mask(mask).Span;
        var (expiry, price) =
            (UnixTime.FromSeconds(ExchangeParts.ExpiresAt), Amount.FromMinorUnits(ExchangeParts.Price));
        var commitment = KeyCommitment.To(n, masked);
        if (!Base64Url.TryDecode(made["token"], out var token))
            throw new InvalidDataException("A token of our own is not base64url.");
        made["p2"] = Encoding.ASCII.GetString(SignedAuthorization.Sign(
            new Authorization(n, expiry, AccountId.Of(account.PublicKey), archive, commitment, "EUR", price,
                [new TokenSpend(token, own.PublicKey.Spki, price)]), [own]).Utf8);
        made["lockNote"] = Signed<LockNote>.Sign(bank, new LockNote(n, expiry, archive, commitment)).Text;
        made["paymentNote"] = Signed<PaymentNote>.Sign(
            bank, new PaymentNote(n, AccountId.Of(account.PublicKey), "EUR", price)).Text;
        made["p4"] = Signed<Release>.Sign(release, new Release(release.PublicKey.Spki, masked.ToArray())).Text;
    }

    private static void Publish(Dictionary<string, string> made, ArchivePolicy policy)
    {
        var (note, release) = (Read<LockNote>(made["lockNote"]), Read<Release>(made["p4"]));
        byte[][] leaves =
        [
            new LogEntry(LogEntry.Bank, At(-60), Statement: made["registration"]).ToLeaf(),
            new LogEntry(LogEntry.Denomination, At(-59), Statement: made["denomination"]).ToLeaf(),
            new LogEntry(LogEntry.Commit, At(20), note, release).ToLeaf(),
        ];
        var (first, second, third) =
            (MerkleHash.Leaf(leaves[0]), MerkleHash.Leaf(leaves[1]), MerkleHash.Leaf(leaves[2]));
        var root = MerkleHash.Node(MerkleHash.Node(first, second), third);
        var text = new Checkpoint(ExchangeParts.Archive, 3, root).ToBytes();
        var signed = SignedNote.Sign(text, [ExchangeParts.Log]).WithSignatures(
            ExchangeParts.Witnesses.Select(witness => witness.Sign(text, ExchangeParts.Now + 21)));
        made["leaf0"] = Encoding.UTF8.GetString(leaves[0]);
        made["leaf1"] = Encoding.UTF8.GetString(leaves[1]);
        made["leaf2"] = Encoding.UTF8.GetString(leaves[2]);
        made["checkpoint"] = Encoding.UTF8.GetString(signed.ToBytes());
        made["proof1"] = Encoding.UTF8.GetString(new TlogProof(1, [first, third], signed).ToBytes());
        made["proof2"] = Encoding.UTF8.GetString(
            new TlogProof(2, [MerkleHash.Node(first, second)], signed).ToBytes());
        made["evidence"] = Encoding.UTF8.GetString(Evidence(made, leaves, policy).ToBytes());
    }

    private static PurchaseEvidence Evidence(Dictionary<string, string> made, byte[][] leaves, ArchivePolicy policy)
    {
        var denomination = new ListedDenomination(
            Read<Denomination>(made["denomination"]), new LoggedEntry(leaves[1], made["proof1"]));
        return new PurchaseEvidence(
            PurchaseEvidence.CurrentFormat, policy.Text, Read<PartyCard>(made["merchantCard"]),
            Read<PartyCard>(made["bankCard"]), Read<Merchandise>(made["p1"]), Encoding.ASCII.GetBytes(made["p2"]),
            Read<LockNote>(made["lockNote"]), Read<PaymentNote>(made["paymentNote"]),
            new LoggedEntry(leaves[2], made["proof2"]), [denomination]);
    }

    public static Signed<T> Read<T>(string text)
        where T : class, IStatement<T> =>
        Signed<T>.TryParse(text, out var signed) ? signed : throw new InvalidDataException($"Not a {T.Typ}.");

    private static UnixTime At(long seconds) => UnixTime.FromSeconds(ExchangeParts.Now + seconds);

    private static byte[] GatewayKeys(string label)
    {
        using var key = ExchangeTravel.Key(label);
        return KeyConfiguration.EncodeList([ExchangeTravel.Configuration(key)]);
    }
}
