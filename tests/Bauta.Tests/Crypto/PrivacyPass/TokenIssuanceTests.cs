using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.PrivacyPass;
using Xunit;

namespace Bauta.Tests.Crypto.PrivacyPass;

public sealed class TokenIssuanceTests : IDisposable
{
    private static readonly byte[] Digest = SHA256.HashData("challenge"u8);
    private static readonly byte[] Nonce = SHA256.HashData("nonce"u8);
    private static readonly byte[] Seed = SHA256.HashData("seed"u8);

    private readonly RsaPrivateKey key = TestKeys.Rsa();

    public void Dispose() => key.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Makes_every_byte_of_the_published_issuance(int index)
    {
        var vector = VectorFile.Read("privacy-pass-rfc9578-type2.json")[index];
        using var signer = RsaPrivateKey.FromPkcs8Pem(Encoding.ASCII.GetString(vector.Bytes("skS")));
        var published = RsaPublicKey.FromSpki(vector.Bytes("pkS"));
        Assert.Equal(published, signer.PublicKey);

        Assert.True(TokenChallenge.TryDecode(vector.Bytes("token_challenge"), out var challenge));
        Assert.Equal("issuer.example", challenge.IssuerName);
        Assert.Equal(vector.Bytes("token_challenge"), challenge.Encode());

        using var issuance = TokenIssuance.Begin(
            published, challenge.Digest, vector.Bytes("nonce"), vector.Bytes("salt"), vector.Bytes("blind"));
        Assert.Equal(vector.Bytes("token_request"), issuance.Request);

        Assert.True(TokenRequest.TryDecode(issuance.Request, out var request));
        Assert.Equal(published.TruncatedKeyId, request.TruncatedKeyId);
        var response = new TokenResponse(signer.BlindSign(request.BlindedMessage)).Encode();
        Assert.Equal(vector.Bytes("token_response"), response);

        var token = issuance.Finish(response);
        Assert.Equal(vector.Bytes("token"), token.Encode());
        Assert.Equal(vector.Bytes("nonce"), token.Nonce);
        Assert.Equal(challenge.Digest, token.ChallengeDigest);
        Assert.Equal(published.KeyId, token.KeyId);
        Assert.Equal(256, token.Authenticator.Length);
        Assert.True(token.Verify(published));
    }

    [Fact]
    public void The_same_seed_makes_the_same_request_and_token_again()
    {
        using var first = Begin();
        using var again = Begin();
        Assert.Equal(first.Request, again.Request);
        var response = Answer(first);
        Assert.Equal(first.Finish(response).Encode(), again.Finish(response).Encode());
    }

    [Fact]
    public void Request_and_token_share_no_bytes_that_would_link_them()
    {
        using var issuance = Begin();
        using var other = TokenIssuance.Begin(key.PublicKey, Digest, Nonce, SHA256.HashData("other"u8));
        Assert.NotEqual(issuance.Request, other.Request);
        var request = issuance.Request;
        var response = Answer(issuance);
        var token = issuance.Finish(response).Encode();
        Assert.Equal(-1, request.AsSpan().IndexOf(token.AsSpan(2, 8)));
        Assert.Equal(-1, token.AsSpan().IndexOf(request.AsSpan(3, 8)));
        Assert.Equal(-1, token.AsSpan().IndexOf(response.AsSpan(0, 8)));
    }

    [Fact]
    public void Finishes_once()
    {
        using var issuance = Begin();
        var response = Answer(issuance);
        issuance.Finish(response);
        Assert.Throws<InvalidOperationException>(() => issuance.Finish(response));
    }

    [Fact]
    public void Refuses_a_response_of_another_key_or_another_request()
    {
        using var issuance = Begin();
        var response = Answer(issuance);
        response[17] ^= 1;
        Assert.Throws<CryptographicException>(() => issuance.Finish(response));
        using var second = Begin();
        using var other = TokenIssuance.Begin(key.PublicKey, Digest, SHA256.HashData("other"u8), Seed);
        Assert.Throws<CryptographicException>(() => second.Finish(Answer(other)));
        using var third = Begin();
        using var stranger = RsaPrivateKey.Generate();
        if (stranger.TryBlindSign(third.Request.AsSpan(3), out var signature, out _))
            Assert.Throws<CryptographicException>(() => third.Finish(signature));
    }

    [Fact]
    public void Refuses_inputs_of_another_size()
    {
        Assert.Throws<ArgumentException>(() => TokenIssuance.Begin(key.PublicKey, Digest, Nonce, new byte[31]));
        Assert.Throws<ArgumentException>(() => TokenIssuance.Begin(key.PublicKey, Digest, new byte[33], Seed));
        Assert.Throws<ArgumentException>(() => TokenIssuance.Begin(key.PublicKey, new byte[31], Nonce, Seed));
    }

    [Fact]
    public void A_token_with_any_changed_byte_is_refused()
    {
        using var issuance = Begin();
        var bytes = issuance.Finish(Answer(issuance)).Encode();
        for (var index = 0; index < bytes.Length; index++)
        {
            var changed = (byte[])bytes.Clone();
            changed[index] ^= 1;
            Assert.False(Token.TryDecode(changed, out var token) && token.Verify(key.PublicKey), $"byte {index}");
        }
    }

    [Fact]
    public void A_token_names_the_key_that_it_verifies_under()
    {
        using var issuance = Begin();
        var token = issuance.Finish(Answer(issuance));
        Assert.True(token.Verify(key.PublicKey));
        using var stranger = RsaPrivateKey.Generate();
        Assert.False(token.Verify(stranger.PublicKey));

        // Validly signed by this key, but naming the stranger's.
        byte[] signed = [.. token.Encode().AsSpan(0, 66), .. stranger.PublicKey.KeyId];
        using var state = Bauta.Crypto.BlindRsa.BlindRsa.Blind(key.PublicKey, signed);
        var signature = state.Finalize(key.BlindSign(state.BlindedMessage));
        Assert.True(key.PublicKey.VerifyPss(signed, signature));
        Assert.True(Token.TryDecode([.. signed, .. signature], out var misnamed));
        Assert.False(misnamed.Verify(key.PublicKey));
        Assert.False(misnamed.Verify(stranger.PublicKey));
    }

    [Fact]
    public void Structs_refuse_other_types_and_sizes()
    {
        using var issuance = Begin();
        var request = issuance.Request;
        var token = issuance.Finish(Answer(issuance)).Encode();
        Assert.True(TokenRequest.TryDecode(request, out var read));
        Assert.Equal(request, read.Encode());
        Assert.False(TokenRequest.TryDecode([], out _));
        Assert.False(TokenRequest.TryDecode(request.AsSpan(0, 258), out _));
        Assert.False(TokenRequest.TryDecode([.. request, 0], out _));
        Assert.False(Token.TryDecode([], out _));
        Assert.False(Token.TryDecode(token.AsSpan(0, 353), out _));
        Assert.False(Token.TryDecode([.. token, 0], out _));
        Assert.False(TokenResponse.TryDecode(new byte[255], out _));
        Assert.False(TokenResponse.TryDecode(new byte[257], out _));
        Assert.True(TokenResponse.TryDecode(new byte[256], out _));
        foreach (var type in new byte[] { 0, 1, 3 })
        {
            (request[1], token[1]) = (type, type);
            Assert.False(TokenRequest.TryDecode(request, out _));
            Assert.False(Token.TryDecode(token, out _));
        }

        Assert.Throws<ArgumentException>(() => new TokenRequest(0, new byte[255]));
        Assert.Throws<ArgumentException>(() => new TokenResponse(new byte[255]));
    }

    private TokenIssuance Begin() => TokenIssuance.Begin(key.PublicKey, Digest, Nonce, Seed);

    private byte[] Answer(TokenIssuance issuance) => key.BlindSign(issuance.Request.AsSpan(3));
}
