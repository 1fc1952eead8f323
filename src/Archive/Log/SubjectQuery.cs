using Bauta.Storage;

namespace Bauta.Archive.Log;

/// <summary>Those of many subjects that a table of decisions knows, and where.</summary>
internal sealed class SubjectQuery
{
    private readonly InList bySubject;

    private SubjectQuery(string table) => bySubject = new InList($"SELECT subject, idx FROM {table} WHERE subject");

    /// <summary>The archive's table.</summary>
    public static SubjectQuery Decisions { get; } = new("decisions");

    /// <summary>A reader's table.</summary>
    public static SubjectQuery Decided { get; } = new("decided");

    public Dictionary<Subject, long> Find(IReadTransaction tx, IReadOnlyList<byte[]> subjects)
    {
        var found = new Dictionary<Subject, long>();
        foreach (var (subject, index) in bySubject.Query(
            tx, subjects, static row => (row.GetBytes(0), row.GetInt64(1))))
            found[Subject.OfDecision(subject)] = index;
        return found;
    }
}
