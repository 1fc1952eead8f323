using System.Security.Cryptography;
using System.Text;
using Bauta.Protocol;
using Bauta.Storage;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Recovery;
using Bauta.Wallet.Tokens;
using Bauta.Wallet.Vault;

namespace Bauta.Wallet;

/// <summary>
/// The wallet's file: SQLite, secrets sealed under the password. One process at a time holds it. Every method is one
/// durable transaction.
/// </summary>
public sealed class WalletStore : IAsyncDisposable
{
    private const string LockSetting = "vault";
    private const string SeedSetting = "seed";

    private readonly WalletVault vault;

    private WalletStore(IDatabase database, WalletVault vault, WalletSeed seed, string folder) =>
        (Database, this.vault, Seed, Folder, TokenRows) = (database, vault, seed, folder, new TokenTable(vault));

    /// <summary>The wallet's folder.</summary>
    public string Folder { get; }

    /// <summary>The root of all keys.</summary>
    public WalletSeed Seed { get; }

    internal IDatabase Database { get; }

    internal TokenTable TokenRows { get; }

    /// <summary>Where the wallet's file lies in its folder.</summary>
    public static string FileIn(string folder) => Path.Combine(folder, "wallet.db");

    /// <summary>Whether a wallet lies there; the file of one whose making was cut off is none.</summary>
    public static async Task<bool> ExistsAsync(string folder, TimeProvider clock)
    {
        if (!File.Exists(FileIn(folder)))
            return false;
        await using var database = Open(folder, clock);
        return await database.ReadAsync(transaction => Get(transaction, LockSetting)) is not null;
    }

    /// <summary>Makes a wallet from a recovery phrase.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="password">What seals it.</param>
    /// <param name="phrase">What all keys derive from.</param>
    /// <param name="clock">The time.</param>
    /// <param name="rounds">Of PBKDF2 over the password.</param>
    /// <param name="settings">Settings that it has from the first moment on.</param>
    /// <exception cref="WalletException">There is one already, or the phrase is not one.</exception>
    public static async Task<WalletStore> CreateAsync(
        string folder, string password, string phrase, TimeProvider clock, int rounds = WalletVault.DefaultRounds,
        IReadOnlyDictionary<string, string>? settings = null)
    {
        if (await ExistsAsync(folder, clock))
            throw new WalletException(WalletError.Exists,
                $"There is a wallet in {folder} already. Use another folder with --wallet.");
        if (!RecoveryPhrase.TryReadSeed(phrase, out var seed))
            throw new WalletException(WalletError.BadPhrase,
                "This is not a recovery phrase: twelve words of the English BIP-39 list, the last one a check.");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var vault = WalletVault.Create(password, out var locked, rounds);
        var database = Open(folder, clock);
        await database.WriteAsync(transaction =>
        {
            Set(transaction, LockSetting, locked);
            Set(transaction, SeedSetting, vault.Seal(SeedSetting, seed));
            foreach (var (name, value) in settings ?? new Dictionary<string, string>())
                Set(transaction, name, vault.Seal(name, Encoding.UTF8.GetBytes(value)));
        });
        return new WalletStore(database, vault, new WalletSeed(seed), folder);
    }

    /// <summary>Opens a wallet.</summary>
    /// <exception cref="WalletException">There is none, or the password is wrong.</exception>
    public static Task<WalletStore> OpenAsync(string folder, string password, TimeProvider clock) =>
        File.Exists(FileIn(folder)) ? OpenAsync(Open(folder, clock), folder, password) : throw NoWallet(folder);

    /// <summary>Opens a wallet in a database that is open already, and its own from here on.</summary>
    internal static async Task<WalletStore> OpenAsync(IDatabase database, string folder, string password)
    {
        var locked = await database.ReadAsync(transaction => Get(transaction, LockSetting));
        var vault = locked is null ? null : WalletVault.TryOpen(password, locked);
        if (vault is null)
        {
            await database.DisposeAsync();
            throw locked is null
                ? NoWallet(folder)
                : new WalletException(WalletError.WrongPassword, "The password does not open this wallet.");
        }

        var box = await database.ReadAsync(transaction => Get(transaction, SeedSetting));
        return new WalletStore(database, vault, new WalletSeed(vault.Open(SeedSetting, box ?? [])), folder);
    }

    /// <summary>Whether this wallet's keys derive from a phrase.</summary>
    public bool IsOf(string phrase)
    {
        if (!RecoveryPhrase.TryReadSeed(phrase, out var other))
            return false;
        var own = Seed.Export();
        var isSame = CryptographicOperations.FixedTimeEquals(own, other);
        CryptographicOperations.ZeroMemory(own);
        CryptographicOperations.ZeroMemory(other);
        return isSame;
    }

    /// <summary>A setting, or null.</summary>
    public async Task<string?> SettingAsync(string name, CancellationToken cancellation)
    {
        var box = await Database.ReadAsync(transaction => Get(transaction, name), cancellation);
        return box is null ? null : Encoding.UTF8.GetString(vault.Open(name, box));
    }

    /// <summary>Keeps a setting, sealed.</summary>
    public Task SetAsync(string name, string value, CancellationToken cancellation)
    {
        var box = vault.Seal(name, Encoding.UTF8.GetBytes(value));
        return Database.WriteAsync(transaction => Set(transaction, name, box), cancellation);
    }

    /// <summary>Writes a copy that a running wallet does not disturb; secrets in it stay sealed.</summary>
    public Task BackupAsync(string path, CancellationToken cancellation)
    {
        if (File.Exists(path))
            throw new WalletException(WalletError.Exists, $"{path} exists. Name a new file for the backup.");
        return Task.Run(() => Storage.Sqlite.SqliteCopy.Write(FileIn(Folder), path), cancellation);
    }

    /// <summary>Where the encrypted goods of a purchase lie until they have opened as promised.</summary>
    public string GoodsPathOf(RequestId purchase) => GoodsFile.PathOf(Folder, purchase);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Seed.Dispose();
        vault.Dispose();
    }

    internal byte[] Seal(string place, ReadOnlySpan<byte> value) => vault.Seal(place, value);

    internal byte[] Unseal(string place, ReadOnlySpan<byte> box) => vault.Open(place, box);

    internal string NameOf(RequestId purchase) => vault.NameOf("purchases", purchase.ToArray());

    internal string NameOf(ReserveId reserve) => vault.NameOf("reserves", reserve.ToArray());

    internal Task<IReadOnlyList<PurchaseState>> PurchasesAsync(bool onlyOpen, CancellationToken cancellation) =>
        Database.ReadAsync<IReadOnlyList<PurchaseState>>(
            transaction => [.. transaction.Query(
                onlyOpen
                    ? "SELECT name, record FROM purchases WHERE open ORDER BY rowid"
                    : "SELECT name, record FROM purchases ORDER BY rowid",
                row => ReadPurchase(row.GetString(0), row.GetBytes(1)))],
            cancellation);

    internal Task<PurchaseState?> PurchaseAsync(RequestId id, CancellationToken cancellation) =>
        Database.ReadAsync(
            transaction => transaction.QuerySingleOrDefault(
                "SELECT name, record FROM purchases WHERE name = $1",
                row => ReadPurchase(row.GetString(0), row.GetBytes(1)), NameOf(id)),
            cancellation);

    internal byte[] SealPurchase(PurchaseState state) => Seal(
        $"purchases/{NameOf(state.Order.Id)}", StrictJson.Write(state, WalletJson.Default.PurchaseState));

    /// <summary>Moves a purchase to its next state, with what that does to its tokens in the same
    /// transaction.</summary>
    internal async Task<PurchaseState> AdvanceAsync(
        PurchaseState next, CancellationToken cancellation, Action<IWriteTransaction>? tokens = null)
    {
        var box = SealPurchase(next);
        await Database.WriteAsync(
            transaction =>
            {
                transaction.ExecuteExpecting(1, "UPDATE purchases SET record = $1, open = $2 WHERE name = $3",
                    box, !next.IsFinal, NameOf(next.Order.Id));
                tokens?.Invoke(transaction);
            },
            cancellation);
        return next;
    }

    internal Task<IReadOnlyList<WalletToken>> TokensAsync(string state, CancellationToken cancellation) =>
        Database.ReadAsync(transaction => TokenRows.InState(transaction, state), cancellation);

    private PurchaseState ReadPurchase(string name, byte[] box) =>
        StrictJson.TryRead(vault.Open($"purchases/{name}", box), WalletJson.Default.PurchaseState, out var state)
            ? state
            : throw WalletException.Unreadable("purchase");

    private static WalletException NoWallet(string folder) => new(
        WalletError.NoWallet, $"There is no wallet in {folder}. Make one with: bauta wallet init");

    private static IDatabase Open(string folder, TimeProvider clock) => Storage.Database.Open(
        FileIn(folder), WalletSchema.Migrations, new DatabaseOptions { TimeProvider = clock, ReaderLimit = 2 });

    private static byte[]? Get(IReadTransaction transaction, string name) => transaction.QuerySingleOrDefault(
        "SELECT value FROM settings WHERE name = $1", row => row.GetBytes(0), name);

    private static void Set(IWriteTransaction transaction, string name, byte[] value) => transaction.Execute(
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name, value);
}
