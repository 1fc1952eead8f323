using System.Text;

namespace Bauta.Crypto.BinaryHttp;

/// <summary>Writes the parts of a binary message in order into a buffer that was measured before.</summary>
internal ref struct MessageWriter(Span<byte> output)
{
    private readonly Span<byte> _output = output;
    private int _position;

    internal static int SizeOfText(string text) => VariableInteger.SizeOf(text.Length) + text.Length;

    internal static int SizeOfFields(IReadOnlyList<BinaryField> fields, bool indeterminate)
    {
        var lines = SizeOfLines(fields);
        return indeterminate ? lines + 1 : VariableInteger.SizeOf(lines) + lines;
    }

    internal static int SizeOfContent(int length, int chunkSize)
    {
        if (chunkSize == 0)
            return VariableInteger.SizeOf(length) + length;
        var (chunks, last) = Math.DivRem(length, chunkSize);
        var size = chunks * (VariableInteger.SizeOf(chunkSize) + chunkSize) + 1;
        return last == 0 ? size : size + VariableInteger.SizeOf(last) + last;
    }

    internal void WriteInteger(int value) => _position += VariableInteger.Write(_output[_position..], value);

    internal void WriteText(string text)
    {
        WriteInteger(text.Length);
        _position += Encoding.Latin1.GetBytes(text, _output[_position..]);
    }

    internal void WriteFields(IReadOnlyList<BinaryField> fields, bool indeterminate)
    {
        if (!indeterminate)
            WriteInteger(SizeOfLines(fields));
        foreach (var field in fields)
        {
            WriteText(field.Name);
            WriteText(field.Value);
        }

        if (indeterminate)
            WriteInteger(0);
    }

    /// <summary>Chunks of <paramref name="chunkSize"/> bytes; all at once and of known length when that is 0.</summary>
    internal void WriteContent(ReadOnlySpan<byte> content, int chunkSize)
    {
        if (chunkSize == 0)
        {
            WriteChunk(content);
            return;
        }

        while (!content.IsEmpty)
        {
            var size = Math.Min(chunkSize, content.Length);
            WriteChunk(content[..size]);
            content = content[size..];
        }

        WriteInteger(0);
    }

    /// <summary>Zeroes what is left of the buffer.</summary>
    internal readonly void Pad() => _output[_position..].Clear();

    private void WriteChunk(ReadOnlySpan<byte> chunk)
    {
        WriteInteger(chunk.Length);
        chunk.CopyTo(_output[_position..]);
        _position += chunk.Length;
    }

    private static int SizeOfLines(IReadOnlyList<BinaryField> fields)
    {
        var size = 0;
        foreach (var field in fields)
            size += SizeOfText(field.Name) + SizeOfText(field.Value);
        return size;
    }
}
