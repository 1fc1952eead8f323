using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Bauta.Crypto.Hpke;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Http.Gateway;

/// <summary>When the keys of a gateway change.</summary>
/// <param name="Period">The age at which new keys are made.</param>
/// <param name="Grace">How long replaced keys still open requests: longer than anybody caches a party card.</param>
public sealed record KeyRotation(TimeSpan Period, TimeSpan Grace)
{
    /// <summary>Every week, two days of grace.</summary>
    public static KeyRotation Default { get; } = new(TimeSpan.FromDays(7), TimeSpan.FromDays(2));
}

/// <summary>
/// The Oblivious HTTP keys of one party in a file that only its owner can read, and the gateway that opens requests
/// with them. A generation is one X25519 key, published first, and one P-256 key. Thread-safe.
/// </summary>
public sealed class GatewayKeyRing : IDisposable
{
    private const int MaxFileLength = 64 * 1024;
    private const int MaxGenerations = 8;

    // The window of the memory of replays is twice this, so that no dated request is opened twice. The memory has a
    // bound, so a shorter window lets more requests a second in: more than 7,000 with this one.
    internal static readonly TimeSpan DateTolerance = TimeSpan.FromMinutes(2);

    private static readonly HpkeKem[] kems = [HpkeKem.X25519, HpkeKem.P256];

    private readonly Lock rotating = new();
    private readonly string path;
    private readonly KeyRotation rotation;
    private List<Generation> generations;
    private readonly List<Generation> dropped = [];

    private GatewayKeyRing(string path, KeyRotation rotation, TimeProvider time, List<Generation> generations)
    {
        (this.path, this.rotation, this.generations, Time) = (path, rotation, generations, time);
        Gateway = new ObliviousGateway(KeysOf(generations), new ReplayCache(time, 2 * DateTolerance));
    }

    /// <summary>Opens requests and seals answers.</summary>
    public ObliviousGateway Gateway { get; }

    /// <summary>The published keys as application/ohttp-keys, for the party card.</summary>
    public byte[] Published => Gateway.Keys.Encoded.ToArray();

    internal TimeProvider Time { get; }

    /// <summary>Opens the file, or makes it with the first keys; rotates when that is due.</summary>
    /// <exception cref="InvalidDataException">The file is malformed.</exception>
    /// <exception cref="StorageException">Others may read the file.</exception>
    public static GatewayKeyRing Open(string path, TimeProvider time, KeyRotation? rotation = null)
    {
        rotation ??= KeyRotation.Default;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(rotation.Period, rotation.Grace, nameof(rotation));
        var stored = DurableFile.ReadSecret(path, MaxFileLength);
        var generations = stored is null ? [] : Decode(stored, path);
        if (generations.Count == 0)
        {
            generations.Add(Generation.Make(0, time));
            Store(path, generations);
        }

        var ring = new GatewayKeyRing(path, rotation, time, generations);
        ring.RotateIfDue();
        return ring;
    }

    /// <summary>Makes new keys when the newest are too old, and forgets replaced ones after the grace.</summary>
    /// <returns>Whether the published keys changed: the party card must then be signed anew.</returns>
    public bool RotateIfDue()
    {
        lock (rotating)
        {
            // What was dropped a round ago serves no request any more.
            foreach (var generation in dropped)
                generation.Dispose();
            dropped.Clear();
            var now = Time.GetUtcNow();
            var due = now - generations[^1].Created >= rotation.Period;
            List<Generation> kept = due
                ? [.. generations, Generation.Make(generations[^1].FirstKeyId + kems.Length, Time)]
                : [.. generations];
            // A generation was replaced when the next one was made.
            while (kept.Count > 1 && (now - kept[1].Created >= rotation.Grace || kept.Count > MaxGenerations))
                kept.RemoveAt(0);
            if (kept[0] == generations[0] && !due)
                return false;
            // Durable before use: a key that clients have seen must survive a crash.
            Store(path, kept);
            Gateway.Rotate(KeysOf(kept));
            dropped.AddRange(generations.Except(kept));
            generations = kept;
            return due;
        }
    }

    /// <summary>Rotates whenever that is due, until cancelled.</summary>
    /// <remarks>Throws when the new keys cannot be stored; the old ones stay in use.</remarks>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(1), Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
                RotateIfDue();
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (rotating)
        {
            foreach (var generation in generations.Concat(dropped))
                generation.Dispose();
        }
    }

    private static GatewayKeys KeysOf(List<Generation> generations) =>
        new(generations[^1].Keys, generations.SkipLast(1).SelectMany(generation => generation.Keys));

    private static void Store(string path, List<Generation> generations)
    {
        var stored = generations.ConvertAll(generation => generation.Store());
        var bytes = JsonSerializer.SerializeToUtf8Bytes(new StoredRing(stored), KeyRingJson.Default.StoredRing);
        try
        {
            DurableFile.Write(path, bytes, DurableFile.SecretMode);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            foreach (var secret in stored.SelectMany(generation => generation.Keys))
                CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static List<Generation> Decode(byte[] bytes, string path)
    {
        try
        {
            if (!StrictJson.TryRead(bytes, KeyRingJson.Default.StoredRing, out var ring)
                || ring.Generations.Count is 0 or > MaxGenerations)
                throw new InvalidDataException($"{path} is not a file of gateway keys.");
            return [.. ring.Generations.Select(stored => Generation.Load(stored, path))];
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private sealed class Generation(int firstKeyId, DateTimeOffset created, HpkePrivateKey[] secrets) : IDisposable
    {
        public int FirstKeyId => firstKeyId;

        public DateTimeOffset Created => created;

        public IReadOnlyList<GatewayKey> Keys { get; } =
            [.. secrets.Select((secret, i) => new GatewayKey((byte)(firstKeyId + i), secret))];

        // One byte names a key; generations are even numbers, so that the two of one lie side by side.
        public static Generation Make(int firstKeyId, TimeProvider time) => new(
            firstKeyId % (byte.MaxValue + 1),
            time.GetUtcNow(),
            [.. kems.Select(HpkePrivateKey.Generate)]);

        public static Generation Load(StoredGeneration stored, string path)
        {
            var secrets = new HpkePrivateKey[kems.Length];
            var valid = stored.Keys.Count == kems.Length && stored.FirstKeyId is >= 0 and < byte.MaxValue
                && stored.FirstKeyId % kems.Length == 0;
            for (var i = 0; valid && i < kems.Length; i++)
            {
                valid = HpkePrivateKey.TryFromBytes(kems[i], stored.Keys[i], out var secret);
                if (valid)
                    secrets[i] = secret!;
            }

            foreach (var bytes in stored.Keys)
                CryptographicOperations.ZeroMemory(bytes);
            return valid
                ? new Generation(stored.FirstKeyId, DateTimeOffset.FromUnixTimeSeconds(stored.Created.Seconds), secrets)
                : throw new InvalidDataException($"{path} holds an invalid key.");
        }

        public StoredGeneration Store() =>
            new(firstKeyId, UnixTime.FromSeconds(created.ToUnixTimeSeconds()),
                [.. secrets.Select(secret => secret.Export())]);

        public void Dispose()
        {
            foreach (var key in Keys)
                key.Dispose();
        }
    }
}

internal sealed record StoredGeneration(int FirstKeyId, UnixTime Created, IReadOnlyList<byte[]> Keys);

internal sealed record StoredRing(IReadOnlyList<StoredGeneration> Generations);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    Converters = [typeof(Base64UrlConverter)])]
[JsonSerializable(typeof(StoredRing))]
internal sealed partial class KeyRingJson : JsonSerializerContext;
