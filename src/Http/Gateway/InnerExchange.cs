using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Bauta.Crypto.BinaryHttp;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Bauta.Http.Gateway;

/// <summary>An inner answer is larger than any size class.</summary>
internal sealed class InnerTooLargeException() : IOException("The answer is larger than the largest size class.");

/// <summary>Collects an answer up to a bound. It owns nothing but memory.</summary>
internal sealed class Collector(int maxLength) : Stream
{
    private byte[] bytes = [];
    private int length;

    public override bool CanRead => false;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Length => length;

    public override long Position { get => length; set => throw new NotSupportedException(); }

    internal ReadOnlyMemory<byte> Written => bytes.AsMemory(0, length);

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => length = (int)Math.Min(value, length);

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length > maxLength - length)
            throw new InnerTooLargeException();
        if (buffer.Length > bytes.Length - length)
            Array.Resize(ref bytes, Math.Max(length + buffer.Length, Math.Max(256, bytes.Length * 2)));
        buffer.CopyTo(bytes.AsSpan(length));
        length += buffer.Length;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer.AsSpan(offset, count));
        return Task.CompletedTask;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }
}

/// <summary>
/// One inner request as ASP.NET sees it: no connection, no remote address, no upgrade, the body at hand, the answer
/// collected in memory up to a bound.
/// </summary>
internal sealed class InnerExchange :
    IHttpRequestFeature, IHttpResponseFeature, IHttpResponseBodyFeature, IHttpRequestLifetimeFeature,
    IServiceProvidersFeature, IHttpRequestBodyDetectionFeature
{
    private readonly HttpContext outer;
    private readonly Collector collected;
    private ReadOnlyMemory<byte>? whole;
    private List<(Func<object, Task> Callback, object State)>? starting;
    private List<(Func<object, Task> Callback, object State)>? completed;
    private PipeWriter? writer;

    internal InnerExchange(HttpContext outer, BinaryRequest request, Collector collected)
    {
        this.outer = outer;
        this.collected = collected;
        Method = request.Method;
        Scheme = request.Scheme;
        var question = request.Path.IndexOf('?', StringComparison.Ordinal);
        Path = PathString.FromUriComponent(question < 0 ? request.Path : request.Path[..question]).Value ?? "/";
        QueryString = question < 0 ? string.Empty : request.Path[question..];
        RawTarget = request.Path;
        foreach (var field in request.Headers)
            Headers.Append(field.Name, field.Value);
        if (request.Authority.Length > 0)
            Headers.Host = request.Authority;
        CanHaveBody = !request.Content.IsEmpty;
        if (CanHaveBody)
            Headers.ContentLength = request.Content.Length;
        Body = AsStream(request.Content);
        var features = new FeatureCollection(12);
        features.Set<IHttpRequestFeature>(this);
        features.Set<IHttpResponseFeature>(this);
        features.Set<IHttpResponseBodyFeature>(this);
        features.Set<IHttpRequestLifetimeFeature>(this);
        features.Set<IServiceProvidersFeature>(this);
        features.Set<IHttpRequestBodyDetectionFeature>(this);
        features.Set(this);
        Context = new DefaultHttpContext(features);
    }

    internal HttpContext Context { get; }

    public string Protocol { get; set; } = "HTTP/1.1";

    public string Scheme { get; set; }

    public string Method { get; set; }

    public string PathBase { get; set; } = string.Empty;

    public string Path { get; set; }

    public string QueryString { get; set; }

    public string RawTarget { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    public Stream Body { get; set; }

    public bool CanHaveBody { get; }

    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    public string? ReasonPhrase { get; set; }

    public bool HasStarted { get; private set; }

    IHeaderDictionary IHttpResponseFeature.Headers { get; set; } = new HeaderDictionary();

    Stream IHttpResponseFeature.Body { get => collected; set => throw new NotSupportedException(); }

    Stream IHttpResponseBodyFeature.Stream => collected;

    PipeWriter IHttpResponseBodyFeature.Writer =>
        writer ??= PipeWriter.Create(collected, new StreamPipeWriterOptions(leaveOpen: true));

    public CancellationToken RequestAborted { get => outer.RequestAborted; set => throw new NotSupportedException(); }

    public IServiceProvider RequestServices { get => outer.RequestServices; set => throw new NotSupportedException(); }

    private IHeaderDictionary ResponseHeaders => ((IHttpResponseFeature)this).Headers;

    /// <summary>Takes an answer that is already one array, without copying it.</summary>
    internal void Complete(ReadOnlyMemory<byte> body) => whole = body;

    /// <summary>Runs the pipeline and gives its answer.</summary>
    internal async Task<BinaryResponse> RunAsync(RequestDelegate pipeline)
    {
        try
        {
            await pipeline(Context);
            await CompleteAsync();
            return Collect();
        }
        finally
        {
            for (var i = (completed?.Count ?? 0) - 1; i >= 0; i--)
                await completed![i].Callback(completed[i].State);
        }
    }

    private BinaryResponse Collect()
    {
        var fields = new List<BinaryField>(ResponseHeaders.Count);
        foreach (var (name, values) in ResponseHeaders)
        {
            // The frame says how long the content is; fields of a connection do not belong to a message.
            if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
                || name.Equals("Connection", StringComparison.OrdinalIgnoreCase)
                || name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
                continue;
            foreach (var value in values)
                fields.Add(BinaryField.Create(name, value ?? string.Empty));
        }

        return new BinaryResponse(StatusCode, fields, whole ?? collected.Written);
    }

    public void OnStarting(Func<object, Task> callback, object state) => (starting ??= []).Add((callback, state));

    public void OnCompleted(Func<object, Task> callback, object state) => (completed ??= []).Add((callback, state));

    public void DisableBuffering()
    {
    }

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (HasStarted)
            return;
        HasStarted = true;
        for (var i = (starting?.Count ?? 0) - 1; i >= 0; i--)
            await starting![i].Callback(starting[i].State);
    }

    public Task SendFileAsync(
        string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        SendFileFallback.SendFileAsync(collected, path, offset, count, cancellationToken);

    public async Task CompleteAsync()
    {
        await StartAsync();
        if (writer is not null)
            await writer.CompleteAsync();
    }

    public void Abort() => outer.Abort();

    private static Stream AsStream(ReadOnlyMemory<byte> content)
    {
        if (content.IsEmpty)
            return Stream.Null;
        return MemoryMarshal.TryGetArray(content, out var segment)
            ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false)
            : new MemoryStream(content.ToArray(), writable: false);
    }
}
