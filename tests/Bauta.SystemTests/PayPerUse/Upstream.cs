using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace Bauta.SystemTests.PayPerUse;

/// <summary>A web site that knows nothing of being sold.</summary>
internal sealed class Upstream : IDisposable
{
    private readonly ConcurrentQueue<string> asked = [];
    private readonly string origin = $"http://127.0.0.1:{RealNetwork.FreePortBase()}";
    private HttpListener? listener;

    public Upstream() => Start();

    public string Origin => origin;

    /// <summary>What it answers; what it was asked where this is not set.</summary>
    public string? Text { get; init; }

    /// <summary>Every request that arrived, such as <c>GET /page</c>, with the body of those that have one.</summary>
    public IReadOnlyList<string> Asked => [.. asked];

    public void Start()
    {
        listener = new HttpListener();
        listener.Prefixes.Add(origin + "/");
        listener.Start();
        _ = ServeAsync(listener);
    }

    /// <summary>Nobody listens from here on.</summary>
    public void Stop()
    {
        listener?.Close();
        listener = null;
    }

    public void Dispose() => Stop();

    private async Task ServeAsync(HttpListener on)
    {
        try
        {
            while (true)
                await AnswerAsync(await on.GetContextAsync());
        }
        catch (Exception ended) when (ended is HttpListenerException or ObjectDisposedException)
        {
            // The site is down.
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        using var reader = new StreamReader(context.Request.InputStream);
        var body = await reader.ReadToEndAsync();
        asked.Enqueue($"{context.Request.HttpMethod} {context.Request.RawUrl} {body}".TrimEnd());
        var isMissing = context.Request.Url!.AbsolutePath == "/missing";
        context.Response.StatusCode = isMissing ? 404 : 200;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers["X-Site"] = "a site";
        await context.Response.OutputStream.WriteAsync(
            Encoding.UTF8.GetBytes(Text ?? $"{context.Request.HttpMethod} {context.Request.RawUrl}: {body}"));
        context.Response.Close();
    }
}
