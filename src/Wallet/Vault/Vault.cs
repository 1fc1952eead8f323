using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Bauta.Wallet.Vault;

/// <summary>
/// Seals the wallet's secrets: a random master key encrypts them (AES-256-GCM), and a key made from the password
/// (PBKDF2-HMAC-SHA256) encrypts the master key. The place of each sealed value is authenticated, so that values
/// cannot be exchanged. Identifiers that others know become names that nobody else can make.
/// </summary>
public sealed class WalletVault : IDisposable
{
    /// <summary>PBKDF2 rounds for a new wallet; the number is stored with it.</summary>
    public const int DefaultRounds = 600_000;

    /// <summary>More would only keep the owner waiting.</summary>
    public const int MaxRounds = 10_000_000;

    private const int KeySize = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int SaltSize = 16;
    private const int RowNameSize = 16;

    private readonly AesGcm cipher;
    private readonly byte[] namingKey;

    private WalletVault(byte[] masterKey)
    {
        cipher = new AesGcm(masterKey, TagSize);
        namingKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, masterKey, KeySize, null, "bauta row names"u8.ToArray());
        CryptographicOperations.ZeroMemory(masterKey);
    }

    // struct {
    //   uint32 rounds;
    //   opaque salt[16];
    //   opaque nonce[12];
    //   opaque sealed_master_key[32 + 16];
    // } lock

    /// <summary>Makes a master key and locks it with a password.</summary>
    public static WalletVault Create(string password, out byte[] locked, int rounds = DefaultRounds)
    {
        var masterKey = RandomNumberGenerator.GetBytes(KeySize);
        locked = Lock(masterKey, password, rounds);
        return new WalletVault(masterKey);
    }

    /// <summary>Opens the master key.</summary>
    /// <returns>The vault, or null when the password is wrong or the lock is damaged.</returns>
    public static WalletVault? TryOpen(string password, ReadOnlySpan<byte> locked)
    {
        if (locked.Length != 4 + SaltSize + NonceSize + KeySize + TagSize)
            return null;
        var rounds = BinaryPrimitives.ReadInt32BigEndian(locked);
        if (rounds is < 1 or > MaxRounds)
            return null;
        var masterKey = new byte[KeySize];
        using var wrapping = PasswordCipher(password, locked.Slice(4, SaltSize), rounds);
        try
        {
            var body = locked[(4 + SaltSize)..];
            wrapping.Decrypt(body[..NonceSize], body.Slice(NonceSize, KeySize), body[(NonceSize + KeySize)..],
                masterKey, locked[..(4 + SaltSize)]);
            return new WalletVault(masterKey);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    /// <summary>Seals a value for one place.</summary>
    /// <param name="place">Table and key of the row that will hold it.</param>
    /// <param name="value">The value.</param>
    public byte[] Seal(string place, ReadOnlySpan<byte> value)
    {
        var box = new byte[NonceSize + value.Length + TagSize];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceSize));
        cipher.Encrypt(box.AsSpan(0, NonceSize), value, box.AsSpan(NonceSize, value.Length),
            box.AsSpan(NonceSize + value.Length), Encoding.UTF8.GetBytes(place));
        return box;
    }

    /// <summary>Opens a value sealed for the same place.</summary>
    /// <exception cref="WalletException">The value was changed or moved.</exception>
    public byte[] Open(string place, ReadOnlySpan<byte> box)
    {
        if (box.Length < NonceSize + TagSize)
            throw Damaged(place);
        var value = new byte[box.Length - NonceSize - TagSize];
        try
        {
            cipher.Decrypt(box[..NonceSize], box[NonceSize..^TagSize], box[^TagSize..], value,
                Encoding.UTF8.GetBytes(place));
            return value;
        }
        catch (AuthenticationTagMismatchException)
        {
            throw Damaged(place);
        }
    }

    /// <summary>
    /// The name under which a row is found again (HMAC-SHA256, cut to 16 bytes, in hexadecimal): the bank and the shop
    /// know the identifier, and must not find it in a copied file.
    /// </summary>
    /// <param name="table">The row's table.</param>
    /// <param name="id">The identifier.</param>
    public string NameOf(string table, ReadOnlySpan<byte> id) => Convert.ToHexStringLower(
        HMACSHA256.HashData(namingKey, (byte[])[.. Encoding.UTF8.GetBytes(table), 0, .. id]).AsSpan(0, RowNameSize));

    /// <inheritdoc/>
    public void Dispose()
    {
        cipher.Dispose();
        CryptographicOperations.ZeroMemory(namingKey);
    }

    private static WalletException Damaged(string place) => new(WalletError.Damaged,
        $"The wallet's file is damaged at {place.Split('/')[0]}. Restore it from a backup or from the phrase.");

    private static byte[] Lock(byte[] masterKey, string password, int rounds)
    {
        var locked = new byte[4 + SaltSize + NonceSize + KeySize + TagSize];
        BinaryPrimitives.WriteInt32BigEndian(locked, rounds);
        RandomNumberGenerator.Fill(locked.AsSpan(4, SaltSize + NonceSize));
        using var wrapping = PasswordCipher(password, locked.AsSpan(4, SaltSize), rounds);
        var body = locked.AsSpan(4 + SaltSize);
        wrapping.Encrypt(body[..NonceSize], masterKey, body.Slice(NonceSize, KeySize),
            body[(NonceSize + KeySize)..], locked.AsSpan(0, 4 + SaltSize));
        return locked;
    }

    private static AesGcm PasswordCipher(string password, ReadOnlySpan<byte> salt, int rounds)
    {
        var key = Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(password), salt, rounds, HashAlgorithmName.SHA256, KeySize);
        var wrapping = new AesGcm(key, TagSize);
        CryptographicOperations.ZeroMemory(key);
        return wrapping;
    }
}
