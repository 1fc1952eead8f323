using System.Globalization;
using System.Text;

namespace Bauta.Protocol.Archive;

/// <summary>
/// A witness over HTTP (C2SP tlog-witness): the body goes out and comes back as text, a conflict answers 409 with the
/// size that the witness holds as <c>text/x.tlog.size</c>.
/// </summary>
/// <param name="http">A client whose base address is the witness's.</param>
public sealed class WitnessClient(HttpClient http) : IWitness
{
    /// <summary>The media type of a conflict's body: decimal size and a newline.</summary>
    public const string ConflictMediaType = "text/x.tlog.size";

    private const int MaxAnswer = 64 * 1024;
    private const int MaxSizeLength = 20;

    private readonly PartyHttp<WitnessError> party = new(http);

    /// <inheritdoc/>
    public async Task<Result<string, WitnessError>> AddCheckpointAsync(string request, CancellationToken cancellation)
    {
        using var content = new StringContent(request, Encoding.UTF8, "text/plain");
        return await party.SendAsync(
            HttpMethod.Post, "add-checkpoint", content, null, Encoding.UTF8.GetString, MaxAnswer, cancellation,
            ReadConflict);
    }

    private static Result<string, WitnessError>? ReadConflict(int status, string? mediaType, byte[] body)
    {
        if (status != 409 || mediaType != ConflictMediaType)
            return null;
        var text = body.Length <= MaxSizeLength ? Encoding.ASCII.GetString(body) : string.Empty;
        return text.EndsWith('\n') && long.TryParse(
            text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            ? Result<string, WitnessError>.Refuse(
                WitnessError.Conflict, size.ToString(CultureInfo.InvariantCulture))
            : throw new ProtocolViolationException("The witness's conflict states no size.");
    }
}
