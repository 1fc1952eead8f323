using System.Security.Cryptography;
using System.Text;

namespace Bauta.Wallet.Recovery;

/// <summary>
/// Twelve words from which a lost wallet is restored (BIP-39, English list, 128 bits of entropy and 4 of checksum).
/// </summary>
public static class RecoveryPhrase
{
    private const int EntropySize = 16;
    private const int WordCount = 12;
    private const int BitsPerWord = 11;

    private static readonly string[] words = ReadWords();

    /// <summary>Makes a new phrase.</summary>
    public static string Generate()
    {
        Span<byte> entropy = stackalloc byte[EntropySize];
        RandomNumberGenerator.Fill(entropy);
        var phrase = Encode(entropy);
        CryptographicOperations.ZeroMemory(entropy);
        return phrase;
    }

    /// <summary>Writes 16 bytes of entropy as twelve words.</summary>
    public static string Encode(ReadOnlySpan<byte> entropy)
    {
        if (entropy.Length != EntropySize)
            throw new ArgumentException($"A phrase holds {EntropySize} bytes.", nameof(entropy));
        Span<byte> bits = stackalloc byte[EntropySize + 1];
        entropy.CopyTo(bits);
        bits[EntropySize] = SHA256.HashData(entropy)[0];
        var phrase = new string[WordCount];
        for (var i = 0; i < WordCount; i++)
            phrase[i] = words[ReadBits(bits, i * BitsPerWord)];
        CryptographicOperations.ZeroMemory(bits);
        return string.Join(' ', phrase);
    }

    /// <summary>
    /// The 64-byte seed of a phrase: PBKDF2-HMAC-SHA512, 2,048 rounds, salt <c>mnemonic</c> (BIP-39).
    /// </summary>
    /// <param name="phrase">Twelve words; case and the number of spaces between them do not matter.</param>
    /// <param name="seed">The seed, when all words are on the list and the checksum holds.</param>
    public static bool TryReadSeed(string phrase, out byte[] seed)
    {
        seed = [];
        var given = phrase.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (given.Length != WordCount)
            return false;
        Span<byte> bits = stackalloc byte[EntropySize + 1];
        bits.Clear();
        for (var i = 0; i < WordCount; i++)
        {
            var index = Array.BinarySearch(words, given[i], StringComparer.Ordinal);
            if (index < 0)
                return false;
            WriteBits(bits, i * BitsPerWord, index);
        }

        // The last four bits are the checksum; the four behind them belong to no word and are zero here.
        var checksum = SHA256.HashData(bits[..EntropySize])[0] & 0xF0;
        if (bits[EntropySize] != checksum)
            return false;
        CryptographicOperations.ZeroMemory(bits);
        seed = Rfc2898DeriveBytes.Pbkdf2(
            Encoding.ASCII.GetBytes(string.Join(' ', given)), "mnemonic"u8, 2048, HashAlgorithmName.SHA512, 64);
        return true;
    }

    private static int ReadBits(ReadOnlySpan<byte> bits, int from)
    {
        var value = 0;
        for (var bit = from; bit < from + BitsPerWord; bit++)
            value = (value << 1) | ((bits[bit / 8] >> (7 - (bit % 8))) & 1);
        return value;
    }

    private static void WriteBits(Span<byte> bits, int from, int value)
    {
        for (var i = 0; i < BitsPerWord; i++)
        {
            var bit = from + i;
            bits[bit / 8] |= (byte)(((value >> (BitsPerWord - 1 - i)) & 1) << (7 - (bit % 8)));
        }
    }

    private static string[] ReadWords()
    {
        using var stream = typeof(RecoveryPhrase).Assembly.GetManifestResourceStream("bip39-english.txt")!;
        using var reader = new StreamReader(stream);
        var list = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return list.Length == 2048 && list.SequenceEqual(list.Order(StringComparer.Ordinal))
            ? list
            : throw new InvalidOperationException("The word list is damaged.");
    }
}
