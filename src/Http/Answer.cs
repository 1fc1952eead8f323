using System.Text;
using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Http.Gateway;
using Bauta.Protocol;
using Microsoft.AspNetCore.Http;

namespace Bauta.Http;

/// <summary>
/// What an endpoint answers: bytes of a media type with a status. A refusal is RFC 9457 problem details of type
/// <c>urn:bauta:PARTY:CODE</c> with a code from a closed list.
/// </summary>
public sealed class Answer : IResult
{
    private readonly byte[] body;
    private readonly string? mediaType;
    private readonly int status;

    private Answer(int status, byte[] body, string? mediaType, string? refusal = null) =>
        (this.status, this.body, this.mediaType, Refusal) = (status, body, mediaType, refusal);

    /// <summary>The problem type when it is a refusal: one of a closed list.</summary>
    internal string? Refusal { get; }

    /// <summary>200 with a message as JSON, or the refusal.</summary>
    public static Answer Json<T, TError>(Result<T, TError> result, JsonTypeInfo<T> json)
        where T : class
        where TError : struct, Enum =>
        result.IsOk ? Json(result.Value, json) : Refuse(result);

    /// <summary>200 with a message as JSON.</summary>
    public static Answer Json<T>(T message, JsonTypeInfo<T> json)
        where T : class =>
        new(StatusCodes.Status200OK, StrictJson.Write(message, json), JsonBody.JsonMediaType);

    /// <summary>200 with bytes, or the refusal.</summary>
    public static Answer Bytes<TError>(Result<byte[], TError> result, string mediaType)
        where TError : struct, Enum =>
        result.IsOk ? Bytes(result.Value, mediaType) : Refuse(result);

    /// <summary>200 with bytes. The array must not change afterwards.</summary>
    public static Answer Bytes(byte[] bytes, string mediaType = "application/octet-stream") =>
        new(StatusCodes.Status200OK, bytes, mediaType);

    /// <summary>200 with a signed statement as it was signed, or the refusal.</summary>
    public static Answer Statement<T, TError>(Result<Signed<T>, TError> result)
        where T : class, IStatement<T>
        where TError : struct, Enum =>
        result.IsOk ? Statement(result.Value) : Refuse(result);

    /// <summary>200 with a signed statement as it was signed.</summary>
    public static Answer Statement(ISignedText statement) =>
        Bytes(Encoding.ASCII.GetBytes(statement.Text), JsonBody.JoseMediaType);

    /// <summary>200 with text, or the refusal.</summary>
    public static Answer Text<TError>(Result<string, TError> result)
        where TError : struct, Enum =>
        result.IsOk ? Text(result.Value) : Refuse(result);

    /// <summary>200 with text.</summary>
    public static Answer Text(string text) => Bytes(Encoding.UTF8.GetBytes(text), "text/plain; charset=utf-8");

    /// <summary>An answer of another party, passed on: any status, the bytes as they came.</summary>
    public static Answer Raw(int status, byte[] bytes, string? mediaType) => new(status, bytes, mediaType);

    /// <summary>204.</summary>
    public static Answer Empty() => new(StatusCodes.Status204NoContent, [], null);

    /// <summary>Passes on the refusal of a result that is one.</summary>
    public static Answer Refuse<T, TError>(Result<T, TError> result)
        where TError : struct, Enum =>
        Refuse(result.Error ?? throw new ArgumentException("This is no refusal.", nameof(result)), result.Detail);

    /// <summary>Refuses with a code from a closed list.</summary>
    /// <param name="error">The code.</param>
    /// <param name="detail">A sentence for a person, without identifiers.</param>
    public static Answer Refuse<TError>(TError error, string detail = "")
        where TError : struct, Enum
    {
        var problem = ProblemOf(error, detail);
        return new(
            problem.Status, StrictJson.Write(problem, ProtocolJson.Default.Problem), Problem.MediaType, problem.Type);
    }

    /// <summary>The problem details of a refusal.</summary>
    public static Problem ProblemOf<TError>(TError error, string detail = "")
        where TError : struct, Enum
    {
        var code = Refusals<TError>.Code(error);
        // RFC 9458 registers types for what its clients can mend by themselves.
        var type = error switch
        {
            HostError.UnknownKey => Encapsulation.KeyProblemType,
            HostError.BadDate => RequestDate.ProblemType,
            _ => $"urn:bauta:{Party<TError>.Name}:{code}",
        };
        return new(type, Refusals<TError>.Meaning(error), Refusals<TError>.Status(error), code,
            detail.Length == 0 ? null : detail);
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = status;
        NoteRefusal(httpContext);
        if (mediaType is null)
            return Task.CompletedTask;
        response.ContentType = mediaType;
        response.ContentLength = body.Length;
        if (HttpMethods.IsHead(httpContext.Request.Method))
            return Task.CompletedTask;
        if (httpContext.Features.Get<InnerExchange>() is not { } inner)
            return response.Body.WriteAsync(body, httpContext.RequestAborted).AsTask();
        inner.Complete(body);
        return Task.CompletedTask;
    }

    /// <summary>Leaves a refusal where it is counted: a seal hides it from the outer status.</summary>
    internal void NoteRefusal(HttpContext context)
    {
        if (Refusal is not null)
            context.Features.Set(this);
    }

    /// <summary>The answer as a binary HTTP message.</summary>
    internal BinaryResponse ToBinary(params BinaryField[] more) => new(
        status, mediaType is null ? more : [BinaryField.Create("content-type", mediaType), .. more], body);

    // BankError is the list of the party "bank".
    private static class Party<TError>
    {
        public static readonly string Name = typeof(TError).Name.Replace("Error", "", StringComparison.Ordinal)
            .ToLowerInvariant();
    }
}
