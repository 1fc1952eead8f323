using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Bauta.Http;
using Bauta.Http.Gateway;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Bauta.Tests.Http;

/// <summary>A role's real host on a free loopback port, with everything it logs kept.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly WebApplication app;

    private TestHost(WebApplication app, LogCatcher log)
    {
        (this.app, Log) = (app, log);
        Client = new HttpClient(new SocketsHttpHandler()) { BaseAddress = app.Address() };
    }

    public LogCatcher Log { get; }

    public HttpClient Client { get; }

    public Uri Address => Client.BaseAddress!;

    public static async Task<TestHost> StartAsync(
        Action<IEndpointRouteBuilder> map, PartyHostSettings? settings = null, TimeProvider? time = null,
        PartyGateway? gateway = null, PartyMetrics? metrics = null)
    {
        var log = new LogCatcher();
        var app = PartyHost.Build((settings ?? new PartyHostSettings()) with { Metrics = metrics }, map, gateway, time,
            logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new TestHost(app, log);
    }

    /// <summary>A bare connection, for what no honest client does.</summary>
    public async Task<NetworkStream> ConnectAsync(string send = "")
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, Address.Port);
        var stream = new NetworkStream(socket, ownsSocket: true);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(send));
        return stream;
    }

    /// <summary>Everything up to the end of the connection, however it ends.</summary>
    public static async Task<byte[]> ReadToEndAsync(Stream stream)
    {
        using var all = new MemoryStream();
        try
        {
            await stream.CopyToAsync(all);
        }
        catch (IOException)
        {
            // A reset is an end, too.
        }

        return all.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await app.DisposeAsync();
    }
}

/// <summary>Keeps every log line of every category and level.</summary>
internal sealed class LogCatcher : ILoggerProvider
{
    private readonly ConcurrentQueue<string> lines = new();

    public string Text => string.Join('\n', lines);

    public ILogger CreateLogger(string categoryName) => new Catcher(categoryName, lines);

    public void Dispose()
    {
    }

    private sealed class Catcher(string category, ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{logLevel} {category} {formatter(state, exception)} {exception}");
    }
}
