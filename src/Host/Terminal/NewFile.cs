namespace Bauta.Host.Terminal;

/// <summary>A file that a verb makes with <c>--out</c>.</summary>
internal static class NewFile
{
    /// <summary>Its whole path; it must not exist yet.</summary>
    public static string At(string path)
    {
        path = Path.GetFullPath(path);
        return File.Exists(path)
            ? throw new HostException(ExitCode.Exists, $"{path} exists. Name a new file with --out.")
            : path;
    }
}
