using Bauta.Simulation.Disk;

namespace Bauta.Simulation.Network;

/// <summary>A place where a party runs, is killed and starts again.</summary>
internal sealed class Node(string name)
{
    public string Name => name;

    /// <summary>The process that runs there, or ran there last.</summary>
    public Life Life { get; set; } = new();

    /// <summary>Whether a process that has finished starting runs there.</summary>
    public bool IsUp { get; set; }
}
