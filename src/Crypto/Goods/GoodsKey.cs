using System.Security.Cryptography;

namespace Bauta.Crypto.Goods;

/// <summary>
/// The key k that the goods of one sale are encrypted with. 32 bytes, secret until paid for. One key for one sale and
/// one content: a key used for two contents would repeat nonces. Zeroed when disposed.
/// </summary>
public sealed class GoodsKey : IDisposable
{
    /// <summary>Size in bytes.</summary>
    public const int Size = 32;

    private readonly byte[] key;
    private bool isDisposed;

    private GoodsKey(byte[] key) => this.key = key;

    /// <summary>A new key from the system's random generator.</summary>
    public static GoodsKey Generate() => new(RandomNumberGenerator.GetBytes(Size));

    /// <summary>Takes 32 bytes.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static GoodsKey FromBytes(ReadOnlySpan<byte> key) => key.Length == Size
        ? new(key.ToArray())
        : throw new ArgumentException("A goods key has 32 bytes.", nameof(key));

    /// <summary>k xor r: what the archive publishes. It says nothing to whoever does not know the mask.</summary>
    /// <exception cref="ObjectDisposedException">The key or the mask was disposed.</exception>
    public MaskedKey Mask(GoodsMask mask)
    {
        Span<byte> masked = stackalloc byte[Size];
        mask.Xor(Span, masked);
        return MaskedKey.FromBytes(masked);
    }

    /// <summary>A copy of the key, to be stored under protection and zeroed by the caller.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public byte[] Export() => Span.ToArray();

    /// <inheritdoc/>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(key);
        isDisposed = true;
    }

    internal ReadOnlySpan<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            return key;
        }
    }
}

/// <summary>
/// The mask r, as long as the key: known to customer and merchant only, so that publishing k xor r opens the goods to
/// the customer alone. 32 bytes, secret. Zeroed when disposed.
/// </summary>
public sealed class GoodsMask : IDisposable
{
    /// <summary>Size in bytes.</summary>
    public const int Size = GoodsKey.Size;

    private readonly byte[] mask;
    private bool isDisposed;

    private GoodsMask(byte[] mask) => this.mask = mask;

    /// <summary>A new mask from the system's random generator.</summary>
    public static GoodsMask Generate() => new(RandomNumberGenerator.GetBytes(Size));

    /// <summary>Takes 32 bytes.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static GoodsMask FromBytes(ReadOnlySpan<byte> mask) => mask.Length == Size
        ? new(mask.ToArray())
        : throw new ArgumentException("A goods mask has 32 bytes.", nameof(mask));

    /// <summary>A copy of the mask, to be stored under protection and zeroed by the caller.</summary>
    /// <exception cref="ObjectDisposedException">The mask was disposed.</exception>
    public byte[] Export()
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        return [.. mask];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(mask);
        isDisposed = true;
    }

    internal void Xor(ReadOnlySpan<byte> input, Span<byte> output)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        for (var i = 0; i < Size; i++)
            output[i] = (byte)(input[i] ^ mask[i]);
    }
}
