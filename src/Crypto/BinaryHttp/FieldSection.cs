using System.Diagnostics.CodeAnalysis;

namespace Bauta.Crypto.BinaryHttp;

/// <summary>Looks into a header or trailer section.</summary>
internal static class FieldSection
{
    /// <summary>
    /// False when the field is absent or repeated: whoever needs one value must not get the first of two.
    /// </summary>
    internal static bool TryGetSingle(
        IReadOnlyList<BinaryField> fields, string name, [NotNullWhen(true)] out string? value)
    {
        value = null;
        var count = 0;
        foreach (var field in fields)
        {
            if (field.Name != name)
                continue;
            value = field.Value;
            count++;
        }

        if (count != 1)
            value = null;
        return value is not null;
    }
}
