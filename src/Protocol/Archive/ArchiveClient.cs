using System.Text;
using Bauta.Protocol.Merchant;

namespace Bauta.Protocol.Archive;

/// <summary>An archive and its log over HTTP: see <c>docs/protocol/archive.md</c>.</summary>
/// <param name="http">A client whose base address is the archive's, direct or through masks.</param>
public sealed class ArchiveClient(HttpClient http) : IArchive, ILog
{
    private const int MaxDecision = 64 * 1024;
    private const int MaxCheckpoint = 64 * 1024;
    private const int MaxKeeping = 1024;
    private const int MaxTile = 256 * (LogEntry.MaxLength + 2);

    private readonly PartyHttp<ArchiveError> party = new(http);

    /// <inheritdoc/>
    public Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(
        DecisionRequest request, CancellationToken cancellation) =>
        party.SendJsonAsync(HttpMethod.Post, "decisions", request, ProtocolJson.Default.DecisionRequest,
            ProtocolJson.Default.DecisionAnswer, MaxDecision, cancellation);

    /// <inheritdoc/>
    public Task<Result<DecisionAnswer, ArchiveError>> DecisionAsync(
        BankKeyId bank, TransactionId transaction, CancellationToken cancellation) =>
        party.GetAsync(
            $"decisions/{bank}/{transaction}", ProtocolJson.Default.DecisionAnswer, MaxDecision, cancellation);

    /// <inheritdoc/>
    public Task<Result<DecisionAnswer, ArchiveError>> AwaitDecisionAsync(
        BankKeyId bank, TransactionId transaction, TimeSpan wait, CancellationToken cancellation) =>
        wait < TimeSpan.FromSeconds(1)
            ? DecisionAsync(bank, transaction, cancellation)
            : party.GetAsync(
                $"decisions/{bank}/{transaction}?wait={(int)wait.TotalSeconds}", ProtocolJson.Default.DecisionAnswer,
                MaxDecision, cancellation);

    /// <inheritdoc/>
    public Task<Result<DecisionAnswer, ArchiveError>> EnterAsync(
        EntryRequest request, CancellationToken cancellation) =>
        party.SendJsonAsync(HttpMethod.Post, "entries", request, ProtocolJson.Default.EntryRequest,
            ProtocolJson.Default.DecisionAnswer, MaxDecision, cancellation);

    /// <inheritdoc/>
    public Task<KeepingTerms> KeepingAsync(CancellationToken cancellation) =>
        party.GetPublicAsync("keeping", ProtocolJson.Default.KeepingTerms, MaxKeeping, cancellation);

    /// <inheritdoc/>
    public Task<Result<KeepingTerms, ArchiveError>> KeepAsync(KeepRequest request, CancellationToken cancellation) =>
        party.SendJsonAsync(HttpMethod.Post, "kept", request, ProtocolJson.Default.KeepRequest,
            ProtocolJson.Default.KeepingTerms, MaxKeeping, cancellation);

    /// <inheritdoc/>
    public Task<Result<GoodsChunk, ArchiveError>> KeptAsync(
        BankKeyId bank, TransactionId transaction, long index, CancellationToken cancellation) =>
        party.SendAsync(HttpMethod.Get, $"kept/{bank}/{transaction}/{index}", null, null,
            bytes => GoodsChunk.TryDecode(bytes, out var chunk)
                ? chunk
                : throw new ProtocolViolationException("The answer is not a chunk."),
            GoodsChunk.MaxLength, cancellation);

    /// <inheritdoc/>
    public async Task<string> CheckpointAsync(CancellationToken cancellation)
    {
        var answer = await party.GetBytesAsync("checkpoint", MaxCheckpoint, cancellation);
        return answer.IsOk
            ? Encoding.UTF8.GetString(answer.Value)
            : throw new PartyUnreachableException(Refusals<ArchiveError>.Meaning(answer.Error.Value));
    }

    /// <inheritdoc/>
    public async Task<byte[]?> ReadAsync(string path, CancellationToken cancellation)
    {
        var answer = await party.GetBytesAsync(path, MaxTile, cancellation);
        return answer.IsOk ? answer.Value : null;
    }
}
