namespace Bauta.Protocol;

/// <summary>Reads answers of parties that may send more than they should.</summary>
public static class BoundedBody
{
    /// <summary>Reads a body to its end, or to the length that it states.</summary>
    /// <returns>The bytes; null when there are more than <paramref name="maxLength"/>.</returns>
    /// <exception cref="IOException">The body was cut off.</exception>
    public static async Task<byte[]?> ReadAsync(HttpContent content, int maxLength, CancellationToken cancellation)
    {
        var claimed = content.Headers.ContentLength;
        if (claimed > maxLength)
            return null;
        await using var stream = await content.ReadAsStreamAsync(cancellation);
        var bytes = new byte[claimed ?? Math.Min(maxLength + 1, 16 * 1024)];
        var length = 0;
        while (length != claimed)
        {
            if (length == bytes.Length)
                Array.Resize(ref bytes, Math.Min(bytes.Length * 2, maxLength + 1));
            var count = await stream.ReadAsync(bytes.AsMemory(length), cancellation);
            if (count == 0)
                break;
            length += count;
            if (length > maxLength)
                return null;
        }

        return length == bytes.Length ? bytes : bytes[..length];
    }
}
