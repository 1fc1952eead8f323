using System.Globalization;
using System.Text;

namespace Bauta.Storage;

/// <summary>A small file that holds a number and a text and only moves forward: the second place in which a log keeps
/// its latest checkpoint, against a database that was put back to an older state.</summary>
/// <remarks>
/// <code>
/// file = number LF text      number: decimal, no sign, no leading zero; text: UTF-8, at most 64 KiB
/// </code>
/// Not for two processes at once; calls on one object may come from any thread.
/// </remarks>
public sealed class ForwardOnly
{
    private const int TextLimit = 64 * 1024;
    private static readonly UTF8Encoding Utf8 = new(false, true);

    private readonly string _path;
    private readonly Lock _gate = new();
    private Mark? _latest;

    /// <param name="Number">Never smaller than before.</param>
    /// <param name="Text">One text per number.</param>
    public sealed record Mark(long Number, string Text);

    private ForwardOnly(string path, Mark? latest)
    {
        _path = path;
        _latest = latest;
    }

    /// <summary>The latest mark; null before the first.</summary>
    public Mark? Latest
    {
        get
        {
            lock (_gate)
                return _latest;
        }
    }

    /// <exception cref="StorageException">Refused: the file is not one of these. It is never taken for an empty
    /// one.</exception>
    public static ForwardOnly Open(string path)
    {
        var content = DurableFile.Read(path, TextLimit + 32);
        return new ForwardOnly(path, content is null ? null : Decode(path, content));
    }

    /// <summary>Moves to <paramref name="number"/>, durably. The same number with the same text changes
    /// nothing.</summary>
    /// <exception cref="StorageException">InvariantViolation: it would move back, or stand still with another
    /// text.</exception>
    public void Advance(long number, string text)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentNullException.ThrowIfNull(text);
        if (Utf8.GetByteCount(text) > TextLimit)
            throw new ArgumentException("The text is too long.", nameof(text));
        var next = new Mark(number, text);
        lock (_gate)
        {
            if (next == _latest)
                return;
            if (_latest is { } now && number <= now.Number)
                throw new StorageException(
                    StorageFailure.InvariantViolation, $"{_path} stands at {now.Number} and only moves forward.");
            DurableFile.Write(_path, Encode(next), DurableFile.SecretMode);
            _latest = next;
        }
    }

    private static byte[] Encode(Mark mark) =>
        Utf8.GetBytes(mark.Number.ToString(CultureInfo.InvariantCulture) + "\n" + mark.Text);

    private static Mark Decode(string path, byte[] content)
    {
        try
        {
            var text = Utf8.GetString(content);
            var end = text.IndexOf('\n', StringComparison.Ordinal);
            if (end > 0 && long.TryParse(
                text.AsSpan(0, end), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                var mark = new Mark(number, text[(end + 1)..]);
                if (Encode(mark).AsSpan().SequenceEqual(content))
                    return mark;
            }
        }
        catch (DecoderFallbackException)
        {
            // Refused below.
        }
        throw new StorageException(StorageFailure.Refused, $"{path} does not hold a number and a text.");
    }
}
