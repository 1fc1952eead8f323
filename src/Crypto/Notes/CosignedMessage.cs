using System.Globalization;
using System.Text;

namespace Bauta.Crypto.Notes;

/// <summary>
/// What an Ed25519 cosignature signs: C2SP tlog-cosignature. Signature: 8 bytes time (big-endian) and 64 bytes Ed25519.
/// </summary>
/// <remarks>
/// <code>
/// "cosignature/v1\n" || "time " decimal seconds "\n" || checkpoint text
/// </code>
/// </remarks>
internal static class CosignedMessage
{
    public const int TimestampSize = 8;

    public const int SignatureSize = TimestampSize + 64;

    public static byte[] Encode(long timestampSeconds, ReadOnlySpan<byte> checkpointText)
    {
        var header = Encoding.ASCII.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {timestampSeconds}\n"));
        return [.. header, .. checkpointText];
    }
}
