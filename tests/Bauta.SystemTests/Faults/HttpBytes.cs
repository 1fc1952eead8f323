using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Bauta.SystemTests.Faults;

/// <summary>One HTTP/1.1 message as it stands on the wire, so that any byte of it can be changed.</summary>
internal sealed class HttpBytes
{
    private static readonly byte[] endOfHead = "\r\n\r\n"u8.ToArray();

    private readonly int headLength;

    private HttpBytes(byte[] bytes, int headLength) => (Bytes, this.headLength) = (bytes, headLength);

    public byte[] Bytes { get; }

    public ReadOnlySpan<byte> Body => Bytes.AsSpan(headLength);

    public string Head => Encoding.Latin1.GetString(Bytes, 0, headLength);

    /// <summary>Such as <c>PUT /locks/abc HTTP/1.1</c>.</summary>
    public string FirstLine => Head[..Head.IndexOf('\r', StringComparison.Ordinal)];

    /// <summary>Whether it is a request under Oblivious HTTP.</summary>
    public bool IsSealed => Field("content-type") == "message/ohttp-req";

    /// <summary>Of an answer.</summary>
    public int Status => int.Parse(FirstLine.Split(' ')[1], CultureInfo.InvariantCulture);

    /// <summary>What an answer says: status, media type and bytes, without what changes with the time of day.</summary>
    public (int Status, string? MediaType, string Body) Said =>
        (Status, Field("content-type"), Convert.ToBase64String(Dechunked()));

    public static async Task<HttpBytes?> ReadAsync(NetworkStream stream, bool isAnswer, CancellationToken cancellation)
    {
        var bytes = new List<byte>();
        var buffer = new byte[64 * 1024];
        var head = -1;
        while (true)
        {
            head = head < 0 ? IndexOf(bytes, endOfHead, 0) : head;
            if (head >= 0 && IsWhole(bytes, head + endOfHead.Length, isAnswer))
                return new HttpBytes([.. bytes], head + endOfHead.Length);
            var count = await stream.ReadAsync(buffer, cancellation);
            if (count == 0)
                return head >= 0 && isAnswer ? new HttpBytes([.. bytes], head + endOfHead.Length) : null;
            bytes.AddRange(buffer.AsSpan(0, count));
        }
    }

    /// <summary>One bit of the message turned over: mostly in the body, sometimes in the first line.</summary>
    public byte[] Flipped(Random random)
    {
        var changed = (byte[])Bytes.Clone();
        var inBody = Body.Length > 0 && random.Next(4) > 0;
        var at = inBody ? headLength + random.Next(Body.Length) : random.Next(FirstLine.Length + 2);
        changed[at] ^= (byte)(1 << random.Next(8));
        return changed;
    }

    /// <summary>The same, announcing the connection's end, so that no client uses it again.</summary>
    public HttpBytes WithClose()
    {
        var line = Head.IndexOf("\r\n", StringComparison.Ordinal) + 2;
        var field = "Connection: close\r\n"u8;
        return new HttpBytes([.. Bytes[..line], .. field, .. Bytes[line..]], headLength + field.Length);
    }

    private byte[] Dechunked()
    {
        if (Field("transfer-encoding") is null)
            return Body.ToArray();
        var (from, all) = (headLength, new List<byte>());
        while (true)
        {
            var line = Bytes.AsSpan(from).IndexOf("\r\n"u8);
            var size = int.Parse(
                Encoding.ASCII.GetString(Bytes, from, line), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size == 0)
                return [.. all];
            all.AddRange(Bytes.AsSpan(from + line + 2, size));
            from += line + 2 + size + 2;
        }
    }

    private string? Field(string name) => Field(Head, name);

    private static string? Field(string head, string name) => head.Split("\r\n")
        .Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
        .Select(line => line[(name.Length + 1)..].Trim()).FirstOrDefault();

    private static bool IsWhole(List<byte> bytes, int headLength, bool isAnswer)
    {
        var head = Encoding.Latin1.GetString([.. bytes[..headLength]]);
        if (Field(head, "content-length") is { } length)
            return bytes.Count >= headLength + int.Parse(length, CultureInfo.InvariantCulture);
        if (Field(head, "transfer-encoding") is not null)
            return IndexOf(bytes, "\r\n0\r\n\r\n"u8, headLength - 2) >= 0;
        return !isAnswer || head.StartsWith("HTTP/1.1 204", StringComparison.Ordinal);
    }

    private static int IndexOf(List<byte> bytes, ReadOnlySpan<byte> wanted, int from)
    {
        var at = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes)[from..].IndexOf(wanted);
        return at < 0 ? -1 : at + from;
    }
}
