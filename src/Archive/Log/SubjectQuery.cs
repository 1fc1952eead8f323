using System.Globalization;
using Bauta.Storage;

namespace Bauta.Archive.Log;

/// <summary>Those of many subjects that a table knows, and where. Asked 64 at once: over a network each question costs
/// a round trip.</summary>
internal sealed class SubjectQuery
{
    private const int InOneQuestion = 64;

    private readonly string text;

    private SubjectQuery(string table) => text =
        $"SELECT subject, idx FROM {table} WHERE subject IN (" + string.Join(
            ", ", Enumerable.Range(1, InOneQuestion).Select(i => "$" + i.ToString(CultureInfo.InvariantCulture))) + ")";

    /// <summary>The archive's table.</summary>
    public static SubjectQuery Decisions { get; } = new("decisions");

    /// <summary>A reader's table.</summary>
    public static SubjectQuery Decided { get; } = new("decided");

    public Dictionary<Subject, long> Find(IReadTransaction tx, IReadOnlyList<byte[]> subjects)
    {
        var found = new Dictionary<Subject, long>();
        var values = new object?[InOneQuestion];
        for (var start = 0; start < subjects.Count; start += InOneQuestion)
        {
            // A last question that is not full repeats its last value.
            for (var i = 0; i < InOneQuestion; i++)
                values[i] = subjects[Math.Min(start + i, subjects.Count - 1)];
            foreach (var (subject, index) in tx.Query(
                text, static row => (row.GetBytes(0), row.GetInt64(1)), values))
                found[Subject.OfDecision(subject)] = index;
        }

        return found;
    }
}
