using System.Text;
using System.Text.Json.Serialization.Metadata;
using Bauta.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Bauta.Http;

/// <summary>
/// Reads request bodies strictly: media type, then length, then the bytes, then their form. Nothing is parsed before
/// its length is known to be allowed, and no body is decompressed.
/// </summary>
public static class RequestBody
{
    // Memory is taken as bytes arrive, so that a length that is only claimed costs nothing.
    private const int FirstBufferLength = 16 * 1024;

    private static readonly UTF8Encoding strictUtf8 = new(false, true);

    /// <summary>Reads a body of one media type.</summary>
    public static Task<Result<byte[], HostError>> ReadBytesAsync(
        this HttpContext context, string mediaType, int maxLength) =>
        IsMediaType(context.Request, mediaType)
            ? ReadAsync(context, maxLength)
            : Task.FromResult<Result<byte[], HostError>>(HostError.UnsupportedMediaType);

    /// <summary>Reads a JSON body.</summary>
    public static async Task<Result<T, HostError>> ReadJsonAsync<T>(
        this HttpContext context, JsonTypeInfo<T> json, int maxLength)
        where T : class
    {
        var body = await context.ReadBytesAsync(JsonBody.JsonMediaType, maxLength);
        if (!body.IsOk)
            return Result<T, HostError>.Refuse(body.Error.Value, body.Detail);
        return StrictJson.TryRead(body.Value, json, out var message)
            ? message
            : Result<T, HostError>.Refuse(HostError.Malformed, $"The body is not a {typeof(T).Name}.");
    }

    /// <summary>Reads a signed statement (application/jose). The signature is not yet verified.</summary>
    public static async Task<Result<Signed<T>, HostError>> ReadStatementAsync<T>(this HttpContext context)
        where T : class, IStatement<T>
    {
        var body = await context.ReadBytesAsync(JsonBody.JoseMediaType, T.MaxLength);
        if (!body.IsOk)
            return Result<Signed<T>, HostError>.Refuse(body.Error.Value, body.Detail);
        return Signed<T>.TryParse(Encoding.Latin1.GetString(body.Value), out var signed)
            ? signed
            : Result<Signed<T>, HostError>.Refuse(HostError.Malformed, $"The body is not a signed {T.Typ}.");
    }

    /// <summary>Reads a text body (text/plain in UTF-8).</summary>
    public static async Task<Result<string, HostError>> ReadTextAsync(this HttpContext context, int maxLength)
    {
        var body = await context.ReadBytesAsync("text/plain", maxLength);
        if (!body.IsOk)
            return Result<string, HostError>.Refuse(body.Error.Value, body.Detail);
        try
        {
            return strictUtf8.GetString(body.Value);
        }
        catch (DecoderFallbackException)
        {
            return Result<string, HostError>.Refuse(HostError.Malformed, "The body is not UTF-8.");
        }
    }

    /// <summary>Reads a signed statement from a header that must be there exactly once.</summary>
    public static Result<Signed<T>, HostError> ReadHeaderStatement<T>(this HttpContext context, string name)
        where T : class, IStatement<T> =>
        context.Request.Headers[name] is [var text] && Signed<T>.TryParse(text, out var signed)
            ? signed
            : Result<Signed<T>, HostError>.Refuse(HostError.Malformed, $"The header {name} is not a signed {T.Typ}.");

    /// <summary>Whether the body has this media type, no parameter but charset=utf-8, and no content coding.</summary>
    public static bool IsMediaType(HttpRequest request, string mediaType)
    {
        if (!StringValues.IsNullOrEmpty(request.Headers.ContentEncoding) || request.ContentType is not { } type)
            return false;
        var semicolon = type.IndexOf(';', StringComparison.Ordinal);
        var name = semicolon < 0 ? type : type[..semicolon];
        return name.Trim().Equals(mediaType, StringComparison.OrdinalIgnoreCase)
            && (semicolon < 0
                || type[(semicolon + 1)..].Trim().Equals("charset=utf-8", StringComparison.OrdinalIgnoreCase));
    }

    private static async Task<Result<byte[], HostError>> ReadAsync(HttpContext context, int maxLength)
    {
        var claimed = context.Request.ContentLength;
        if (claimed > maxLength)
            return HostError.TooLarge;
        var stream = context.Request.Body;
        // One byte more than allowed is room to see that there is more.
        var bytes = new byte[Math.Min(claimed ?? FirstBufferLength, Math.Min(maxLength + 1, FirstBufferLength))];
        var length = 0;
        using var share = context.RequestServices?.GetService<BodyBudget>()?.Open();
        while (length != claimed)
        {
            if (length == bytes.Length)
            {
                var room = (int)Math.Min(bytes.Length * 2L, claimed ?? (maxLength + 1L));
                if (share?.TryTake(room - bytes.Length) == false)
                    return HostError.Unavailable;
                Array.Resize(ref bytes, room);
            }

            var count = await stream.ReadAsync(bytes.AsMemory(length), context.RequestAborted);
            if (count == 0)
                break;
            length += count;
            if (length > maxLength)
                return HostError.TooLarge;
        }

        if (claimed is not null && claimed != length)
            return HostError.Malformed;
        if (length != bytes.Length)
            Array.Resize(ref bytes, length);
        return bytes;
    }
}
