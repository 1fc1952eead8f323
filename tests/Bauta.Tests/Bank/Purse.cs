using System.Security.Cryptography;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Bank;

namespace Bauta.Tests.Bank;

/// <summary>A token with its own key and, for recoup, its blinding.</summary>
public sealed record Coin(Token Token, P256PrivateKey Key, Amount Value, byte[] Seed)
{
    public TokenSpend Spend(long? amount = null) => new(
        Token.Encode(), Key.PublicKey.Spki, amount is { } units ? Amount.FromMinorUnits(units) : Value);
}

/// <summary>A coin that is being asked for.</summary>
public sealed class CoinRequest : IDisposable
{
    private readonly Denomination denomination;
    private readonly P256PrivateKey key = P256PrivateKey.Generate();
    private readonly byte[] seed = RandomNumberGenerator.GetBytes(32);
    private readonly RsaPublicKey issuer;
    private readonly byte[] signed;
    private readonly BlindingState state;

    public CoinRequest(Denomination denomination, byte[]? challengeDigest = null)
    {
        this.denomination = denomination;
        issuer = RsaPublicKey.FromSpki(denomination.TokenKey);
        signed =
        [
            0, 2, .. SHA256.HashData(key.PublicKey.Spki), .. challengeDigest ?? denomination.Challenge().Digest,
            .. issuer.KeyId,
        ];
        state = BlindRsa.Blind(issuer, signed, seed);
        Bytes = new TokenRequest(issuer.TruncatedKeyId, state.BlindedMessage).Encode();
    }

    public byte[] Bytes { get; }

    public Coin Finish(byte[] blindSignature)
    {
        Assert(Token.TryDecode([.. signed, .. state.Finalize(blindSignature)], out var token));
        return new Coin(token!, key, denomination.Value, seed);
    }

    public void Dispose() => state.Dispose();

    private static void Assert(bool holds)
    {
        if (!holds)
            throw new InvalidOperationException("The coin does not decode.");
    }
}
