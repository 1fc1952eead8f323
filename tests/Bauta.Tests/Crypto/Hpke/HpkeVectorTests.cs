using System.Text.Json;
using Bauta.Crypto.Hpke;
using Xunit;

namespace Bauta.Tests.Crypto.Hpke;

/// <summary>RFC 9180 appendix A, base mode, for the four suites.</summary>
public class HpkeVectorTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Keys_encryptions_and_exports_are_those_of_the_RFC(int index)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(
            Path.Combine(AppContext.BaseDirectory, "vectors", "hpke-rfc9180-base-mode.json")));
        Assert.Equal(4, document.RootElement.GetArrayLength());
        var vector = document.RootElement[index];
        Assert.True(HpkeSuite.TryGet(
            Number(vector, "kem_id"), Number(vector, "kdf_id"), Number(vector, "aead_id"), out var suite));

        using var recipientKey = HpkePrivateKey.Derive(suite.Kem, Bytes(vector, "ikmR"));
        using var ephemeralKey = HpkePrivateKey.Derive(suite.Kem, Bytes(vector, "ikmE"));
        Assert.Equal(Bytes(vector, "skRm"), recipientKey.Export());
        Assert.Equal(Bytes(vector, "pkRm"), recipientKey.PublicKey.Bytes.ToArray());
        Assert.Equal(Bytes(vector, "skEm"), ephemeralKey.Export());
        Assert.True(HpkePublicKey.TryFromBytes(suite.Kem, Bytes(vector, "pkRm"), out var publicKey));

        var info = Bytes(vector, "info");
        using var sender = HpkeSender.Setup(suite, publicKey, info, ephemeralKey);
        Assert.Equal(Bytes(vector, "enc"), sender.EncapsulatedKey.ToArray());
        Assert.Equal(suite.EncapsulatedKeySize, sender.EncapsulatedKey.Length);
        Assert.True(HpkeRecipient.TrySetup(suite, recipientKey, Bytes(vector, "enc"), info, out var recipient));
        using (recipient)
        {
            var encryptions = vector.GetProperty("encryptions");
            Assert.Equal(6, encryptions.GetArrayLength());
            foreach (var encryption in encryptions.EnumerateArray())
            {
                var associated = Bytes(encryption, "aad");
                var ciphertext = sender.Seal(associated, Bytes(encryption, "pt"));
                Assert.Equal(Bytes(encryption, "ct"), ciphertext);
                Assert.True(recipient.TryOpen(associated, ciphertext, out var plaintext));
                Assert.Equal(Bytes(encryption, "pt"), plaintext);
            }

            Assert.Equal(3, vector.GetProperty("exports").GetArrayLength());
            foreach (var export in vector.GetProperty("exports").EnumerateArray())
            {
                var exported = Bytes(export, "exported_value");
                Assert.Equal(exported, sender.Export(Bytes(export, "exporter_context"), Number(export, "L")));
                Assert.Equal(exported, recipient.Export(Bytes(export, "exporter_context"), Number(export, "L")));
            }
        }
    }

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static byte[] Bytes(JsonElement element, string name) =>
        Convert.FromHexString(element.GetProperty(name).GetString()!);
}
