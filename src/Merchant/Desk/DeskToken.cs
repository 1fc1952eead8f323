using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Storage;

namespace Bauta.Merchant.Desk;

/// <summary>
/// Shows that a caller may read the merchant's files: 32 random bytes in a file of mode 0600, sent as a bearer token.
/// </summary>
public sealed class DeskToken
{
    private const int Size = 32;
    private const int MaxFileLength = 64;

    private readonly byte[] text;

    private DeskToken(byte[] text) => this.text = text;

    /// <summary>The merchant's side: reads the token, or makes it when there is none.</summary>
    public static DeskToken OpenOrCreate(string path)
    {
        if (!File.Exists(path))
            DurableFile.CreateSecret(path, Encoding.ASCII.GetBytes(
                Base64Url.Encode(RandomNumberGenerator.GetBytes(Size))));
        return Open(path);
    }

    /// <summary>The command line's side: reads the token.</summary>
    /// <exception cref="FormatException">There is no token in the file.</exception>
    /// <exception cref="StorageException">Others may read the file.</exception>
    public static DeskToken Open(string path)
    {
        var text = DurableFile.ReadSecret(path, MaxFileLength);
        return text is not null && Base64Url.TryDecode(Encoding.ASCII.GetString(text), out var bytes)
            && bytes.Length == Size
            ? new DeskToken(text)
            : throw new FormatException($"{path} holds no desk token. Start the merchant first; it makes one.");
    }

    /// <summary>The value of the Authorization header.</summary>
    internal string Header() => "Bearer " + Encoding.ASCII.GetString(text);

    /// <summary>Compares in constant time.</summary>
    internal bool IsIn(string? header) => header is not null && CryptographicOperations.FixedTimeEquals(
        Encoding.UTF8.GetBytes(header), Encoding.ASCII.GetBytes(Header()));
}
