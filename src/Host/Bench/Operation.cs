namespace Bauta.Host.Bench;

/// <summary>What everything the servers do is counted in. Each is measured in the same run, on the servers'
/// core.</summary>
internal enum Operation
{
    /// <summary>A plain signature with the framework, which calls OpenSSL.</summary>
    RsaSign,

    /// <summary>A token's signature verified (RSASSA-PSS, SHA-384).</summary>
    RsaVerify,

    /// <summary>A statement signed.</summary>
    EcdsaSign,

    /// <summary>A statement verified under a key that is read first.</summary>
    EcdsaVerify,

    /// <summary>A one-time P-256 key made.</summary>
    EcdsaKey,

    /// <summary>An oblivious request of 4 KiB opened and its answer sealed.</summary>
    Oblivious,

    /// <summary>An HTTP request of 1.2 KB taken and answered with as much.</summary>
    Serve,

    /// <summary>The same, sent and its answer read.</summary>
    Call,

    /// <summary>A row of 600 bytes under a random key, durable, 64 writers at once.</summary>
    Write,
}

/// <summary>Processor time of each operation in microseconds.</summary>
internal sealed class OperationCosts
{
    private readonly Dictionary<Operation, double> microseconds = [];

    public double this[Operation operation]
    {
        get => microseconds[operation];
        set => microseconds[operation] = value;
    }

    /// <summary>What <c>openssl speed rsa2048</c> takes for a signature; null where it is not installed.</summary>
    public double? OpensslSign { get; set; }

    /// <summary>What withdrawals are held against: openssl's own signature, else the framework's.</summary>
    public double SignYardstick => OpensslSign ?? this[Operation.RsaSign];

    /// <summary>Whose signature that is.</summary>
    public string SignedBy => OpensslSign is null ? "the framework's RSA" : "openssl";

    public static string TextOf(Operation operation) => operation switch
    {
        Operation.RsaSign => "RSA-2048 signature",
        Operation.RsaVerify => "RSA-2048 verification (RSASSA-PSS)",
        Operation.EcdsaSign => "ES256 signature",
        Operation.EcdsaVerify => "ES256 verification, key read first",
        Operation.EcdsaKey => "P-256 key made",
        Operation.Oblivious => "Oblivious HTTP: 4 KiB opened, answer sealed",
        Operation.Serve => "HTTP request of 1.2 KB taken and answered",
        Operation.Call => "HTTP request sent and its answer read",
        Operation.Write => "durable write of one row, grouped",
        _ => throw new ArgumentOutOfRangeException(nameof(operation)),
    };

    public static bool IsCrypto(Operation operation) => operation < Operation.Serve;
}

/// <summary>The least that the protocol asks of all servers together for one of something: what a ceiling is made
/// of.</summary>
internal sealed record Recipe(string Of, params (Operation Operation, double Count)[] Parts)
{
    // The witnesses of the network that is measured: each verifies what the archive verified.
    private const int Witnesses = 2;

    /// <summary>A token of a batch.</summary>
    public static Recipe Withdrawal(int batch) => new(
        batch == 1 ? "withdrawal, single" : $"withdrawal, batches of {batch}",
        (Operation.RsaSign, 1), (Operation.EcdsaVerify, 1.0 / batch), (Operation.Serve, 1.0 / batch),
        (Operation.Write, 1.0 / batch));

    public static Recipe Lock(int tokens) => new(
        $"lock of {Tokens(tokens)}",
        (Operation.RsaVerify, tokens), (Operation.EcdsaVerify, tokens), (Operation.EcdsaSign, 2), (Operation.Serve, 1),
        (Operation.Write, 1));

    /// <summary>P1, one chunk of goods, P2 and P3, P3 on to the merchant, P4, the decision, settlement.</summary>
    /// <remarks>Verified: each token and its owner by the bank, two notes by the merchant, lock note and release by
    /// the archive and by each witness. Signed: P1, two notes, P4. Requests: four of the customer, the merchant's two.
    /// Written: P1, P4 and end by the merchant, lock and settlement by the bank, the leaf by archive and
    /// witnesses. Two-sided, the merchant verifies the customer's acknowledgement, too.</remarks>
    public static Recipe Purchase(int tokens, bool isTwoSided = false) => new(
        $"purchase with {Tokens(tokens)}{(isTwoSided ? ", two-sided" : "")}",
        (Operation.RsaVerify, tokens),
        (Operation.EcdsaVerify, tokens + 4 + 2 * Witnesses + (isTwoSided ? 1 : 0)), (Operation.EcdsaSign, 4),
        (Operation.EcdsaKey, 1), (Operation.Serve, 6), (Operation.Call, 2), (Operation.Write, 6 + Witnesses));

    /// <summary>An item of a session; the shop's own call is to the site that it sells.</summary>
    /// <remarks>Verified: the acknowledgement. Signed: the item. Written: the acknowledgement. Requests: what is asked
    /// for, and the acknowledgement, which may come with the request for the next item.</remarks>
    public static Recipe Item(bool isTogether) => new(
        isTogether ? "session item, in one round trip" : "session item",
        (Operation.EcdsaVerify, 1), (Operation.EcdsaSign, 1), (Operation.Serve, isTogether ? 1 : 2),
        (Operation.Call, 1), (Operation.Write, 1));

    /// <summary>A decision at the archive alone.</summary>
    public static Recipe Decision(int signatures) => new(
        signatures == 1 ? "abort, 1 signature" : "commit, 2 signatures",
        (Operation.EcdsaVerify, signatures), (Operation.Serve, 1), (Operation.Write, 1));

    /// <summary>Through two masks: each takes and sends every request, and two layers are opened and sealed.</summary>
    public Recipe Masked(double requests) => new(
        Of, [.. Parts.Select(part => part.Operation switch
        {
            Operation.Serve => (part.Operation, part.Count + 2 * requests),
            Operation.Call => (part.Operation, part.Count + 2 * requests),
            _ => part,
        }), .. Parts.Any(part => part.Operation == Operation.Call)
            ? Array.Empty<(Operation, double)>()
            : [(Operation.Call, 2 * requests)],
            (Operation.Oblivious, 2 * requests)]);

    /// <summary>How many a second one core could do if it did nothing else.</summary>
    public double PerSecond(OperationCosts costs) => 1e6 / Parts.Sum(part => part.Count * costs[part.Operation]);

    /// <summary>The same with the cryptography alone.</summary>
    public double CryptoPerSecond(OperationCosts costs) => 1e6 / Parts
        .Where(part => OperationCosts.IsCrypto(part.Operation)).Sum(part => part.Count * costs[part.Operation]);

    private static string Tokens(int count) => count == 1 ? "1 token" : $"{count} tokens";
}
