namespace Bauta.Tests.Tidy;

/// <summary>The repository that these tests were built from.</summary>
internal static class Repository
{
    private static readonly HashSet<string> skipped =
        new(["bin", "obj", ".git", ".vs", "data", "artifacts", "node_modules"], StringComparer.Ordinal);

    /// <summary>The folder that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>All files that belong to the project, by their path from the root.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Walk(Root).Select(path => Path.GetRelativePath(Root, path)).Order(StringComparer.Ordinal)];

    /// <summary>Files below a folder with one of these extensions.</summary>
    public static IEnumerable<string> Under(string folder, params string[] extensions) => Files.Where(file =>
        file.StartsWith(folder, StringComparison.Ordinal) && extensions.Contains(Path.GetExtension(file)));

    public static string Read(string file) => File.ReadAllText(PathOf(file));

    public static string PathOf(string file) => Path.Combine(Root, file);

    private static IEnumerable<string> Walk(string folder) => Directory.EnumerateFiles(folder).Concat(
        Directory.EnumerateDirectories(folder)
            .Where(inner => !skipped.Contains(Path.GetFileName(inner)) && !IsLink(inner))
            .SelectMany(Walk));

    private static bool IsLink(string folder) => new DirectoryInfo(folder).LinkTarget is not null;

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Bauta.slnx")))
                return folder.FullName;
        throw new InvalidOperationException("The tests run outside the repository that they were built from.");
    }
}
