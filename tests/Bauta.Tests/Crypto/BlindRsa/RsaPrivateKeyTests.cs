using System.Numerics;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.OpenSsl;
using Xunit;

namespace Bauta.Tests.Crypto.BlindRsa;

public sealed class RsaPrivateKeyTests : IDisposable
{
    private readonly RsaPrivateKey key = TestKeys.Rsa();

    public void Dispose() => key.Dispose();

    [Fact]
    public void Refuses_a_blinded_message_not_below_the_modulus()
    {
        var modulus = Modulus();
        Refuses(modulus, BlindedMessageRefusal.NotBelowModulus);
        Refuses(Number(modulus) + 1, BlindedMessageRefusal.NotBelowModulus);
        Refuses([.. Enumerable.Repeat((byte)0xff, 256)], BlindedMessageRefusal.NotBelowModulus);
    }

    [Fact]
    public void Refuses_zero_one_and_minus_one()
    {
        Refuses(BigInteger.Zero, BlindedMessageRefusal.Trivial);
        Refuses(BigInteger.One, BlindedMessageRefusal.Trivial);
        Refuses(Number(Modulus()) - 1, BlindedMessageRefusal.Trivial);
    }

    [Fact]
    public void Refuses_any_other_size()
    {
        Refuses([], BlindedMessageRefusal.WrongSize);
        Refuses(new byte[255], BlindedMessageRefusal.WrongSize);
        Refuses(new byte[257], BlindedMessageRefusal.WrongSize);
    }

    [Fact]
    public void Signs_the_neighbours_of_what_it_refuses()
    {
        foreach (var number in new[] { new BigInteger(2), new BigInteger(256), Number(Modulus()) - 2 })
        {
            var message = Bytes(number);
            var signature = key.BlindSign(message);
            Assert.Equal(number, BigInteger.ModPow(Number(signature), 65537, Number(Modulus())));
            Assert.Equal(signature, key.BlindSign(message));
        }
    }

    [Fact]
    public void Signs_on_many_threads_at_once()
    {
        var modulus = Number(Modulus());
        var good = 0;
        Parallel.For(2, 66, number =>
        {
            if (BigInteger.ModPow(Number(key.BlindSign(Bytes(number))), 65537, modulus) == number)
                Interlocked.Increment(ref good);
        });
        Assert.Equal(64, good);
    }

    [Fact]
    public void Has_no_operation_but_the_blind_signature()
    {
        var operations = typeof(RsaPrivateKey).GetMethods(BindingFlags.Public | BindingFlags.Instance)
            .Where(method => method.DeclaringType == typeof(RsaPrivateKey) && !method.IsSpecialName)
            .Select(method => method.Name).Order();
        Assert.Equal(["BlindSign", "Dispose", "ToPkcs8Pem", "TryBlindSign"], operations);
    }

    [Fact]
    public void Withholds_a_result_that_the_public_key_does_not_undo()
    {
        // One factor is composite, so the halves of the key do not undo each other: what a fault would also do.
        using var framework = RSA.Create();
        framework.ImportFromPem(TestKeys.RsaPem());
        var parameters = framework.ExportParameters(true);
        var factor = Number(parameters.P) + 2;
        while ((factor - 1) % 65537 == 0 || BigInteger.ModPow(2, factor - 1, factor) == 1)
            factor += 2;
        parameters.P = factor.ToByteArray(isUnsigned: true, isBigEndian: true);
        parameters.Modulus = (factor * Number(parameters.Q)).ToByteArray(isUnsigned: true, isBigEndian: true);
        using var faulty = Bauta.Crypto.OpenSsl.RawRsa.FromPrimes(parameters.P, parameters.Q);
        Assert.Throws<CryptographicException>(() => faulty.Private(Bytes(2)));
        Assert.Throws<FormatException>(() => RsaPrivateKey.FromPkcs8Pem(Pem(parameters)));
    }

    [Fact]
    public void Reads_its_own_PEM_back_and_one_of_the_framework()
    {
        using var back = RsaPrivateKey.FromPkcs8Pem(key.ToPkcs8Pem());
        Assert.Equal(key.PublicKey, back.PublicKey);
        Assert.Equal(key.BlindSign(Bytes(2)), back.BlindSign(Bytes(2)));
        using var framework = RSA.Create();
        framework.ImportFromPem(Encoding.ASCII.GetString(key.ToPkcs8Pem()));
        using var again = RsaPrivateKey.FromPkcs8Pem(framework.ExportPkcs8PrivateKeyPem());
        Assert.Equal(key.PublicKey, again.PublicKey);
    }

    [Fact]
    public void A_generated_key_has_2048_bits_and_signs()
    {
        using var made = RsaPrivateKey.Generate();
        using var back = RsaPrivateKey.FromPkcs8Pem(made.ToPkcs8Pem());
        Assert.Equal(made.BlindSign(Bytes(2)), back.BlindSign(Bytes(2)));
        Assert.NotEqual(key.PublicKey, made.PublicKey);
    }

    [Fact]
    public void Refuses_keys_of_another_kind_size_or_exponent()
    {
        using var small = RSA.Create(1024);
        using var elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var framework = RSA.Create();
        framework.ImportFromPem(TestKeys.RsaPem());
        var exponent = framework.ExportParameters(true);
        exponent.Exponent = [3];
        var modulus = framework.ExportParameters(true);
        modulus.Modulus![100] ^= 1;
        foreach (var wrong in new[]
                 {
                     "", small.ExportPkcs8PrivateKeyPem(), elliptic.ExportPkcs8PrivateKeyPem(),
                     framework.ExportRSAPrivateKeyPem(), framework.ExportSubjectPublicKeyInfoPem(),
                     TestKeys.RsaPem() + TestKeys.RsaPem(), Pem(exponent), Pem(modulus),
                 })
        {
            Assert.Throws<FormatException>(() => RsaPrivateKey.FromPkcs8Pem(wrong));
            Assert.Throws<FormatException>(() => RsaPrivateKey.FromPkcs8Pem(Encoding.UTF8.GetBytes(wrong)));
        }
    }

    [Fact]
    public void A_disposed_key_signs_no_more()
    {
        var pem = key.ToPkcs8Pem();
        var disposed = RsaPrivateKey.FromPkcs8Pem(pem);
        disposed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => disposed.BlindSign(Bytes(2)));
        Assert.Throws<ObjectDisposedException>(() => disposed.ToPkcs8Pem());
    }

    private static BigInteger Number(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number)
    {
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[256 - bytes.Length], .. bytes];
    }

    // PKCS#8 of numbers that the framework would refuse to import.
    private static string Pem(RSAParameters numbers)
    {
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            foreach (var number in new[]
                     {
                         numbers.Modulus, numbers.Exponent, numbers.D, numbers.P, numbers.Q, numbers.DP, numbers.DQ,
                         numbers.InverseQ,
                     })
                writer.WriteInteger(Number(number));
        }

        var key = writer.Encode();
        writer.Reset();
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.1.1");
                writer.WriteNull();
            }

            writer.WriteOctetString(key);
        }

        return PemEncoding.WriteString("PRIVATE KEY", writer.Encode());
    }

    [Fact]
    public void The_private_operation_is_blinded_also_with_a_key_read_from_its_primes()
    {
        using var made = RawRsa.Generate(2048);
        Assert.True(made.IsBlinded);
        var numbers = made.ExportPrivate();
        using var read = RawRsa.FromPrimes(numbers[1], numbers[2]);
        Assert.True(read.IsBlinded);
    }

    private byte[] Modulus() => key.PublicKey.Spki.AsSpan(81, 256).ToArray();

    private void Refuses(BigInteger number, BlindedMessageRefusal reason) => Refuses(Bytes(number), reason);

    private void Refuses(byte[] message, BlindedMessageRefusal reason)
    {
        Assert.False(key.TryBlindSign(message, out var signature, out var refusal));
        Assert.Null(signature);
        Assert.Equal(reason, refusal);
        Assert.Equal(reason, Assert.Throws<BlindedMessageException>(() => key.BlindSign(message)).Reason);
    }
}
