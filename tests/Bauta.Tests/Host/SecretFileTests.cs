using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Bauta.Bank.Denominations;
using Bauta.Crypto.BlindRsa;
using Bauta.Host;
using Bauta.Host.Config;
using Bauta.Host.Roles;
using Bauta.Http.Gateway;
using Bauta.Merchant.Desk;
using Bauta.Storage;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Host;

/// <summary>Every file that gives power to whoever has read it is refused when others than its owner can.</summary>
public sealed class SecretFileTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TemporaryDirectory folder = new();

    public static TheoryData<string> Files =>
    [
        RoleKeys.Identity, RoleKeys.Account, RoleKeys.Gateway, RoleKeys.Log, RoleKeys.Witness, RoleKeys.Sealing,
        RoleKeys.Denominations, MerchantRole.DeskTokenFile, "tls.key", "tls.pem",
    ];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Files))]
    public void A_secret_that_others_may_read_or_write_is_refused(string name)
    {
        var (path, open) = Make(name);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
        open();
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        open();
        foreach (var more in new[]
                 {
                     UnixFileMode.GroupRead, UnixFileMode.OtherRead, UnixFileMode.GroupWrite, UnixFileMode.OtherWrite,
                 })
        {
            File.SetUnixFileMode(path, OwnerOnly | more);
            var refused = Assert.Throws<StorageException>(open);
            Assert.Equal(StorageFailure.Refused, refused.Failure);
            Assert.Contains($"chmod 600 {path}", refused.Message, StringComparison.Ordinal);
            Assert.Equal(ExitCode.BadFile, Failures.Explain(refused).Code);
        }

        File.SetUnixFileMode(path, OwnerOnly);
        open();
    }

    [Fact]
    public void A_certificate_without_its_key_is_said_to_be_missing_or_wrong()
    {
        var (path, _) = Make("tls.key");
        var certificate = folder.File("certificate.pem");
        Assert.Throws<HostException>(() => RoleKeys.OpenCertificate(certificate, folder.File("none.pem")));
        Assert.Throws<HostException>(() => RoleKeys.OpenCertificate(folder.File("none.pem"), path));
        File.SetUnixFileMode(certificate, OwnerOnly);
        Assert.ThrowsAny<CryptographicException>(() => RoleKeys.OpenCertificate(certificate, null));
    }

    private (string Path, Action Open) Make(string name)
    {
        var path = folder.File(name);
        if (name == RoleKeys.Denominations)
            return MakeDenomination();
        if (name.StartsWith("tls", StringComparison.Ordinal))
            return MakeCertificate(path, isWhole: name == "tls.pem");
        Action open = name switch
        {
            RoleKeys.Identity or RoleKeys.Account => () => RoleKeys.MakeSigner(path).Dispose(),
            RoleKeys.Gateway => () => GatewayKeyRing.Open(path, TimeProvider.System).Dispose(),
            RoleKeys.Log => () => RoleKeys.MakeLog(path, "log.example").Dispose(),
            RoleKeys.Witness => () => RoleKeys.MakeWitness(path, "w.example", TimeProvider.System).Dispose(),
            RoleKeys.Sealing => () => SealingKey.OpenOrCreate(path).Dispose(),
            MerchantRole.DeskTokenFile => () => DeskToken.OpenOrCreate(path),
            _ => throw new ArgumentException(name),
        };
        open();
        return (path, open);
    }

    private (string Path, Action Open) MakeDenomination()
    {
        var pem = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Bank", "Keys", "denomination-01.pem"));
        using var key = RsaPrivateKey.FromPkcs8Pem(pem);
        var id = key.PublicKey.KeyId;
        var files = new DenominationKeyFiles(folder.File("denominations"));
        var path = Path.Combine(folder.File("denominations"), $"denomination-{Convert.ToHexStringLower(id)}.pem");
        DurableFile.CreateSecret(path, pem);
        return (path, Open);

        void Open()
        {
            using var opened = (RsaPrivateKey)files.TryOpen(id)!;
            Assert.True(opened.PublicKey.KeyId.AsSpan().SequenceEqual(id));
        }
    }

    private (string Path, Action Open) MakeCertificate(string path, bool isWhole)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var made = new CertificateRequest("CN=a.example", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(now.AddMinutes(-5), now.AddDays(1));
        var certificate = isWhole ? path : folder.File("certificate.pem");
        var text = made.ExportCertificatePem() + "\n";
        if (!isWhole)
            File.WriteAllText(certificate, text);
        DurableFile.CreateSecret(path, System.Text.Encoding.ASCII.GetBytes(
            (isWhole ? text : "") + key.ExportPkcs8PrivateKeyPem() + "\n"));
        return (path, Open);

        void Open()
        {
            using var opened = RoleKeys.OpenCertificate(certificate, isWhole ? null : path);
            Assert.True(opened.HasPrivateKey);
        }
    }
}
