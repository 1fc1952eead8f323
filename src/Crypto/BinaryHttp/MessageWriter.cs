using System.Text;

namespace Bauta.Crypto.BinaryHttp;

/// <summary>Writes the parts of a binary message in order into a buffer that was measured before.</summary>
internal ref struct MessageWriter(Span<byte> output)
{
    private readonly Span<byte> output = output;
    private int position;

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

    internal void WriteInteger(int value) => position += VariableInteger.Write(output[position..], value);

    internal void WriteText(string text)
    {
        WriteInteger(text.Length);
        position += Encoding.Latin1.GetBytes(text, output[position..]);
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
    internal readonly void Pad() => output[position..].Clear();

    private void WriteChunk(ReadOnlySpan<byte> chunk)
    {
        WriteInteger(chunk.Length);
        chunk.CopyTo(output[position..]);
        position += chunk.Length;
    }

    private static int SizeOfLines(IReadOnlyList<BinaryField> fields)
    {
        var size = 0;
        foreach (var field in fields)
            size += SizeOfText(field.Name) + SizeOfText(field.Value);
        return size;
    }
}
