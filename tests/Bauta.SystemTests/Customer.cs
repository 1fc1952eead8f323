using System.Security.Cryptography;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Xunit;

namespace Bauta.SystemTests;

/// <summary>Somebody who speaks to a real bank statement by statement, where a wallet would do better.</summary>
internal static class Customer
{
    private const string TestCard = "4242424242424242";

    public static UnixTime Now => UnixTime.Now(TimeProvider.System);

    public static HttpClient Http(RealNetwork network, string role) =>
        new(new SocketsHttpHandler()) { BaseAddress = new Uri($"http://{network.ListenOf(role)}/") };

    public static async Task<Denomination> DenominationAsync(BankClient bank, long value) =>
        (await bank.DenominationsAsync(default)).Denominations
        .First(listed => listed.Key.Content.Value.MinorUnits == value).Key.Content;

    public static async Task FundAsync(RealNetwork network, BankClient bank, P256PrivateKey reserve, long sum)
    {
        using var http = Http(network, "acquirer");
        var taken = await new AcquirerClient(http).TakeInAsync(
            new TakeInRequest(RequestId.Generate(), TestCard, "bank.demo", ReserveId.Of(reserve.PublicKey), "EUR",
                Amount.FromMinorUnits(sum)),
            default);
        Assert.True((await bank.FundAsync(new FundingRequest(taken.Value.Notice!), default)).IsOk);
    }

    public static async Task<Amount> ReserveAsync(BankClient bank, P256PrivateKey reserve) =>
        (await bank.ReserveAsync(
            Signed<ReadOrder>.Sign(reserve, new ReadOrder(reserve.PublicKey.Spki, Now)), default)).Value.Balance;

    /// <summary>One token, owned by a key.</summary>
    public static async Task<byte[]> WithdrawAsync(
        BankClient bank, Denomination denomination, P256PrivateKey reserve, P256PrivateKey owner)
    {
        using var issuance = TokenIssuance.Begin(
            RsaPublicKey.FromSpki(denomination.TokenKey), denomination.Challenge().Digest, owner.PublicKey.SpkiHash,
            RandomNumberGenerator.GetBytes(32));
        var body = TokenBatch.Join([issuance.Request]);
        Assert.True(TokenBatch.TrySplit(body, out var requests));
        var answer = await bank.WithdrawAsync(
            Signed<WithdrawalOrder>.Sign(
                reserve, new WithdrawalOrder(reserve.PublicKey.Spki, SHA256.HashData(body))),
            body, requests, default);
        return issuance.Finish(answer.Value[0]).Encode();
    }

    public static async Task OpenAccountAsync(BankClient bank, P256PrivateKey merchant) =>
        Assert.True((await bank.OpenAccountAsync(
            Signed<AccountOrder>.Sign(merchant, new AccountOrder(merchant.PublicKey.Spki, "sandbox:test", Now)),
            default)).IsOk);

    /// <summary>Locks a whole token to a transaction of its own.</summary>
    public static Task<Result<LockAnswer, BankError>> LockAsync(
        RealNetwork network, BankClient bank, P256PrivateKey merchant, P256PrivateKey owner, byte[] token, long value)
    {
        Assert.True(ArchivePolicy.TryParse((string)network.PartyFile("archive")["policy"]!, out var policy));
        using var release = P256PrivateKey.Generate();
        var sum = Amount.FromMinorUnits(value);
        var content = new Authorization(
            TransactionId.Of(release.PublicKey), Now.AddSeconds(600), AccountId.Of(merchant.PublicKey), policy.Id,
            KeyCommitment.FromBytes(RandomNumberGenerator.GetBytes(32)), "EUR", sum,
            [new TokenSpend(token, owner.PublicKey.Spki, sum)]);
        return bank.LockAsync(SignedAuthorization.Sign(content, [owner]), default);
    }
}
