using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Serialization.Metadata;

namespace Bauta.Protocol;

/// <summary>
/// What every party's HTTP client shares: bounded answers, problem details turned into the party's closed list, and
/// the difference between a refusal, a failure worth repeating and a broken protocol. It never repeats by itself.
/// </summary>
/// <typeparam name="TError">The party's closed list.</typeparam>
/// <param name="http">A client whose base address is the party's and ends in a slash.</param>
public sealed class PartyHttp<TError>(HttpClient http)
    where TError : struct, Enum
{
    /// <summary>GET with a JSON answer.</summary>
    public Task<Result<T, TError>> GetAsync<T>(
        string path, JsonTypeInfo<T> json, int maxLength, CancellationToken cancellation,
        (string Name, string Value)? header = null)
        where T : class =>
        SendAsync(HttpMethod.Get, path, null, header, bytes => Read(bytes, json), maxLength, cancellation);

    /// <summary>GET of what a party tells everybody: to refuse it breaks the protocol.</summary>
    /// <exception cref="PartyUnreachableException">No answer, or a failure of the host; the request may be
    /// repeated.</exception>
    /// <exception cref="ProtocolViolationException">The answer breaks the protocol, or is a refusal.</exception>
    public async Task<T> GetPublicAsync<T>(
        string path, JsonTypeInfo<T> json, int maxLength, CancellationToken cancellation)
        where T : class
    {
        var answer = await GetAsync(path, json, maxLength, cancellation);
        return answer.IsOk
            ? answer.Value
            : throw new ProtocolViolationException(
                $"The party refused what it tells everybody: {Refusals<TError>.Code(answer.Error.Value)}.");
    }

    /// <summary>GET with an answer of bytes.</summary>
    public Task<Result<byte[], TError>> GetBytesAsync(string path, int maxLength, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Get, path, null, null, bytes => bytes, maxLength, cancellation);

    /// <summary>A JSON body and a JSON answer.</summary>
    public Task<Result<T, TError>> SendJsonAsync<TBody, T>(
        HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> bodyJson, JsonTypeInfo<T> json, int maxLength,
        CancellationToken cancellation)
        where T : class =>
        SendAsync(method, path, JsonBody.Of(body, bodyJson), json, maxLength, cancellation);

    /// <summary>A signed statement as the body and a JSON answer.</summary>
    public Task<Result<T, TError>> SendJoseAsync<T>(
        HttpMethod method, string path, ISignedText statement, JsonTypeInfo<T> json, int maxLength,
        CancellationToken cancellation)
        where T : class =>
        SendAsync(method, path, JsonBody.Jose(statement), json, maxLength, cancellation);

    /// <summary>Any body, or none, and a JSON answer.</summary>
    public Task<Result<T, TError>> SendAsync<T>(
        HttpMethod method, string path, HttpContent? content, JsonTypeInfo<T> json, int maxLength,
        CancellationToken cancellation)
        where T : class =>
        SendAsync(method, path, content, null, bytes => Read(bytes, json), maxLength, cancellation);

    /// <summary>Any body, any answer.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">Relative to the party's base address, without a leading slash.</param>
    /// <param name="content">The body, or null.</param>
    /// <param name="header">One extra header, or null.</param>
    /// <param name="read">Reads the answer; may throw <see cref="ProtocolViolationException"/>.</param>
    /// <param name="maxLength">The longest answer in bytes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="readRefusal">Reads refusals that a standard shapes otherwise than as problem details, from status,
    /// media type and body; null for all others.</param>
    /// <exception cref="PartyUnreachableException">No answer, or a failure of the host; the request may be
    /// repeated.</exception>
    /// <exception cref="ProtocolViolationException">The answer breaks the protocol.</exception>
    public async Task<Result<T, TError>> SendAsync<T>(
        HttpMethod method, string path, HttpContent? content, (string Name, string Value)? header,
        Func<byte[], T> read, int maxLength, CancellationToken cancellation,
        Func<int, string?, byte[], Result<T, TError>?>? readRefusal = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Content = content;
        if (header is var (name, value))
            request.Headers.Add(name, value);
        try
        {
            using var response =
                await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            var success = response.IsSuccessStatusCode;
            var bytes = await BoundedBody.ReadAsync(
                response.Content, success ? maxLength : Problem.MaxLength, cancellation)
                ?? throw new ProtocolViolationException("The answer is longer than allowed.");
            return success
                ? read(bytes)
                : readRefusal?.Invoke(
                    (int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, bytes)
                    ?? Refusal<T>((int)response.StatusCode, bytes);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException
            && failure is not (PartyUnreachableException or ProtocolViolationException))
        {
            // An answer that ends before its end is an IOException of the stream, and no answer.
            throw new PartyUnreachableException($"No answer from {Origin}.", failure);
        }
        catch (OperationCanceledException timeout) when (!cancellation.IsCancellationRequested)
        {
            throw new PartyUnreachableException($"No answer from {Origin} in time.", timeout);
        }
    }

    private string Origin => http.BaseAddress?.GetLeftPart(UriPartial.Authority) ?? "the party";

    private static Result<T, TError> Refusal<T>(int status, byte[] bytes)
    {
        if (StrictJson.TryRead(bytes, ProtocolJson.Default.Problem, out var problem)
            && Refusals<TError>.TryParse(problem.Code, out var error) && Refusals<TError>.Status(error) == status)
            return Result<T, TError>.Refuse(error, problem.Detail ?? string.Empty);
        throw status is 408 or 429 or >= 500
            ? new PartyUnreachableException($"The party cannot answer now (status {status}).")
            : new ProtocolViolationException($"The party answered status {status} outside its closed list.");
    }

    private static T Read<T>(byte[] bytes, JsonTypeInfo<T> json)
        where T : class =>
        StrictJson.TryRead(bytes, json, out var message)
            ? message
            : throw new ProtocolViolationException($"The answer is not a {typeof(T).Name}.");
}

/// <summary>Request bodies.</summary>
public static class JsonBody
{
    /// <summary>The media type of JSON.</summary>
    public const string JsonMediaType = "application/json";

    /// <summary>The media type of a compact JWS.</summary>
    public const string JoseMediaType = "application/jose";

    /// <summary>A message as JSON.</summary>
    public static ByteArrayContent Of<T>(T body, JsonTypeInfo<T> json) =>
        Of(StrictJson.Write(body, json), JsonMediaType);

    /// <summary>A signed statement as it was signed.</summary>
    public static ByteArrayContent Jose(ISignedText statement) =>
        Of(Encoding.ASCII.GetBytes(statement.Text), JoseMediaType);

    /// <summary>Bytes of another media type.</summary>
    public static ByteArrayContent Of(byte[] bytes, string mediaType)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return content;
    }
}
