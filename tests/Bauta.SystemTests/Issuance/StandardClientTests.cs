using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol.Bank;
using Xunit;
using Base64Url = System.Buffers.Text.Base64Url;

namespace Bauta.SystemTests.Issuance;

/// <summary>
/// Somebody else's RFC 9578 client, unmodified, against a real bank over TLS: it follows the issuer directory, is paid
/// for by the header and ends with a token. With a nonce of the customer's choice the token can be spent.
/// </summary>
public sealed class StandardClientTests
{
    private const long Value = 64;

    private static readonly string clientFolder = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "../../../Issuance/client"));

    [Fact]
    public async Task An_unmodified_client_completes_issuance_and_with_our_nonce_gets_a_token_that_locks()
    {
        using var network = await RealNetwork.PrepareAsync();
        using var certificate = Certify(network);
        await network.StartAsync("witness-1", "witness-2", "archive", "acquirer", "bank");
        using var sockets = new SocketsHttpHandler();
        sockets.SslOptions.RemoteCertificateValidationCallback = (_, offered, _, _) =>
            offered?.GetCertHashString(HashAlgorithmName.SHA256)
                == certificate.GetCertHashString(HashAlgorithmName.SHA256);
        using var http = new HttpClient(sockets) { BaseAddress = new Uri($"https://{network.ListenOf("bank")}/") };
        var bank = new BankClient(http);
        var denomination = await Customer.DenominationAsync(bank, Value);
        using var reserve = P256PrivateKey.Generate();
        await Customer.FundAsync(network, bank, reserve, 2 * Value);
        using var owner = P256PrivateKey.Generate();

        var got = await RunClientAsync(network, denomination, reserve, owner);

        Assert.Equal($"https://{network.ListenOf("bank")}/token-request", (string)got["issuerUrl"]!);
        foreach (var name in (string[])["itsOwnNonce", "ourNonce"])
        {
            Assert.True((bool)got[name]!["verifies"]!, name);
            Assert.True(Token.TryDecode(TokenIn(got[name]!), out var token));
            Assert.True(token.Verify(Crypto.BlindRsa.RsaPublicKey.FromSpki(denomination.TokenKey)), name);
            Assert.Equal(denomination.Challenge().Digest, token.ChallengeDigest);
        }

        Assert.Equal(0, (await Customer.ReserveAsync(bank, reserve)).MinorUnits);
        using var merchant = P256PrivateKey.Generate();
        await Customer.OpenAccountAsync(bank, merchant);
        var spendable = await Customer.LockAsync(network, bank, merchant, owner, TokenIn(got["ourNonce"]!), Value);
        Assert.True(spendable.IsOk, spendable.Detail);
        Assert.Equal(Value, spendable.Value.Payment.Content.Amount.MinorUnits);
        // The library's own nonce is nobody's key: a token like any other, but not one that can be spent.
        var random = await Customer.LockAsync(
            network, bank, merchant, owner, TokenIn(got["itsOwnNonce"]!), Value);
        Assert.Equal(BankError.BadToken, random.Error);
    }

    private static byte[] TokenIn(JsonNode told) => Base64Url.DecodeFromChars((string)told["token"]!);

    private static X509Certificate2 Certify(RealNetwork network)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=bank.demo", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        var certificate = request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(1));
        File.WriteAllText(Path.Combine(network.Folder, "bank", "tls.pem"), certificate.ExportCertificatePem());
        var keyPath = Path.Combine(network.Folder, "bank", "tls.key");
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(keyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        network.Set("bank", "certificate", "\"tls.pem\"");
        network.Set("bank", "certificateKey", "\"tls.key\"");
        return certificate;
    }

    private static async Task<JsonNode> RunClientAsync(
        RealNetwork network, Denomination denomination, P256PrivateKey reserve, P256PrivateKey owner)
    {
        await InstallAsync();
        var key = Encoding.ASCII.GetString(reserve.ToPkcs8Pem());
        var task = new JsonObject
        {
            ["host"] = network.ListenOf("bank"),
            ["issuer"] = denomination.Issuer,
            ["origin"] = denomination.Challenge().OriginInfo,
            ["tokenKey"] = Base64Url.EncodeToString(denomination.TokenKey),
            ["reserveKey"] = Base64Url.EncodeToString(Convert.FromBase64String(string.Concat(
                key.Split('\n').Where(line => !line.StartsWith('-'))))),
            ["reserveSpki"] = Base64Url.EncodeToString(reserve.PublicKey.Spki),
            ["nonce"] = Base64Url.EncodeToString(SHA256.HashData(owner.PublicKey.Spki)),
        };
        var said = await RunAsync(
            "node", task.ToJsonString(), [("NODE_EXTRA_CA_CERTS", Path.Combine(network.Folder, "bank", "tls.pem"))],
            "withdraw.mjs");
        Assert.True(said.ExitCode == 0, said.Errors);
        return said.Json;
    }

    /// <summary>The library as its lock file pins it, once; nothing of it runs at its installation.</summary>
    private static async Task InstallAsync()
    {
        var mark = Path.Combine(clientFolder, "node_modules", ".package-lock.json");
        if (File.Exists(mark) && File.GetLastWriteTimeUtc(mark)
            > File.GetLastWriteTimeUtc(Path.Combine(clientFolder, "package-lock.json")))
            return;
        var said = await RunAsync("npm", "", [], "ci", "--ignore-scripts");
        Assert.True(said.ExitCode == 0, said.Errors);
    }

    private static async Task<Said> RunAsync(
        string program, string input, (string Name, string Value)[] environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = clientFolder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        return new Said(process.ExitCode, await output, await errors);
    }
}
