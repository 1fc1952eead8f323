using System.Net;
using System.Net.Sockets;
using System.Text;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Xunit;

namespace Bauta.Tests.Protocol;

/// <summary>A party that dies while it answers has not answered: whoever asks tries again.</summary>
public sealed class CutAnswerTests : IDisposable
{
    private const string Answer =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"de";

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);

    public CutAnswerTests() => listener.Start();

    public void Dispose() => listener.Dispose();

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(20, false)]
    [InlineData(20, true)]
    [InlineData(1000, false)]
    [InlineData(1000, true)]
    public async Task Is_as_if_the_party_had_not_answered(int length, bool isReset)
    {
        using var http = new HttpClient(new SocketsHttpHandler())
        {
            BaseAddress = new Uri($"http://{listener.LocalEndpoint}/"),
        };
        var asked = new BankClient(http).DenominationsAsync(default);
        using (var socket = await listener.AcceptSocketAsync())
        {
            // A client that connects again finds nobody.
            listener.Stop();
            var request = new byte[4096];
            Assert.NotEqual(0, await socket.ReceiveAsync(request));
            await socket.SendAsync(Encoding.ASCII.GetBytes(Answer[..Math.Min(length, Answer.Length)]));
            // Lets the client begin with the answer before a reset would take it back.
            await Task.Delay(50);
            socket.LingerState = new LingerOption(isReset, 0);
            socket.Close();
        }

        var silent = await Assert.ThrowsAsync<PartyUnreachableException>(
            () => asked.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("No answer from http://", silent.Message, StringComparison.Ordinal);
    }
}
