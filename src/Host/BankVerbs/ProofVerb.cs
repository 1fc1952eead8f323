using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Bauta.Bank;
using Bauta.Bank.Retain;
using Bauta.Host.Config;
using Bauta.Host.Terminal;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Relay;
using Bauta.Storage;

namespace Bauta.Host.BankVerbs;

/// <summary><c>bauta bank proof</c>.</summary>
internal sealed class ProofVerb : DoingVerb
{
    private readonly Argument<string> refused = new("P2")
    {
        Description = "The P2 that was refused, as the customer hands it out (bauta wallet evidence --demand).",
    };

    private readonly Option<string> output = new("--out")
    {
        Description = "The proof to write.",
        DefaultValueFactory = _ => "proof.json",
    };

    public ProofVerb()
        : base("proof", "Proves that a token of a refused P2 was spent: with the earlier P2, which the token's own\n"
            + "key signed, and its commit. For the judge (bauta judge EVIDENCE --proof FILE). The bank keeps each P2\n"
            + "until its tokens' end. It names the other sale's account: hand it to the judge alone.",
            "bauta bank proof demand.json --out proof.json --config data/demo/bank/bank.json")
    {
        Add(refused);
        Add(output);
    }

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output said, CancellationToken cancellation)
    {
        var path = NewFile.At(parsed.GetRequiredValue(output));
        var file = parsed.GetRequiredValue(refused);
        var bytes = DurableFile.Read(file, Authorization.MaxLength)
            ?? throw new HostException(ExitCode.NotFound, $"{file} is missing.");
        if (!SignedAuthorization.TryParse(bytes, out var p2))
            throw new HostException(ExitCode.BadFile, $"{file} is no P2.");
        var config = (BankConfig)ConfigFile.Read(
            PartyRoles.Bank, Path.GetFullPath(parsed.GetRequiredValue(BankVerb.Config)));
        await using var rows = await Database.OpenToReadAsync(
            config.Connection, BankSchema.Migrations, cancellation);
        foreach (var token in p2.Content.Tokens)
        {
            var uses = await TokenUses.FindAsync(rows, SHA256.HashData(token.Key), cancellation);
            foreach (var use in uses.Where(use => !use.Transaction.Equals(p2.Content.Transaction)))
                if (await ProofOfAsync(config, use, cancellation) is { } proof)
                {
                    DurableFile.Write(
                        path, StrictJson.Write(proof, ProtocolJson.Default.SpendingProof), DurableFile.SecretMode);
                    said.Line($"Wrote {path}: a token of {file} was spent before. For the judge: "
                        + $"bauta judge EVIDENCE --proof {path}");
                    said.Answer(new JsonObject { ["proof"] = path });
                    return ExitCode.Ok;
                }
        }

        throw new HostException(ExitCode.NotFound,
            "No token of it was spent by what this bank has: it was refused wrongly, or its tokens have ended.");
    }

    private static async Task<SpendingProof?> ProofOfAsync(
        BankConfig config, TokenUse use, CancellationToken cancellation)
    {
        if (use.Authorization is not { } body)
            return null;
        using var transport = new PartyTransport(MaskRoute.Direct, TimeProvider.System);
        foreach (var archive in config.Archives.Select(
            name => PartyFile.Read(config.PathOf(name), PartyRoles.Archive)))
        {
            if (!archive.ReadPolicy().Id.Equals(use.Archive))
                continue;
            using var http = transport.ClientFor(archive.Address);
            using var identity = RoleKeys.OpenSigner(config.KeyPath(RoleKeys.Identity));
            var answer = await new ArchiveClient(http).DecisionAsync(
                BankKeyId.Parse(identity.PublicKey.Thumbprint), use.Transaction, cancellation);
            if (answer.IsOk && answer.Value.Decision is { } decision)
                return new SpendingProof(body, decision);
        }

        return null;
    }
}
