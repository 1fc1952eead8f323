namespace Bauta.Crypto.BinaryHttp;

/// <summary>What a decoder accepts at most. Each limit is checked before anything of that size is allocated.</summary>
public sealed record BinaryHttpLimits
{
    /// <summary>Enough for a range of 1 MiB with its Merkle path and headers.</summary>
    public static BinaryHttpLimits Default { get; } = new();

    /// <summary>Bytes of each of method, scheme, authority and path.</summary>
    public int MaxControlDataBytes { get; init; } = 4096;

    /// <summary>Field lines in one header or trailer section.</summary>
    public int MaxFields { get; init; } = 64;

    /// <summary>Encoded bytes of one header or trailer section.</summary>
    public int MaxFieldSectionBytes { get; init; } = 16 * 1024;

    /// <summary>Bytes of content.</summary>
    public int MaxContentBytes { get; init; } = 1024 * 1024 + 48 * 1024;

    /// <summary>Informational responses before the final one.</summary>
    public int MaxInformational { get; init; } = 4;
}
