namespace Bauta.Archive.Follow;

/// <summary>How a witness judges.</summary>
public sealed record WitnessOptions
{
    /// <summary>How far a leaf's time may be ahead of the witness's clock.</summary>
    public long FutureToleranceSeconds { get; init; } = 10;
}
