using System.Text;

namespace Bauta.Crypto.BinaryHttp;

/// <summary>
/// One header or trailer field line (RFC 9292 section 3.6). The name is a token in lower case; each character of the
/// value is one byte (Latin-1), so that whatever HTTP carries survives unchanged. Always valid.
/// </summary>
public sealed record BinaryField
{
    private BinaryField(string name, string value)
    {
        Name = name;
        Value = value;
    }

    /// <summary>The name, in lower case.</summary>
    public string Name { get; }

    /// <summary>The value, possibly empty.</summary>
    public string Value { get; }

    /// <summary>Makes a field; upper-case letters of the name become lower-case.</summary>
    /// <exception cref="ArgumentException">
    /// The name is not a token or the value has a byte HTTP does not allow.
    /// </exception>
    public static BinaryField Create(string name, string value)
    {
        var lower = name.ToLowerInvariant();
        // Asked of the name as given: some letters beyond ASCII have an ASCII letter as their lower case.
        if (!Ascii.IsValid(name) || MessageRules.CheckName(Encoding.Latin1.GetBytes(lower)) != BinaryHttpError.None)
            throw new ArgumentException("Not a field name.", nameof(name));
        if (value.AsSpan().IndexOfAnyExceptInRange('\0', '\u00ff') >= 0
            || MessageRules.CheckValue(Encoding.Latin1.GetBytes(value)) != BinaryHttpError.None)
            throw new ArgumentException("Not a field value.", nameof(value));
        return new BinaryField(lower, value);
    }

    /// <summary>The name only: values can be credentials.</summary>
    public override string ToString() => Name;

    internal static BinaryHttpError TryCreate(
        ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, out BinaryField? field)
    {
        field = null;
        var error = MessageRules.CheckName(name);
        if (error == BinaryHttpError.None)
            error = MessageRules.CheckValue(value);
        if (error == BinaryHttpError.None)
            field = new BinaryField(Encoding.Latin1.GetString(name), Encoding.Latin1.GetString(value));
        return error;
    }
}
