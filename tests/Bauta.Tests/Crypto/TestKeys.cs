using System.Text;
using Bauta.Crypto.BlindRsa;

namespace Bauta.Tests.Crypto;

/// <summary>Published keys, since making an RSA key takes long.</summary>
internal static class TestKeys
{
    /// <summary>The issuer's key of the RFC 9578 vectors; the caller disposes it.</summary>
    internal static RsaPrivateKey Rsa() => RsaPrivateKey.FromPkcs8Pem(RsaPem());

    internal static string RsaPem() =>
        Encoding.ASCII.GetString(VectorFile.Read("privacy-pass-rfc9578-type2.json")[0].Bytes("skS"));
}
