using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Bank;

/// <summary>The bank over HTTP: see <c>docs/protocol/bank.md</c>.</summary>
public static class BankEndpoints
{
    private const int MaxFunding = 2048;
    private const int MaxDecision = (LogEntry.MaxLength * 4 / 3) + LoggedEntry.MaxProofLength + 4096;
    private const string TokenRequestPath = "/token-request";

    // The list is large and changes rarely, so it is serialised once.
    private sealed record Listing(DenominationList List, byte[] Bytes);

    public static void MapBank(this IEndpointRouteBuilder routes, IBank bank, TimeProvider? clock = null)
    {
        MapIssuance(routes, bank, clock ?? TimeProvider.System);
        MapReserves(routes, bank);
        MapSales(routes, bank);
        MapAccounts(routes, bank);
        MapDisputes(routes, bank);
        if (bank is IBankOperator owner)
            MapStatement<Revocation>(routes.MapPostAnswer, "/revocations", async (order, stop) =>
                Answer.Json(await owner.RevokeAsync(order, stop), ProtocolJson.Default.RevocationAnswer));
        if (bank is IJointBank joint)
            MapStatement<EarlyRelease>(routes.MapPostAnswer, "/releases", async (release, stop) =>
                Answer.Json(await joint.ReleaseAsync(release, stop), ProtocolJson.Default.EarlyReleaseAnswer));
    }

    private static void MapIssuance(IEndpointRouteBuilder routes, IBank bank, TimeProvider clock)
    {
        Listing? last = null;
        routes.MapGetAnswer("/denominations", async context =>
        {
            var list = await bank.DenominationsAsync(context.RequestAborted);
            var listing = last;
            if (!ReferenceEquals(listing?.List, list))
                last = listing = new Listing(list, StrictJson.Write(list, ProtocolJson.Default.DenominationList));
            return Answer.Bytes(listing!.Bytes, JsonBody.JsonMediaType);
        });
        var directory = new DirectoryListing(TokenRequestPath);
        routes.MapGetAnswer(PrivateTokenNames.DirectoryPath, async context => Answer.Bytes(
            directory.Of(await bank.DenominationsAsync(context.RequestAborted), UnixTime.Now(clock)),
            PrivateTokenNames.DirectoryMediaType));
        routes.MapGetAnswer("/issues/{hash}", async context =>
            Base64Url.TryDecode(context.RouteText("hash"), out var hash) && hash.Length == 32
                ? Answer.Json(
                    await bank.ProveIssueAsync(hash, context.RequestAborted), ProtocolJson.Default.IssueProof)
                : Answer.Refuse(BankError.Malformed));
        routes.MapPostAnswer(TokenRequestPath, context => WithdrawAsync(
            context, bank, PrivateTokenNames.RequestMediaType, PrivateTokenNames.ResponseMediaType, 1));
        routes.MapPostAnswer("/token-requests", context => WithdrawAsync(
            context, bank, TokenBatch.RequestMediaType, TokenBatch.ResponseMediaType, TokenBatch.MaxRequests));
    }

    private static void MapReserves(IEndpointRouteBuilder routes, IBank bank)
    {
        routes.MapPostAnswer("/fundings", async context =>
        {
            var body = await context.ReadJsonAsync(ProtocolJson.Default.FundingRequest, MaxFunding);
            return body.IsOk
                ? Answer.Json(
                    await bank.FundAsync(body.Value, context.RequestAborted), ProtocolJson.Default.ReserveState)
                : Answer.Refuse(body);
        });
        routes.MapGetAnswer("/reserve", async context =>
        {
            var order = context.ReadHeaderStatement<ReadOrder>(ReadOrder.Header);
            return order.IsOk
                ? Answer.Json(
                    await bank.ReserveAsync(order.Value, context.RequestAborted), ProtocolJson.Default.ReserveState)
                : Answer.Refuse(order);
        });
        MapStatement<RefreshOrder>(routes.MapPostAnswer, "/refreshes", async (order, stop) =>
            Answer.Json(await bank.RefreshAsync(order, stop), ProtocolJson.Default.RefreshAnswer));
        MapStatement<ClosingOrder>(routes.MapPostAnswer, "/closings", async (order, stop) =>
            Answer.Json(await bank.CloseAsync(order, stop), ProtocolJson.Default.ClosingAnswer));
        MapStatement<RecoupOrder>(routes.MapPostAnswer, "/recoups", async (order, stop) =>
            Answer.Json(await bank.RecoupAsync(order, stop), ProtocolJson.Default.RefreshAnswer));
    }

    private static void MapSales(IEndpointRouteBuilder routes, IBank bank)
    {
        routes.MapPutAnswer("/locks/{n}", async context =>
        {
            var body = await context.ReadBytesAsync(SignedAuthorization.MediaType, Authorization.MaxLength);
            if (!body.IsOk)
                return Answer.Refuse(body);
            return SignedAuthorization.TryParse(body.Value, out var authorization)
                && TransactionId.TryParse(context.RouteText("n"), out var n)
                && n.Equals(authorization.Content.Transaction)
                ? Answer.Json(
                    await bank.LockAsync(authorization, context.RequestAborted), ProtocolJson.Default.LockAnswer)
                : Answer.Refuse(BankError.Malformed);
        });
        routes.MapPutAnswer("/decisions/{n}", async context =>
        {
            if (!TransactionId.TryParse(context.RouteText("n"), out var n))
                return Answer.Refuse(BankError.Malformed);
            var body = await context.ReadJsonAsync(ProtocolJson.Default.LoggedEntry, MaxDecision);
            return body.IsOk
                ? Answer.Json(
                    await bank.DecideAsync(n, body.Value, context.RequestAborted),
                    ProtocolJson.Default.SettlementAnswer)
                : Answer.Refuse(body);
        });
    }

    private static void MapAccounts(IEndpointRouteBuilder routes, IBank bank)
    {
        MapStatement<AccountOrder>(routes.MapPutAnswer, "/account", async (order, stop) =>
            Answer.Json(await bank.OpenAccountAsync(order, stop), ProtocolJson.Default.AccountState));
        routes.MapGetAnswer("/account", async context =>
        {
            var order = context.ReadHeaderStatement<ReadOrder>(ReadOrder.Header);
            return order.IsOk
                ? Answer.Json(
                    await bank.AccountAsync(order.Value, context.RequestAborted), ProtocolJson.Default.AccountState)
                : Answer.Refuse(order);
        });
        MapStatement<PayoutRequest>(routes.MapPostAnswer, "/payouts", async (request, stop) =>
            Answer.Json(await bank.PayOutAsync(request, stop), ProtocolJson.Default.PayoutState));
    }

    private static void MapDisputes(IEndpointRouteBuilder routes, IDisputes disputes)
    {
        MapOfTransaction<DisputeOrder>("/disputes/{n}", order => order.Transaction, disputes.DisputeAsync);
        MapOfTransaction<DisputeAnswer>("/disputes/{n}/answer", answer => answer.Transaction, disputes.AnswerAsync);
        MapOfTransaction<Ruling>("/disputes/{n}/ruling", ruling => ruling.Transaction, disputes.RuleAsync);
        routes.MapGetAnswer("/disputes/{n}", async context =>
        {
            if (!TransactionId.TryParse(context.RouteText("n"), out var n))
                return Answer.Refuse(BankError.Malformed);
            var order = context.ReadHeaderStatement<ReadOrder>(ReadOrder.Header);
            return order.IsOk
                ? Answer.Json(
                    await disputes.DisputeAsync(n, order.Value, context.RequestAborted),
                    ProtocolJson.Default.DisputeState)
                : Answer.Refuse(order);
        });
        routes.MapGetAnswer("/disputes", async context =>
        {
            var order = context.ReadHeaderStatement<ReadOrder>(ReadOrder.Header);
            if (!order.IsOk)
                return Answer.Refuse(order);
            return context.TryReadAfter<TransactionId>(out var after)
                ? Answer.Json(
                    await disputes.DisputesAsync(order.Value, after, context.RequestAborted),
                    ProtocolJson.Default.DisputeList)
                : Answer.Refuse(BankError.Malformed);
        });

        void MapOfTransaction<T>(
            string path, Func<T, TransactionId> transactionOf,
            Func<Signed<T>, CancellationToken, Task<Result<DisputeState, BankError>>> act)
            where T : class, IStatement<T> =>
            routes.MapPutAnswer(path, async context =>
            {
                var statement = await context.ReadStatementAsync<T>();
                if (!statement.IsOk)
                    return Answer.Refuse(statement);
                return TransactionId.TryParse(context.RouteText("n"), out var n)
                    && n.Equals(transactionOf(statement.Value.Content))
                    ? Answer.Json(
                        await act(statement.Value, context.RequestAborted), ProtocolJson.Default.DisputeState)
                    : Answer.Refuse(BankError.Malformed);
            });
    }

    private static void MapStatement<T>(
        Func<string, Func<HttpContext, Task<Answer>>, object> map, string path,
        Func<Signed<T>, CancellationToken, Task<Answer>> answer)
        where T : class, IStatement<T> =>
        map(path, async context =>
        {
            var statement = await context.ReadStatementAsync<T>();
            return statement.IsOk ? await answer(statement.Value, context.RequestAborted) : Answer.Refuse(statement);
        });

    private static async Task<Answer> WithdrawAsync(
        HttpContext context, IBank bank, string requestType, string responseType, int maxRequests)
    {
        var order = context.ReadHeaderStatement<WithdrawalOrder>(WithdrawalOrder.Header);
        if (!order.IsOk)
            return Answer.Refuse(order);
        var body = await context.ReadBytesAsync(requestType, maxRequests * TokenRequest.Size);
        if (!body.IsOk)
            return Answer.Refuse(body);
        if (!TokenBatch.TrySplit(body.Value, out var requests))
            return Answer.Refuse(BankError.Malformed);
        var signatures = await bank.WithdrawAsync(order.Value, body.Value, requests, context.RequestAborted);
        return Answer.Bytes(signatures.Map<byte[]>(list => [.. list.SelectMany(bytes => bytes)]), responseType);
    }
}
