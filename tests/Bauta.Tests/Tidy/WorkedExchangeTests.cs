using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Crypto.PrivacyPass;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Xunit;

namespace Bauta.Tests.Tidy;

public sealed class WorkedExchangeTests
{
    private readonly Dictionary<string, string> exchange = Prepare();

    [Fact]
    public void The_page_shows_the_stored_exchange()
    {
        var expected = ExchangePage.Render(exchange);
        if (GeneratedBlocks.IsWriting)
            File.WriteAllText(Repository.PathOf(ExchangeParts.Page), expected);
        Assert.Equal(expected, Repository.Read(ExchangeParts.Page));
    }

    [Fact]
    public async Task What_is_not_random_is_made_the_same_again()
    {
        var again = await ExchangeMaker.MakeAsync();
        Assert.Equal(again.Keys.Order(), exchange.Keys.Order());
        foreach (var name in new[] { "policy", "tokenRequest", "tokenResponse", "token", "chunk" })
            Assert.Equal(again[name], exchange[name]);
        foreach (var name in new[]
            {
                "bankCard", "merchantCard", "registration", "denomination", "withdrawal", "p1", "lockNote", "p4",
                "refresh", "recoup",
            })
            Assert.Equal(SignedPart(again[name]), SignedPart(exchange[name]));
    }

    [Fact]
    public void The_withdrawal_leads_from_the_phrase_to_a_token_that_the_denomination_signed()
    {
        using var bank = ExchangeParts.Bank;
        using var seed = ExchangeParts.WalletSeed;
        using var reserve = seed.ReserveKey(0);
        Assert.True(Signed<Denomination>.TryParse(exchange["denomination"], bank.PublicKey, out var denomination));
        Assert.True(Signed<WithdrawalOrder>.TryParse(exchange["withdrawal"], reserve.PublicKey, out var order));
        Assert.Equal(SHA256.HashData(Bytes("tokenRequest")), order.Content.BodyHash);
        Assert.True(Token.TryDecode(Bytes("token"), out var token));
        var key = RsaPublicKey.FromSpki(denomination.Content.TokenKey);
        Assert.True(token.Verify(key));
        Assert.Equal(denomination.Content.Challenge().Digest, token.ChallengeDigest);
        using var secret = seed.Token(key.KeyId, 0);
        using var own = secret.Key();
        Assert.Equal(own.PublicKey.SpkiHash, token.Nonce);
        using var issuance = TokenIssuance.Begin(key, token.ChallengeDigest, token.Nonce, secret.BlindingSeed());
        Assert.Equal(Bytes("tokenRequest"), issuance.Request);
        Assert.Equal(Bytes("token"), issuance.Finish(Bytes("tokenResponse")).Encode());
    }

    [Fact]
    public void Promise_payment_and_release_fit_together()
    {
        using var bank = ExchangeParts.Bank;
        using var merchant = ExchangeParts.Merchant;
        Assert.True(Signed<PartyCard>.TryParse(exchange["merchantCard"], merchant.PublicKey, out _));
        Assert.True(Signed<Merchandise>.TryParse(exchange["p1"], merchant.PublicKey, out var promise));
        Assert.True(SignedAuthorization.TryParse(Encoding.ASCII.GetBytes(exchange["p2"]), out var authorization));
        Assert.True(authorization.IsSignedByItsTokenKeys());
        Assert.Equal(promise.Content.Transaction(), authorization.Content.Transaction);
        Assert.Equal(Bytes("token"), Assert.Single(authorization.Content.Tokens).Token);
        Assert.True(Signed<LockNote>.TryParse(exchange["lockNote"], bank.PublicKey, out var note));
        Assert.Equal(
            new LockNote(promise.Content.Transaction(), promise.Content.ExpiresAt, promise.Content.Archive,
                promise.Content.Commitment), note.Content);
        Assert.True(Signed<PaymentNote>.TryParse(exchange["paymentNote"], bank.PublicKey, out var payment));
        Assert.Equal(promise.Content.Contract.Price, payment.Content.Amount);
        Assert.True(Signed<Release>.TryParse(exchange["p4"], out var release));
        Assert.True(Release.Matches(release, note.Content));
    }

    [Fact]
    public void The_commit_stands_in_the_log_under_the_quorum_and_opens_the_goods()
    {
        using var bank = ExchangeParts.Bank;
        Assert.True(ArchivePolicy.TryParse(exchange["policy"], out var policy));
        var leaf = new LoggedEntry(Encoding.UTF8.GetBytes(exchange["leaf2"]), exchange["proof2"]);
        Assert.True(policy.TryVerify(leaf, out var commit));
        Assert.Equal((2, 3), (commit.Index, commit.Size));
        Assert.Equal(LogEntry.Commit, commit.Entry.Kind);
        Assert.True(commit.Entry.IsSignedBy(bank.PublicKey));
        Assert.Equal(exchange["lockNote"], commit.Entry.LockNote!.Text);
        Assert.Equal(exchange["p4"], commit.Entry.Release!.Text);
        Assert.True(policy.TryVerify(
            new LoggedEntry(Encoding.UTF8.GetBytes(exchange["leaf1"]), exchange["proof1"]), out var denomination));
        Assert.Equal(exchange["denomination"], denomination.Entry.Statement);

        Assert.True(Signed<Merchandise>.TryParse(exchange["p1"], out var promise));
        Assert.True(GoodsChunk.TryDecode(Bytes("chunk"), out var chunk));
        using var mask = GoodsMask.FromBytes(promise.Content.Mask);
        using var key = MaskedKey.FromBytes(commit.Entry.Release.Content.MaskedKey).Unmask(mask);
        using var decryptor = new GoodsDecryptor(
            key, new GoodsLayout(promise.Content.Contract.SizeBytes), MerkleHash.FromBytes(promise.Content.GoodsRoot));
        var plain = new byte[ExchangeParts.Goods.Length];
        Assert.Equal(GoodsVerdict.Good, decryptor.DecryptChunk(0, chunk.Ciphertext, [], plain));
        Assert.Equal(ExchangeParts.Goods, plain);
        Assert.Equal(promise.Content.Contract.ContentHash, SHA256.HashData(plain));
    }

    [Fact]
    public void P2_travels_in_two_layers_that_the_second_mask_and_the_bank_open()
    {
        // Made again from the same P2 with the same ephemeral keys, it is the same to the last byte.
        var again = new Dictionary<string, string>(exchange);
        ExchangeTravel.SealLock(again);
        foreach (var name in new[] { "lockRequest", "lockSealed", "lockCarried" })
            Assert.Equal(exchange[name], again[name]);
        Assert.Equal((4096, 4608), (Bytes("lockSealed").Length, Bytes("lockCarried").Length));

        var forwarded = Open("lockCarried", ExchangeTravel.MaskGateway);
        Assert.Equal(("POST", "bank.example", MaskRoute.GatewayPath),
            (forwarded.Method, forwarded.Authority, forwarded.Path));
        Assert.Equal(Bytes("lockSealed"), forwarded.Content.ToArray());
        var request = Open("lockSealed", ExchangeTravel.BankGateway);
        Assert.Equal(Bytes("lockRequest"), request.Encode());
        Assert.Equal(("PUT", exchange["p2"]), (request.Method, Encoding.ASCII.GetString(request.Content.Span)));
        Assert.True(SignedAuthorization.TryParse(request.Content.Span, out var authorization));
        Assert.Equal($"/locks/{authorization.Content.Transaction}", request.Path);
    }

    private BinaryRequest Open(string name, string label)
    {
        using var own = new GatewayKey(0, ExchangeTravel.Key(label));
        var gateway = new ObliviousGateway(
            new GatewayKeys([own]), new ReplayCache(TimeProvider.System, TimeSpan.FromMinutes(4), 16));
        Assert.Equal(Decapsulation.Opened, gateway.Open(Bytes(name), out var opened));
        using (opened)
        {
            Assert.True(opened!.TryDecode(PaddingClasses.Limits, out var request, out _));
            return request;
        }
    }

    [Fact]
    public void Refresh_recoup_and_abort_are_what_bank_and_archive_read()
    {
        using var bank = ExchangeParts.Bank;
        Assert.True(Signed<RefreshOrder>.TryParse(exchange["refresh"], out var refresh));
        Assert.True(Signed<RecoupOrder>.TryParse(exchange["recoup"], out var recoup));
        var owner = P256PublicKey.FromSpki(refresh.Content.Key);
        Assert.True(refresh.IsSignedBy(owner) && recoup.IsSignedBy(owner));
        Assert.Equal(Bytes("token"), refresh.Content.Token);
        Assert.Equal(Bytes("token"), recoup.Content.Token);
        Assert.Equal(refresh.Content.Reserve, recoup.Content.Reserve);
        // The seed opens the request that the issuer signed: that is what recoup shows.
        Assert.True(Token.TryDecode(recoup.Content.Token, out var token));
        using var denomination = ExchangeParts.Denomination;
        using var issuance = TokenIssuance.Begin(
            denomination.PublicKey, token.ChallengeDigest, token.Nonce, recoup.Content.Seed);
        Assert.Equal(Bytes("tokenRequest"), issuance.Request);

        Assert.True(StrictJson.TryRead(
            Encoding.UTF8.GetBytes(exchange["abortRequest"]), ProtocolJson.Default.DecisionRequest, out var demand));
        Assert.Null(demand.Release);
        Assert.Equal(exchange["lockNote"], demand.LockNote.Text);
        Assert.True(LogEntry.TryParse(Encoding.UTF8.GetBytes(exchange["abortLeaf"]), out var abort));
        Assert.Equal(LogEntry.Abort, abort.Kind);
        Assert.True(abort.IsSignedBy(bank.PublicKey));
    }

    [Fact]
    public void The_judge_finds_the_purchase_complete()
    {
        Assert.True(PurchaseEvidence.TryParse(Encoding.UTF8.GetBytes(exchange["evidence"]), out var evidence));
        Assert.True(GoodsChunk.TryDecode(Bytes("chunk"), out var chunk));
        using var goods = new MemoryStream(chunk.Ciphertext);
        var verdict = PurchaseJudge.Judge(evidence, goods);
        Assert.True(verdict.Outcome == Outcome.Complete, verdict.Summary);
        using var none = new MemoryStream(new byte[chunk.Ciphertext.Length]);
        Assert.Equal(Outcome.NotProven, PurchaseJudge.Judge(evidence, none).Outcome);
    }

    private byte[] Bytes(string name) => Base64Url.TryDecode(exchange[name], out var bytes)
        ? bytes
        : throw new InvalidDataException($"{name} is not base64url.");

    private static string SignedPart(string jws) => jws[..jws.LastIndexOf('.')];

    private static readonly Lock making = new();

    private static Dictionary<string, string> Prepare()
    {
        lock (making)
        {
            if (GeneratedBlocks.IsWriting && !File.Exists(Repository.PathOf(ExchangeParts.File)))
                ExchangeParts.Store(ExchangeMaker.MakeAsync().GetAwaiter().GetResult());
            var exchange = ExchangeParts.Load();
            // What was made keeps its signatures when more is added to it.
            if (GeneratedBlocks.IsWriting && !ExchangeTravel.IsIn(exchange))
            {
                ExchangeTravel.Make(exchange);
                ExchangeParts.Store(exchange);
            }

            return exchange;
        }
    }
}
