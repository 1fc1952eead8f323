namespace Bauta.Crypto.BinaryHttp;

/// <summary>
/// Reads the parts of a binary message in order. Every method returns false once <see cref="Error"/> is set.
/// </summary>
internal ref struct MessageReader
{
    private readonly ReadOnlySpan<byte> input;
    private readonly BinaryHttpLimits limits;
    private int position;

    internal MessageReader(ReadOnlySpan<byte> message, BinaryHttpLimits limits)
    {
        input = message;
        this.limits = limits;
    }

    /// <summary>Why the message is refused, if it is.</summary>
    internal BinaryHttpError Error { get; private set; }

    private readonly bool AtEnd => position == input.Length;

    /// <summary>Framing Indicator (i): 0 and 1 of known, 2 and 3 of indeterminate length; odd for responses.</summary>
    internal bool TryReadFraming(bool response, out bool indeterminate)
    {
        indeterminate = false;
        if (!TryReadInteger(out var indicator))
            return false;
        if (indicator > 3)
            return Fail(BinaryHttpError.UnknownFraming);
        if ((indicator & 1) != (response ? 1u : 0u))
            return Fail(BinaryHttpError.WrongKind);
        indeterminate = indicator >= 2;
        return true;
    }

    /// <summary>One of Method, Scheme, Authority and Path with its length.</summary>
    internal bool TryReadControl(out ReadOnlySpan<byte> value) =>
        TryReadBytes(limits.MaxControlDataBytes, BinaryHttpError.ControlDataTooLarge, out value);

    /// <summary>Status Code (i).</summary>
    internal bool TryReadStatus(out int status)
    {
        status = 0;
        if (!TryReadInteger(out var value))
            return false;
        if (value is < 100 or > 599)
            return Fail(BinaryHttpError.BadStatus);
        status = (int)value;
        return true;
    }

    /// <summary>A header or trailer section; absent when the message was truncated in front of it.</summary>
    internal bool TryReadFields(bool indeterminate, out BinaryField[] fields)
    {
        fields = [];
        if (AtEnd)
            return true;
        return indeterminate ? TryReadTerminatedFields(out fields) : TryReadMeasuredFields(out fields);
    }

    /// <summary>
    /// The content, where possible as a part of <paramref name="message"/>; absent when the message was truncated in
    /// front of it.
    /// </summary>
    internal bool TryReadContent(bool indeterminate, ReadOnlyMemory<byte> message, out ReadOnlyMemory<byte> content)
    {
        content = default;
        if (AtEnd)
            return true;
        if (indeterminate)
            return TryReadChunks(message, out content);
        if (!TryReadBytes(limits.MaxContentBytes, BinaryHttpError.ContentTooLarge, out var bytes))
            return false;
        content = message.Slice(position - bytes.Length, bytes.Length);
        return true;
    }

    /// <summary>Whatever is left must be zero.</summary>
    internal bool TryReadPadding() =>
        input[position..].ContainsAnyExcept((byte)0) ? Fail(BinaryHttpError.BadPadding) : Error == default;

    internal bool Fail(BinaryHttpError error)
    {
        Error = error;
        return false;
    }

    // Known-Length Field Section { Length (i), Field Line (..) ... }
    private bool TryReadMeasuredFields(out BinaryField[] fields)
    {
        fields = [];
        if (!TryReadBytes(limits.MaxFieldSectionBytes, BinaryHttpError.FieldSectionTooLarge, out var section))
            return false;
        // A line that runs over the end of its section is read as truncated, not from what follows.
        var inner = new MessageReader(section, limits);
        var list = new List<BinaryField>();
        while (!inner.AtEnd)
        {
            if (!inner.TryReadInteger(out var nameLength) || !inner.TryReadLine(nameLength, list))
                return Fail(inner.Error);
        }

        fields = [.. list];
        return true;
    }

    // Indeterminate-Length Field Section { Field Line (..) ..., Content Terminator (i) = 0 }
    private bool TryReadTerminatedFields(out BinaryField[] fields)
    {
        fields = [];
        var start = position;
        var list = new List<BinaryField>();
        while (true)
        {
            if (!TryReadInteger(out var nameLength))
                return false;
            if (nameLength == 0)
                break;
            if (!TryReadLine(nameLength, list))
                return false;
            if (position - start > limits.MaxFieldSectionBytes)
                return Fail(BinaryHttpError.FieldSectionTooLarge);
        }

        fields = [.. list];
        return true;
    }

    // Field Line { Name Length (i) = 1.., Name (..), Value Length (i), Value (..) }, its first integer already read
    private bool TryReadLine(ulong nameLength, List<BinaryField> list)
    {
        if (list.Count == limits.MaxFields)
            return Fail(BinaryHttpError.TooManyFields);
        const BinaryHttpError tooLarge = BinaryHttpError.FieldSectionTooLarge;
        if (!TryTake(nameLength, limits.MaxFieldSectionBytes, tooLarge, out var name)
            || !TryReadBytes(limits.MaxFieldSectionBytes, tooLarge, out var value))
            return false;
        var error = BinaryField.TryCreate(name, value, out var field);
        if (error != BinaryHttpError.None)
            return Fail(error);
        list.Add(field!);
        return true;
    }

    // Indeterminate-Length Content { Chunk { Length (i) = 1.., Chunk (..) } ..., Content Terminator (i) = 0 }
    private bool TryReadChunks(ReadOnlyMemory<byte> message, out ReadOnlyMemory<byte> content)
    {
        content = default;
        var start = position;
        var total = 0;
        while (true)
        {
            if (!TryReadBytes(limits.MaxContentBytes - total, BinaryHttpError.ContentTooLarge, out var chunk))
                return false;
            if (chunk.IsEmpty)
                break;
            if (total == 0)
                content = message.Slice(position - chunk.Length, chunk.Length);
            total += chunk.Length;
        }

        if (total == content.Length)
            return true;
        // More than one chunk: the sizes are known to be good now, so a second pass can copy.
        var joined = new byte[total];
        var rest = joined.AsSpan();
        position = start;
        while (TryReadBytes(total, BinaryHttpError.ContentTooLarge, out var chunk) && !chunk.IsEmpty)
        {
            chunk.CopyTo(rest);
            rest = rest[chunk.Length..];
        }

        content = joined;
        return true;
    }

    private bool TryReadInteger(out ulong value)
    {
        var read = VariableInteger.Read(input[position..], out value);
        if (read == 0)
            return Fail(BinaryHttpError.Truncated);
        position += read;
        return true;
    }

    private bool TryReadBytes(int limit, BinaryHttpError tooLong, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        return TryReadInteger(out var length) && TryTake(length, limit, tooLong, out bytes);
    }

    private bool TryTake(ulong length, int limit, BinaryHttpError tooLong, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (length > (ulong)(input.Length - position))
            return Fail(BinaryHttpError.Truncated);
        if (length > (ulong)limit)
            return Fail(tooLong);
        bytes = input.Slice(position, (int)length);
        position += (int)length;
        return true;
    }
}
