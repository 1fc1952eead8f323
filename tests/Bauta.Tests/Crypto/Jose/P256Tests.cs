using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Jose;
using Xunit;

namespace Bauta.Tests.Crypto.Jose;

public class P256Tests
{
    private const string Order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

    [Fact]
    public void Agrees_with_every_published_verification()
    {
        var verified = 0;
        foreach (var group in VectorFile.Read("ecdsa_secp256r1_sha256_test.json").GetProperty("testGroups")
                     .EnumerateArray())
        {
            var key = P256PublicKey.FromSpki(group.Bytes("publicKeyDer"));
            foreach (var test in group.GetProperty("tests").EnumerateArray())
            {
                var isValid = test.GetProperty("result").GetString() == "valid";
                var signature = ToPair(test.Bytes("sig"));
                Assert.True(
                    isValid == (signature is not null && key.Verify(test.Bytes("msg"), signature)),
                    $"tcId {test.GetProperty("tcId")}: {test.GetProperty("comment")}");
                verified++;
            }
        }

        Assert.Equal(484, verified);
    }

    [Fact]
    public void Signs_what_the_framework_verifies_and_verifies_what_it_signs()
    {
        using var key = P256PrivateKey.Generate();
        var message = "a message"u8.ToArray();
        var signature = key.Sign(message);
        Assert.Equal(64, signature.Length);
        Assert.True(key.PublicKey.Verify(message, signature));
        using var framework = ECDsa.Create();
        framework.ImportFromPem(Encoding.ASCII.GetString(key.ToPkcs8Pem()));
        Assert.Equal(key.PublicKey.Spki, framework.ExportSubjectPublicKeyInfo());
        Assert.True(framework.VerifyData(message, signature, HashAlgorithmName.SHA256));
        Assert.True(key.PublicKey.Verify(message, framework.SignData(message, HashAlgorithmName.SHA256)));
    }

    [Fact]
    public void Refuses_a_changed_message_or_signature_and_another_key()
    {
        using var key = P256PrivateKey.Generate();
        using var other = P256PrivateKey.Generate();
        var message = "a message"u8.ToArray();
        var signature = key.Sign(message);
        Assert.True(key.PublicKey.Verify(message, signature));
        Assert.False(other.PublicKey.Verify(message, signature));
        Assert.False(key.PublicKey.Verify("a messagf"u8, signature));
        Assert.False(key.PublicKey.Verify(message, signature.AsSpan(0, 63)));
        Assert.False(key.PublicKey.Verify(message, [.. signature, 0]));
        Assert.False(key.PublicKey.Verify(message, new byte[64]));
        for (var index = 0; index < signature.Length; index += 7)
        {
            var changed = (byte[])signature.Clone();
            changed[index] ^= 1;
            Assert.False(key.PublicKey.Verify(message, changed));
        }
    }

    [Fact]
    public void Refuses_numbers_of_a_signature_at_or_above_the_order()
    {
        using var key = P256PrivateKey.Generate();
        var message = "a message"u8.ToArray();
        var signature = key.Sign(message);
        var order = Convert.FromHexString(Order);
        Assert.False(key.PublicKey.Verify(message, [.. order, .. signature.AsSpan(32)]));
        Assert.False(key.PublicKey.Verify(message, [.. signature.AsSpan(0, 32), .. order]));
        Assert.False(key.PublicKey.Verify(message, [.. new byte[32], .. signature.AsSpan(32)]));
        Assert.False(key.PublicKey.Verify(message, [.. signature.AsSpan(0, 32), .. new byte[32]]));
    }

    [Fact]
    public void Verifies_on_many_threads_at_once_with_one_time_keys()
    {
        var good = 0;
        Parallel.For(0, 200, round =>
        {
            using var key = P256PrivateKey.Generate();
            var message = BitConverter.GetBytes(round);
            var read = P256PublicKey.FromSpki(key.PublicKey.Spki);
            if (read.Verify(message, key.Sign(message)) && !read.Verify([1, 2], key.Sign(message)))
                Interlocked.Increment(ref good);
        });
        Assert.Equal(200, good);
    }

    [Fact]
    public void Refuses_any_public_key_that_is_not_91_bytes_with_a_point_on_the_curve()
    {
        using var key = P256PrivateKey.Generate();
        var spki = key.PublicKey.Spki;
        Assert.True(P256PublicKey.TryFromSpki(spki, out var read));
        Assert.Equal(key.PublicKey, read);
        Assert.Equal(key.PublicKey.GetHashCode(), read.GetHashCode());
        Assert.False(P256PublicKey.TryFromSpki([], out _));
        Assert.False(P256PublicKey.TryFromSpki(spki.AsSpan(0, 90), out _));
        Assert.False(P256PublicKey.TryFromSpki([.. spki, 0], out _));
        for (var index = 0; index < spki.Length; index++)
        {
            var changed = (byte[])spki.Clone();
            changed[index] ^= 1;
            Assert.False(P256PublicKey.TryFromSpki(changed, out _), $"byte {index}");
        }

        // The point of all zeros stands for infinity in some encodings; the field prime is no coordinate.
        Assert.False(P256PublicKey.TryFromSpki([.. spki.AsSpan(0, 27), .. new byte[64]], out _));
        var prime = Convert.FromHexString("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
        Assert.False(P256PublicKey.TryFromSpki([.. spki.AsSpan(0, 27), .. prime, .. spki.AsSpan(59)], out _));
        Assert.Throws<FormatException>(() => P256PublicKey.FromSpki(new byte[91]));
    }

    [Fact]
    public void Refuses_a_hybrid_or_compressed_point()
    {
        using var key = P256PrivateKey.Generate();
        var spki = key.PublicKey.Spki;
        foreach (var form in new byte[] { 0, 2, 3, 5, 6, 7 })
        {
            spki[26] = form;
            Assert.False(P256PublicKey.TryFromSpki(spki, out _));
        }
    }

    [Fact]
    public void Takes_scalars_from_one_to_the_order_minus_one_only()
    {
        var order = new BigInteger(Convert.FromHexString(Order), isUnsigned: true, isBigEndian: true);
        Assert.False(P256PrivateKey.TryFromScalar(Scalar(0), out _));
        Assert.False(P256PrivateKey.TryFromScalar(Scalar(order), out _));
        Assert.False(P256PrivateKey.TryFromScalar(Scalar(order + 1), out _));
        Assert.False(P256PrivateKey.TryFromScalar(new byte[31], out _));
        Assert.False(P256PrivateKey.TryFromScalar([.. Scalar(1), 0], out _));
        Assert.Throws<CryptographicException>(() => P256PrivateKey.FromScalar(Scalar(0)));
        using var one = P256PrivateKey.FromScalar(Scalar(1));
        using var last = P256PrivateKey.FromScalar(Scalar(order - 1));
        Assert.Equal(Scalar(order - 1), last.ExportScalar());
        // The generator of SEC 2 section 2.4.2, and its mirror image with the same x.
        var x = Convert.FromHexString("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
        Assert.Equal(x, one.PublicKey.Spki.AsSpan(27, 32).ToArray());
        Assert.Equal(x, last.PublicKey.Spki.AsSpan(27, 32).ToArray());
        Assert.NotEqual(one.PublicKey, last.PublicKey);
    }

    [Fact]
    public void Derives_the_same_key_from_the_same_seed_and_another_from_another()
    {
        var seed = new byte[32];
        using var first = P256PrivateKey.FromSeed(seed);
        using var again = P256PrivateKey.FromSeed(seed);
        seed[31] = 1;
        using var other = P256PrivateKey.FromSeed(seed);
        Assert.Equal(first.PublicKey, again.PublicKey);
        Assert.NotEqual(first.PublicKey, other.PublicKey);
        Assert.Throws<ArgumentException>(() => P256PrivateKey.FromSeed(new byte[31]));
        // Computed apart from this code: HKDF-Expand to 48 bytes, mod (order - 1), plus 1.
        var order = new BigInteger(Convert.FromHexString(Order), isUnsigned: true, isBigEndian: true);
        var wide = HKDF.Expand(HashAlgorithmName.SHA256, new byte[32], 48, "bauta p256 private key"u8.ToArray());
        var expected = (new BigInteger(wide, isUnsigned: true, isBigEndian: true) % (order - 1)) + 1;
        Assert.Equal(Scalar(expected), first.ExportScalar());
    }

    [Fact]
    public void Computes_the_thumbprint_of_RFC_7638()
    {
        using var key = P256PrivateKey.FromScalar(
            Convert.FromHexString("0000000000000000000000000000000000000000000000000000000000000001"));
        var json = """{"crv":"P-256","kty":"EC","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",""" +
            "\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}";
        Assert.Equal(Base64Url.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(json))), key.PublicKey.Thumbprint);
        Assert.Equal(SHA256.HashData(key.PublicKey.Spki), key.PublicKey.SpkiHash);
    }

    [Fact]
    public void Reads_its_own_PEM_back_and_refuses_anything_else()
    {
        using var key = P256PrivateKey.Generate();
        using var other = P256PrivateKey.Generate();
        var pem = Encoding.ASCII.GetString(key.ToPkcs8Pem());
        using var back = P256PrivateKey.FromPkcs8Pem(pem);
        Assert.Equal(key.ExportScalar(), back.ExportScalar());
        Assert.Equal(241, pem.Length);
        using var fromBytes = P256PrivateKey.FromPkcs8Pem(key.ToPkcs8Pem());
        Assert.Equal(key.ExportScalar(), fromBytes.ExportScalar());
        using var framework = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var fromFramework = P256PrivateKey.FromPkcs8Pem(framework.ExportPkcs8PrivateKeyPem());
        Assert.Equal(framework.ExportSubjectPublicKeyInfo(), fromFramework.PublicKey.Spki);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var der = Convert.FromBase64String(string.Concat(pem.Split('\n').Where(line => !line.StartsWith('-'))));
        byte[] mixed = [.. der.AsSpan(0, 73), .. other.PublicKey.Spki.AsSpan(26)];
        foreach (var wrong in new[]
                 {
                     "", "x", pem + pem, "before\n" + pem, pem + "after", pem.Replace("PRIVATE", "PUBLIC"),
                     p384.ExportPkcs8PrivateKeyPem(), framework.ExportECPrivateKeyPem(),
                     PemEncoding.WriteString("PRIVATE KEY", mixed),
                 })
        {
            Assert.Throws<FormatException>(() => P256PrivateKey.FromPkcs8Pem(wrong));
            Assert.Throws<FormatException>(() => P256PrivateKey.FromPkcs8Pem(Encoding.UTF8.GetBytes(wrong)));
        }

        Assert.Throws<FormatException>(() => P256PrivateKey.FromPkcs8Pem([0xff, .. key.ToPkcs8Pem()]));
        Assert.Throws<FormatException>(() => P256PrivateKey.FromPkcs8Pem(new byte[1 << 20]));
    }

    [Fact]
    public void A_disposed_key_signs_no_more()
    {
        var key = P256PrivateKey.Generate();
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Sign("x"u8));
        Assert.Throws<ObjectDisposedException>(() => key.ExportScalar());
    }

    private static byte[] Scalar(BigInteger value)
    {
        var bytes = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[32 - bytes.Length], .. bytes];
    }

    // Strict DER to r and s of 32 bytes each; null for anything else.
    private static byte[]? ToPair(byte[] der)
    {
        try
        {
            var reader = new AsnReader(der, AsnEncodingRules.DER);
            var sequence = reader.ReadSequence();
            reader.ThrowIfNotEmpty();
            var (r, s) = (sequence.ReadInteger(), sequence.ReadInteger());
            sequence.ThrowIfNotEmpty();
            var isInRange = r.Sign >= 0 && s.Sign >= 0 && r.GetByteCount(true) <= 32 && s.GetByteCount(true) <= 32;
            return isInRange ? [.. Scalar(r), .. Scalar(s)] : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }
}
