using System.Diagnostics.CodeAnalysis;
using Bauta.Crypto.BlindRsa;

namespace Bauta.Bank.Denominations;

/// <summary>
/// A private denomination key in memory. It can be disposed of while it signs: what is under way is finished, then the
/// key is zeroed. Safe for concurrent use.
/// </summary>
internal sealed class KeptSigner(IBlindSigner signer) : IDisposable
{
    private readonly System.Threading.Lock gate = new();
    private int underWay;
    private bool isDropped;

    /// <summary>Signs; false when the key was disposed of.</summary>
    /// <exception cref="BlindedMessageException">The input is one that must not be signed.</exception>
    public bool TryBlindSign(ReadOnlySpan<byte> blindedMessage, [NotNullWhen(true)] out byte[]? signature)
    {
        signature = null;
        lock (gate)
        {
            if (isDropped)
                return false;
            underWay++;
        }

        try
        {
            signature = signer.BlindSign(blindedMessage);
            return true;
        }
        finally
        {
            lock (gate)
            {
                underWay--;
                ZeroIfUnused();
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (isDropped)
                return;
            isDropped = true;
            ZeroIfUnused();
        }
    }

    // Nothing begins after the drop, so this comes to its end once.
    private void ZeroIfUnused()
    {
        if (isDropped && underWay == 0)
            signer.Dispose();
    }
}
