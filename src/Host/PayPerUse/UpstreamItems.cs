using Bauta.Crypto.BinaryHttp;
using Bauta.Host.Config;
using Bauta.Merchant.Sessions;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Relay;

namespace Bauta.Host.PayPerUse;

/// <summary>
/// A web site or API behind a merchant: an item is its answer to one request, both as Binary HTTP (RFC 9292). It is
/// asked for nothing but paths of its own, and what it refuses (status 400 and above) costs the customer nothing.
/// </summary>
internal sealed class UpstreamItems : IItemSource, IDisposable
{
    private const int FirstRefusal = 400;
    private const int RoomForHeaders = 16 * 1024;
    private const int MaxFields = 48;
    private const int MaxContent = SessionItem.MaxSizeBytes - RoomForHeaders;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(30);

    private static readonly HashSet<string> ownMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    // RFC 9110 section 7.6.1, and what this end decides by itself.
    private static readonly HashSet<string> hopByHop =
    [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade", "host", "content-length", "expect", "forwarded", "x-forwarded-for",
        "x-forwarded-host", "x-forwarded-proto",
    ];

    private static readonly string[] disguises = ["%2f", "%5c", "%2e", "..;"];

    // What proxies in front of a site say of the visitor, and sites believe.
    private static readonly string[] claims =
        ["x-forwarded", "x-real-", "x-remote-", "x-original-", "x-rewrite-", "x-client-", "x-cluster-", "true-client-",
            "remote-", "cf-"];

    private readonly Uri upstream;
    private readonly HttpClient http;

    public UpstreamItems(PayProxyConfig config)
    {
        if (!Uri.TryCreate(config.Upstream, UriKind.Absolute, out var address)
            || address.Scheme is not ("http" or "https") || address.Query.Length > 0 || address.Fragment.Length > 0
            || address.UserInfo.Length > 0)
            throw new HostException(ExitCode.Usage,
                $"{config.Upstream} is no address of a site. One is: http://127.0.0.1:8000");
        upstream = address;
        http = new HttpClient(PartyTransport.NewSockets())
        {
            Timeout = patience,
            MaxResponseContentBufferSize = MaxContent,
        };
    }

    public async Task<Result<byte[], MerchantError>> MakeAsync(
        ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        if (!BinaryRequest.TryDecode(request, BinaryHttpLimits.Default, out var asked, out _)
            || !ownMethods.Contains(asked.Method))
            return MerchantError.Malformed;
        if (AddressOf(asked.Path) is not { } address)
            return Refuse("That path leads out of the site.");
        using var message = Translate(asked, address);
        try
        {
            using var response = await http.SendAsync(message, cancellation);
            var status = (int)response.StatusCode;
            return status >= FirstRefusal
                ? Refuse($"The site answered with status {status}.")
                : Translate(response, await response.Content.ReadAsByteArrayAsync(cancellation));
        }
        catch (ArgumentException)
        {
            return Refuse("The site's answer has headers that cannot be passed on.");
        }
        catch (HttpRequestException failure)
        {
            return Refuse(failure.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded
                ? "The site's answer is longer than 1 MiB. Ask for a part of it with a Range header."
                : "The site does not answer.");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Refuse("The site does not answer in time.");
        }
    }

    public void Dispose() => http.Dispose();

    private static Result<byte[], MerchantError> Refuse(string detail) =>
        Result<byte[], MerchantError>.Refuse(MerchantError.NotMade, detail);

    /// <summary>The path at the site; null when it leads elsewhere.</summary>
    private Uri? AddressOf(string path)
    {
        // Two slashes would begin another host's name.
        if (path.Length == 0 || path[0] != '/' || path.StartsWith("//", StringComparison.Ordinal)
            || path.Contains('\\', StringComparison.Ordinal))
            return null;
        // Sites that read these as slashes or end a step at a semicolon would leave the part that is sold.
        if (upstream.AbsolutePath != "/" && disguises.Any(
            one => path.Contains(one, StringComparison.OrdinalIgnoreCase)))
            return null;
        var under = upstream.GetLeftPart(UriPartial.Path).TrimEnd('/');
        return Uri.TryCreate(under + path, UriKind.Absolute, out var address)
            && address.Authority == upstream.Authority && address.Scheme == upstream.Scheme
            && address.AbsolutePath.StartsWith(upstream.AbsolutePath.TrimEnd('/') + '/', StringComparison.Ordinal)
                ? address
                : null;
    }

    private static HttpRequestMessage Translate(BinaryRequest asked, Uri address)
    {
        var message = new HttpRequestMessage(new HttpMethod(asked.Method), address);
        if (!asked.Content.IsEmpty)
            message.Content = new ReadOnlyMemoryContent(asked.Content);
        foreach (var field in asked.Headers.Where(field => !hopByHop.Contains(field.Name)
            && !claims.Any(claim => field.Name.StartsWith(claim, StringComparison.Ordinal))))
            if (!message.Headers.TryAddWithoutValidation(field.Name, field.Value))
                message.Content?.Headers.TryAddWithoutValidation(field.Name, field.Value);
        return message;
    }

    private static Result<byte[], MerchantError> Translate(HttpResponseMessage response, byte[] content)
    {
        var fields = new List<BinaryField>();
        var size = 0;
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
        {
            var lower = name.ToLowerInvariant();
            foreach (var value in values)
            {
                size += name.Length + value.Length;
                if (!hopByHop.Contains(lower) && size < RoomForHeaders / 2 && fields.Count < MaxFields)
                    fields.Add(BinaryField.Create(lower, value));
            }
        }

        return new BinaryResponse((int)response.StatusCode, fields, content).Encode();
    }
}
