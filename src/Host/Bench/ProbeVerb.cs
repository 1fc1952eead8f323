using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Crypto.PrivacyPass;
using Bauta.Host.Terminal;
using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Host.Bench;

/// <summary>
/// The process that single operations are measured in: on the servers' core, behind the same web host, over the same
/// storage as a role.
/// </summary>
internal sealed class ProbeVerb : DoingVerb
{
    public const string EchoPath = "echo";
    public const string VerifyPath = "verify";
    public const string StatementPath = "statement";
    public const string OperationsPath = "operations";
    public const string OpensslPath = "openssl";
    public const string WritesPath = "writes";
    public const string AppendsPath = "appends";

    private const int MaxEcho = 8 * 1024;
    private const int RowLength = 600;
    private const int Writers = 64;
    private static readonly TimeSpan perOperation = TimeSpan.FromSeconds(0.5);

    private static readonly Migration[] schema =
        [new(1, "rows", "CREATE TABLE rows (id {blob} PRIMARY KEY, content {blob} NOT NULL) {strict};")];

    private readonly Option<string> database = new("--database") { Description = "For rows.", Required = true };
    private readonly Option<string> log = new("--log") { Description = "For a log.", Required = true };
    private readonly Option<int> port = new("--port") { Description = "On loopback.", Required = true };

    public ProbeVerb()
        : base("probe", "The process that bauta bench measures single operations in; it starts it by itself.",
            "bauta bench probe --database rows.db --log log.db --port 7499")
    {
        Add(database);
        Add(log);
        Add(port);
    }

    protected override async Task<ExitCode> RunAsync(ParseResult parsed, Output output, CancellationToken cancellation)
    {
        await using var rows = Database.Open(parsed.GetRequiredValue(database), schema);
        using var key = P256PrivateKey.Generate();
        var settings = new PartyHostSettings
        {
            Listen = new IPEndPoint(IPAddress.Loopback, parsed.GetValue(port)),
            UnlimitedSources = [IPAddress.Loopback],
        };
        var logConnection = parsed.GetRequiredValue(log);
        await using var host = PartyHost.Build(settings, routes =>
        {
            routes.MapHealth();
            MapHttp(routes, key);
            routes.MapGetAnswer(OperationsPath, _ => Task.FromResult(JsonOf(Operations())));
            routes.MapGetAnswer(OpensslPath, async context => JsonOf(new JsonObject
            {
                ["microseconds"] = await OpensslSpeed.SignMicrosecondsAsync(context.RequestAborted),
            }));
            routes.MapPostAnswer(WritesPath + "/{count}", async context =>
            {
                await WriteAsync(rows, CountOf(context));
                return Answer.Empty();
            });
            routes.MapPostAnswer(AppendsPath + "/{count}", async context => JsonOf(
                await AppendBench.RunAsync(logConnection, CountOf(context), context.RequestAborted)));
        });
        await host.StartAsync(cancellation);
        await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ExitCode.Ok;
    }

    private static void MapHttp(IEndpointRouteBuilder routes, P256PrivateKey key)
    {
        var note = Signed<LockNote>.Sign(key, new LockNote(
            TransactionId.Generate(), UnixTime.FromSeconds(1), PolicyId.Generate(), KeyCommitment.Generate()));
        routes.MapGetAnswer(StatementPath, _ => Task.FromResult(Answer.Statement(note)));
        routes.MapPostAnswer(VerifyPath, async context =>
        {
            var statement = await context.ReadStatementAsync<LockNote>();
            return !statement.IsOk ? Answer.Refuse(statement)
                : statement.Value.IsSignedBy(key.PublicKey) ? Answer.Text("ok")
                : Answer.Refuse(HostError.Malformed);
        });
        routes.MapPostAnswer(EchoPath, async context =>
        {
            var body = await context.ReadBytesAsync(JsonBody.JsonMediaType, MaxEcho);
            return body.IsOk ? Answer.Bytes(body.Value, JsonBody.JsonMediaType) : Answer.Refuse(body);
        });
    }

    private static JsonObject Operations()
    {
        var message = RandomNumberGenerator.GetBytes(300);
        using var key = P256PrivateKey.Generate();
        var signature = key.Sign(message);
        var spki = key.PublicKey.Spki;
        using var plain = RSA.Create(2048);
        var digest = SHA256.HashData(message);
        using var issuer = RsaPrivateKey.Generate();
        var token = NewToken(issuer, key);
        using var gatewayKey = GatewayKey.Generate(0);
        var costs = new JsonObject
        {
            [nameof(Operation.RsaSign)] = Measure(
                () => plain.SignHash(digest, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
            [nameof(Operation.RsaVerify)] = Measure(() => Demand(token.Verify(issuer.PublicKey))),
            [nameof(Operation.EcdsaSign)] = Measure(() => key.Sign(message)),
            [nameof(Operation.EcdsaVerify)] = Measure(
                () => Demand(P256PublicKey.FromSpki(spki).Verify(message, signature))),
            [nameof(Operation.EcdsaKey)] = Measure(() => P256PrivateKey.Generate().Dispose()),
            [nameof(Operation.Oblivious)] = MeasureOblivious(gatewayKey),
        };
        return costs;
    }

    private static Token NewToken(RsaPrivateKey issuer, P256PrivateKey owner)
    {
        using var issuance = TokenIssuance.Begin(
            issuer.PublicKey, new byte[32], owner.PublicKey.SpkiHash, RandomNumberGenerator.GetBytes(32));
        return TokenRequest.TryDecode(issuance.Request, out var request)
            ? issuance.Finish(issuer.BlindSign(request.BlindedMessage))
            : throw new InvalidOperationException("A request of our own does not parse.");
    }

    private static double MeasureOblivious(GatewayKey key)
    {
        const int requests = 2000;
        var keys = new GatewayKeys([key]);
        var gateway = new ObliviousGateway(keys, new ReplayCache(TimeProvider.System, TimeSpan.FromMinutes(6)));
        var inner = new BinaryRequest("POST", "https", "bank.example", "/locks", [], new byte[2000]);
        var answer = new BinaryResponse(200, [], new byte[2000]);
        var left = new Queue<byte[]>(requests);
        for (var i = 0; i < requests; i++)
        {
            using var exchange = ObliviousClientRequest.Seal(keys.Published[0], inner);
            left.Enqueue(exchange.Encapsulated.ToArray());
        }

        return Measure(
            () =>
            {
                Demand(gateway.Open(left.Dequeue(), out var opened) == Decapsulation.Opened);
                using (opened)
                    opened!.Seal(answer);
            },
            () => left.Count > 0);
    }

    /// <summary>Microseconds of processor time.</summary>
    private static double Measure(Action operation, Func<bool>? isMore = null)
    {
        const int warmUp = 500;
        var time = TimeProvider.System;
        for (var i = 0; i < warmUp; i++)
            operation();
        var (start, before, count) = (time.GetTimestamp(), Environment.CpuUsage.TotalTime, 0);
        do
        {
            operation();
            count++;
        }
        while (time.GetElapsedTime(start) < perOperation && (isMore?.Invoke() ?? true));
        return (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / count;
    }

    private static Task WriteAsync(IDatabase database, int count)
    {
        var left = count;
        return Task.WhenAll(Enumerable.Range(0, Writers).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var (id, content) = (RandomNumberGenerator.GetBytes(32), new byte[RowLength]);
                await database.WriteAsync(
                    transaction => transaction.Execute("INSERT INTO rows (id, content) VALUES ($1, $2)", id, content));
            }
        }));
    }

    private static int CountOf(HttpContext context) =>
        int.Parse((string)context.Request.RouteValues["count"]!, CultureInfo.InvariantCulture);

    private static Answer JsonOf(JsonObject content) =>
        Answer.Bytes(Encoding.UTF8.GetBytes(content.ToJsonString()), JsonBody.JsonMediaType);

    private static void Demand(bool holds)
    {
        if (!holds)
            throw new InvalidOperationException("An operation that is measured does not work.");
    }
}
