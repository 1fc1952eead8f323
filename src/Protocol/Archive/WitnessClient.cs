using System.Globalization;
using System.Text;
using Bauta.Crypto.Notes;

namespace Bauta.Protocol.Archive;

/// <summary>
/// A witness over HTTP (C2SP tlog-witness): the body goes out and comes back as text, a conflict answers 409 with the
/// size that the witness holds as <c>text/x.tlog.size</c>.
/// </summary>
/// <param name="http">A client whose base address is the witness's.</param>
public sealed class WitnessClient(HttpClient http) : IWitness
{
    private readonly PartyHttp<WitnessError> party = new(http);

    /// <inheritdoc/>
    public async Task<Result<string, WitnessError>> AddCheckpointAsync(string request, CancellationToken cancellation)
    {
        using var content = new StringContent(request, Encoding.UTF8, "text/plain");
        return await party.SendAsync(
            HttpMethod.Post, "add-checkpoint", content, null, Encoding.UTF8.GetString, AddCheckpointResponse.MaxSize,
            cancellation, ReadConflict);
    }

    private static Result<string, WitnessError>? ReadConflict(int status, string? mediaType, byte[] body)
    {
        if (status != 409 || mediaType != AddCheckpointResponse.ConflictMediaType)
            return null;
        return AddCheckpointResponse.TryParseConflict(body, out var size)
            ? Result<string, WitnessError>.Refuse(WitnessError.Conflict, size.ToString(CultureInfo.InvariantCulture))
            : throw new ProtocolViolationException("The witness's conflict states no size.");
    }
}
