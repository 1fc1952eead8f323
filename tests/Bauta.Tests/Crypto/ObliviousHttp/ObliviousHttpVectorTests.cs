using System.Security.Cryptography;
using System.Text.Json;
using Bauta.Crypto.Hpke;
using Bauta.Crypto.ObliviousHttp;
using Xunit;

namespace Bauta.Tests.Crypto.ObliviousHttp;

/// <summary>RFC 9458 appendix A: one whole exchange, byte for byte.</summary>
public class ObliviousHttpVectorTests
{
    [Fact]
    public void The_whole_exchange_is_that_of_the_RFC()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(
            Path.Combine(AppContext.BaseDirectory, "vectors", "oblivious-http-rfc9458-appendix-a.json")));
        byte[] Vector(string name) => Convert.FromHexString(document.RootElement.GetProperty(name).GetString()!);

        Assert.True(HpkePrivateKey.TryFromBytes(HpkeKem.X25519, Vector("gateway_secret_key"), out var gatewaySecret));
        Assert.True(KeyConfiguration.TryDecode(Vector("key_config"), out var configuration));
        Assert.Equal(1, configuration.KeyId);
        Assert.Equal(gatewaySecret.PublicKey, configuration.PublicKey);
        Assert.Equal([HpkeSuite.X25519Aes128Gcm, HpkeSuite.X25519ChaCha20Poly1305], configuration.Suites);
        using var gatewayKey = new GatewayKey(1, gatewaySecret);
        Assert.Equal(Vector("key_config"), gatewayKey.Configuration.Encode());

        Assert.True(HpkePrivateKey.TryFromBytes(
            HpkeKem.X25519, Vector("client_ephemeral_secret_key"), out var ephemeral));
        Assert.Equal(Vector("enc"), ephemeral.PublicKey.Bytes.ToArray());
        using var client = ObliviousClientRequest.Seal(configuration, Vector("request_bhttp"), ephemeral);
        Assert.Equal(Vector("encapsulated_request"), client.Encapsulated.ToArray());

        var gateway = new ObliviousGateway(
            new GatewayKeys([gatewayKey]), new ReplayCache(TimeProvider.System, TimeSpan.FromMinutes(1)));
        Assert.Equal(Decapsulation.Opened, gateway.Open(client.Encapsulated.Span, out var request));
        using (request)
        {
            Assert.Equal(Vector("request_bhttp"), request!.Message.ToArray());
            var nonce = Vector("salt").AsSpan(32).ToArray();
            var response = request.Seal(Vector("response_bhttp"), nonce);
            Assert.Equal(Vector("encapsulated_response"), response);
            Assert.True(client.TryOpen(response, out var opened));
            Assert.Equal(Vector("response_bhttp"), opened);
        }

        ephemeral.Dispose();
    }

    [Fact]
    public void The_values_between_are_those_of_the_RFC()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(
            Path.Combine(AppContext.BaseDirectory, "vectors", "oblivious-http-rfc9458-appendix-a.json")));
        byte[] Vector(string name) => Convert.FromHexString(document.RootElement.GetProperty(name).GetString()!);

        var info = new byte[Encapsulation.InfoSize];
        Encapsulation.WriteInfo(info, Vector("encapsulated_request").AsSpan(0, Encapsulation.HeaderSize));
        Assert.Equal(Vector("info"), info);
        Assert.True(HpkePrivateKey.TryFromBytes(HpkeKem.X25519, Vector("gateway_secret_key"), out var key));
        using (key)
        {
            Assert.True(HpkeRecipient.TrySetup(HpkeSuite.X25519Aes128Gcm, key, Vector("enc"), info, out var recipient));
            using (recipient)
                Assert.Equal(Vector("exported_secret"), Encapsulation.ExportResponseSecret(recipient));
        }

        var prk = HKDF.Extract(HashAlgorithmName.SHA256, Vector("exported_secret"), Vector("salt"));
        Assert.Equal(Vector("prk"), prk);
        var nonce = new byte[HpkeSuite.NonceSize];
        var responseNonce = Vector("salt").AsSpan(32);
        Encapsulation.DeriveResponseKey(
            HpkeSuite.X25519Aes128Gcm, Vector("exported_secret"), Vector("enc"), responseNonce, nonce).Dispose();
        Assert.Equal(Vector("aead_nonce"), nonce);
    }
}
