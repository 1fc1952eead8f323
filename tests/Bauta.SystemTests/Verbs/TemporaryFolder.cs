namespace Bauta.SystemTests.Verbs;

/// <summary>A folder that goes with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("bauta-verbs-").FullName;

    public string Path(params string[] parts) => System.IO.Path.Combine([root, .. parts]);

    public string Write(string name, byte[] content)
    {
        File.WriteAllBytes(Path(name), content);
        return Path(name);
    }

    public string Write(string name, string content)
    {
        File.WriteAllText(Path(name), content);
        return Path(name);
    }

    public void Dispose() => Directory.Delete(root, recursive: true);
}

/// <summary>Generous: a test machine may be busy.</summary>
internal static class Limits
{
    public static readonly TimeSpan Demo = TimeSpan.FromMinutes(3);
    public static readonly TimeSpan Verb = TimeSpan.FromMinutes(1);

    /// <summary>What a demo takes at most; 15 on a machine that does nothing else.</summary>
    public static readonly double DemoSeconds =
        double.TryParse(Environment.GetEnvironmentVariable("BAUTA_DEMO_SECONDS"), out var asked) ? asked : 60;
}
