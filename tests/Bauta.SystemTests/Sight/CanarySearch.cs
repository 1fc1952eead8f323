using System.Buffers;
using System.Text;

namespace Bauta.SystemTests.Sight;

/// <summary>Looks for all forms of all canaries at once.</summary>
internal sealed class CanarySearch
{
    private readonly ILookup<string, (string Form, Canary Canary)> byBeginning;
    private readonly SearchValues<string> all;

    public CanarySearch(IReadOnlyList<Canary> canaries)
    {
        // Bytes as the characters of the same number.
        var forms = canaries.SelectMany(canary => canary.Forms.Select(
            form => (Form: Encoding.Latin1.GetString(form), Canary: canary))).ToArray();
        byBeginning = forms.ToLookup(one => one.Form[..2]);
        all = SearchValues.Create([.. forms.Select(one => one.Form).Distinct()], StringComparison.Ordinal);
        LongestForm = forms.Max(one => one.Form.Length);
    }

    public int LongestForm { get; }

    /// <summary>Adds what stands in these bytes.</summary>
    public void Find(ReadOnlySpan<byte> content, ISet<Canary> found)
    {
        var text = Encoding.Latin1.GetString(content);
        for (var at = 0; ; at++)
        {
            var next = text.AsSpan(at).IndexOfAny(all);
            if (next < 0)
                return;
            at += next;
            foreach (var (form, canary) in byBeginning[text.Substring(at, 2)])
                if (text.AsSpan(at).StartsWith(form, StringComparison.Ordinal))
                    found.Add(canary);
        }
    }
}
