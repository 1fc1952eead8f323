using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Bauta.Host.Config;
using Bauta.Host.Terminal;
using Bauta.Protocol;
using Bauta.Protocol.Evidence;
using Bauta.Storage;

namespace Bauta.Host.NotaryVerb;

/// <summary><c>bauta notary certify</c>.</summary>
internal sealed class CertifyVerb : DoingVerb
{
    private readonly Argument<string> file = new("FILE") { Description = "An evidence file, or its ciphertext." };
    private readonly Option<string> key = ObserveVerb.KeyOption();
    private readonly Option<string> name = ObserveVerb.NameOption();
    private readonly Option<string> output = new("--out")
    {
        Description = "The certificate to write.",
        DefaultValueFactory = _ => "certificate.jws",
    };

    public CertifyVerb()
        : base("certify", "Signs and dates a file, of which it takes the hash alone: for evidence whose other holders\n"
            + "will soon have forgotten theirs. The judge says since when it was there (judge --certificate).",
            "bauta notary certify evidence.json --key notary.pem")
    {
        Add(file);
        Add(key);
        Add(name);
        Add(output);
    }

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output said, CancellationToken cancellation)
    {
        var path = NewFile.At(parsed.GetRequiredValue(output));
        var wanted = parsed.GetRequiredValue(file);
        if (!File.Exists(wanted))
            throw new HostException(ExitCode.NotFound, $"{wanted} is missing.");
        var called = ObserveVerb.NameOf(parsed, name);
        using var signer = RoleKeys.MakeSigner(parsed.GetRequiredValue(key));
        await using var content = File.OpenRead(wanted);
        var hash = await SHA256.HashDataAsync(content, cancellation);
        var certificate = Signed<Certificate>.Sign(signer, new Certificate(
            called, signer.PublicKey.Spki, hash, UnixTime.Now(TimeProvider.System)));
        DurableFile.Write(path, Encoding.ASCII.GetBytes(certificate.Text + "\n"));
        said.Line($"Wrote {path}: {wanted} was there at {certificate.Content.At}, says key {certificate.KeyId}.");
        said.Answer(new JsonObject { ["certificate"] = path, ["key"] = certificate.KeyId });
        return ExitCode.Ok;
    }
}
