using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.OpenSsl;
using Xunit;
using Rsabssa = Bauta.Crypto.BlindRsa.BlindRsa;

namespace Bauta.Tests.Crypto.BlindRsa;

public sealed class BlindRsaTests : IDisposable
{
    private readonly RsaPrivateKey key = TestKeys.Rsa();

    public void Dispose() => key.Dispose();

    public static TheoryData<string> Variants() =>
        new(VectorFile.Read("blind-rsa-rfc9474.json").EnumerateArray()
            .Select(vector => vector.GetProperty("name").GetString()!));

    [Theory]
    [MemberData(nameof(Variants))]
    public void Makes_every_byte_of_the_published_exchange(string name)
    {
        var vector = VectorFile.Read("blind-rsa-rfc9474.json").EnumerateArray()
            .Single(each => each.GetProperty("name").GetString() == name);
        var (p, q) = (vector.Bytes("p"), vector.Bytes("q"));
        using var signer = RawRsa.FromPrimes(p, q);
        using var verifier = RawRsa.FromModulus(vector.Bytes("n"));
        Assert.Equal(vector.Bytes("n"), signer.ModulusBytes);
        byte[] salt = HasText(vector, "salt") ? vector.Bytes("salt") : [];
        Assert.Equal(vector.Bytes("sLen").Single(), salt.Length);
        var message = vector.Bytes("msg");
        if (vector.Bytes("is_randomized")[0] == 1)
            message = Rsabssa.PrepareRandomized(message, vector.Bytes("msg_prefix"));
        Assert.Equal(vector.Bytes("input_msg"), message);
        // One of the four leaves out the encoded message; its later values depend on it all the same.
        if (HasText(vector, "encoded_msg"))
            Assert.Equal(vector.Bytes("encoded_msg"), EmsaPss.Encode(message, salt, verifier.Modulus.BitCount));

        // The vectors give inv = 1/r mod n; r comes back through Euler's theorem.
        var order = (Number(p) - 1) * (Number(q) - 1);
        var r = BigInteger.ModPow(Number(vector.Bytes("inv")), order - 1, Number(vector.Bytes("n")));
        using var state = Rsabssa.Blind(verifier, message, salt, Bytes(r, verifier.Size));
        Assert.Equal(vector.Bytes("blinded_msg"), state.BlindedMessage);
        var blindSignature = signer.Private(state.BlindedMessage);
        Assert.Equal(vector.Bytes("blind_sig"), blindSignature);
        var signature = state.Finalize(blindSignature);
        Assert.Equal(vector.Bytes("sig"), signature);
        Assert.True(verifier.VerifyPss(message, signature, salt.Length));
        Assert.False(verifier.VerifyPss(message, signature, salt.Length == 0 ? 48 : 0));
        signature[^1] ^= 1;
        Assert.False(verifier.VerifyPss(message, signature, salt.Length));
    }

    [Fact]
    public void A_finished_signature_is_an_ordinary_RSASSA_PSS_signature()
    {
        var message = Rsabssa.PrepareRandomized("a message"u8);
        using var state = Rsabssa.Blind(key.PublicKey, message);
        var signature = state.Finalize(key.BlindSign(state.BlindedMessage));
        using var framework = RSA.Create(new RSAParameters
        {
            Modulus = key.PublicKey.Spki.AsSpan(81, 256).ToArray(),
            Exponent = [1, 0, 1],
        });
        Assert.True(framework.VerifyData(message, signature, HashAlgorithmName.SHA384, RSASignaturePadding.Pss));
        Assert.True(key.PublicKey.VerifyPss(message, signature));
        Assert.NotEqual(message, Rsabssa.PrepareRandomized("a message"u8));
    }

    [Fact]
    public void A_blind_signature_leads_back_to_the_blinded_message_that_it_answers_and_to_no_other()
    {
        using var state = Rsabssa.Blind(key.PublicKey, Rsabssa.PrepareRandomized("a message"u8));
        var signature = key.BlindSign(state.BlindedMessage);
        Assert.True(Rsabssa.TryOpen(key.PublicKey, signature, out var opened));
        Assert.Equal(state.BlindedMessage, opened);
        signature[^1] ^= 1;
        Assert.True(Rsabssa.TryOpen(key.PublicKey, signature, out var other));
        Assert.NotEqual(state.BlindedMessage, other);
        Assert.False(Rsabssa.TryOpen(key.PublicKey, signature.AsSpan(1), out _));
        Assert.False(Rsabssa.TryOpen(key.PublicKey, Enumerable.Repeat((byte)255, 256).ToArray(), out _));
    }

    [Fact]
    public void The_same_seed_asks_for_the_same_signature_again()
    {
        var (seed, other) = (new byte[32], new byte[32]);
        other[0] = 1;
        using var first = Rsabssa.Blind(key.PublicKey, "m"u8, seed);
        using var again = Rsabssa.Blind(key.PublicKey, "m"u8, seed);
        using var unlike = Rsabssa.Blind(key.PublicKey, "m"u8, other);
        Assert.Equal(first.BlindedMessage, again.BlindedMessage);
        Assert.NotEqual(first.BlindedMessage, unlike.BlindedMessage);
        var signature = first.Finalize(key.BlindSign(first.BlindedMessage));
        Assert.Equal(signature, again.Finalize(key.BlindSign(again.BlindedMessage)));
        Assert.NotEqual(signature, unlike.Finalize(key.BlindSign(unlike.BlindedMessage)));
        Assert.Throws<ArgumentException>(() => Rsabssa.Blind(key.PublicKey, "m"u8, new byte[31]));
    }

    [Fact]
    public void Random_blinding_never_shows_the_same_message_twice()
    {
        using var first = Rsabssa.Blind(key.PublicKey, "m"u8);
        using var second = Rsabssa.Blind(key.PublicKey, "m"u8);
        Assert.NotEqual(first.BlindedMessage, second.BlindedMessage);
    }

    [Fact]
    public void Finalizes_once()
    {
        using var state = Rsabssa.Blind(key.PublicKey, "m"u8);
        var answer = key.BlindSign(state.BlindedMessage);
        state.Finalize(answer);
        Assert.Throws<InvalidOperationException>(() => state.Finalize(answer));
        var disposed = Rsabssa.Blind(key.PublicKey, "m"u8);
        disposed.Dispose();
        Assert.Throws<InvalidOperationException>(() => disposed.Finalize(answer));
    }

    [Fact]
    public void Refuses_an_answer_that_signs_something_else()
    {
        using var elsewhere = Rsabssa.Blind(key.PublicKey, "other"u8);
        var wrongs = new[]
        {
            key.BlindSign(elsewhere.BlindedMessage), new byte[256], new byte[255], new byte[257], [],
            Modulus(), [.. Enumerable.Repeat((byte)0xff, 256)],
        };
        Assert.All(wrongs, wrong =>
        {
            using var state = Rsabssa.Blind(key.PublicKey, "m"u8);
            Assert.Throws<CryptographicException>(() => state.Finalize(wrong));
        });
    }

    [Fact]
    public void Refuses_an_answer_raised_by_the_modulus()
    {
        // The same residue spelled as a number above the modulus: not always below 2^2048, so look for one.
        for (var attempt = 0; attempt < 200; attempt++)
        {
            using var state = Rsabssa.Blind(key.PublicKey, BitConverter.GetBytes(attempt));
            var raised = Number(key.BlindSign(state.BlindedMessage)) + Number(Modulus());
            if (raised.GetByteCount(true) > 256)
                continue;
            Assert.Throws<CryptographicException>(() => state.Finalize(Bytes(raised, 256)));
            return;
        }

        Assert.Fail("No blind signature was small enough.");
    }

    [Fact]
    public void Refuses_a_salt_or_blind_of_the_wrong_size_or_range()
    {
        var (salt, blind) = (new byte[48], new byte[256]);
        blind[^1] = 5;
        Rsabssa.Blind(key.PublicKey, "m"u8, salt, blind).Dispose();
        Assert.Throws<ArgumentException>(() => Rsabssa.Blind(key.PublicKey, "m"u8, new byte[47], blind));
        Assert.Throws<ArgumentException>(() => Rsabssa.Blind(key.PublicKey, "m"u8, [], blind));
        Assert.Throws<ArgumentException>(() => Rsabssa.Blind(key.PublicKey, "m"u8, salt, new byte[256]));
        Assert.Throws<ArgumentException>(() => Rsabssa.Blind(key.PublicKey, "m"u8, salt, new byte[255]));
        Assert.Throws<ArgumentException>(() => Rsabssa.Blind(key.PublicKey, "m"u8, salt, Modulus()));
    }

    [Fact]
    public void Refuses_a_blind_that_shares_a_factor_with_the_modulus()
    {
        using var framework = RSA.Create();
        framework.ImportFromPem(TestKeys.RsaPem());
        byte[] blind = [.. new byte[128], .. framework.ExportParameters(true).P!];
        Assert.Throws<CryptographicException>(() => Rsabssa.Blind(key.PublicKey, "m"u8, new byte[48], blind));
    }

    private static BigInteger Number(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number, int size)
    {
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[size - bytes.Length], .. bytes];
    }

    private static bool HasText(JsonElement vector, string member) =>
        vector.TryGetProperty(member, out var text) && text.GetString() is { Length: > 0 } and not "0x";

    private byte[] Modulus() => key.PublicKey.Spki.AsSpan(81, 256).ToArray();
}
