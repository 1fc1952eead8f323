using System.Text;

namespace Bauta.Protocol.Acquirer;

/// <summary>An acquirer over HTTP: see <c>docs/protocol/acquirer.md</c>.</summary>
/// <param name="http">A client whose base address is the acquirer's, direct or through masks.</param>
public sealed class AcquirerClient(HttpClient http) : IAcquirer
{
    private const int MaxAnswer = 16 * 1024;

    private readonly PartyHttp<AcquirerError> party = new(http);

    /// <inheritdoc/>
    public Task<Result<TakeInAnswer, AcquirerError>> TakeInAsync(
        TakeInRequest request, CancellationToken cancellation) =>
        party.SendJsonAsync(HttpMethod.Post, "fundings", request, ProtocolJson.Default.TakeInRequest,
            ProtocolJson.Default.TakeInAnswer, MaxAnswer, cancellation);

    /// <inheritdoc/>
    public Task<Result<Signed<PayoutReceipt>, AcquirerError>> PayOutAsync(
        Signed<PayoutOrder> order, CancellationToken cancellation) =>
        party.SendAsync(HttpMethod.Post, "payouts", JsonBody.Jose(order), null,
            bytes => Signed<PayoutReceipt>.TryParse(Encoding.UTF8.GetString(bytes), out var receipt)
                ? receipt
                : throw new ProtocolViolationException("The answer is not a receipt."),
            MaxAnswer, cancellation);
}
