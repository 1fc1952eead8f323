namespace Bauta.Http;

/// <summary>What a log may say of an exception.</summary>
public static class FailureKinds
{
    private const int MaxDepth = 8;

    /// <summary>The names of the types, the outermost first: a message may quote what a person sent.</summary>
    public static string Of(Exception failure)
    {
        var kinds = new List<string>();
        for (var inner = failure; inner is not null && kinds.Count < MaxDepth; inner = inner.InnerException)
            kinds.Add(inner.GetType().Name);
        return string.Join(" < ", kinds);
    }
}
