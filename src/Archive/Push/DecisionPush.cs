using Bauta.Archive.Cosign;
using Bauta.Protocol;
using Bauta.Protocol.Archive;

namespace Bauta.Archive.Push;

/// <summary>Somebody whom the operator names to be told of decisions.</summary>
/// <param name="Bank">Of which bank's locks; null for all, so that the archive does not learn which are a
/// merchant's.</param>
/// <param name="TellAsync">Tells it; a failure that is one of the two of <see cref="Result{T,TError}"/> is its
/// own.</param>
public sealed record PushPeer(
    BankKeyId? Bank, Func<TransactionId, LoggedEntry, CancellationToken, Task> TellAsync);

/// <summary>
/// Tells one peer of each decision once it is published. It begins with what comes after the start and gives up what
/// the peer did not take: nothing rests on it, since whoever is not told asks.
/// </summary>
internal sealed class DecisionPush(
    PushPeer peer, Publications publications, Func<long, CancellationToken, Task<byte[]>> leafAsync,
    Func<long, byte[], CancellationToken, Task<LoggedEntry?>> publishedAsync, TimeProvider time)
{
    private const int AtOnce = 8;
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan pause = TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var told = publications.Latest?.Size ?? 0;
        while (true)
        {
            if (!await publications.WaitAsync(told, patience, time, cancellation))
                continue;
            var until = publications.Latest!.Size;
            if (!await TellAsync(told, until, cancellation))
            {
                await Task.Delay(pause, time, cancellation);
                until = publications.Latest.Size;
            }

            told = until;
        }
    }

    private async Task<bool> TellAsync(long from, long until, CancellationToken cancellation)
    {
        try
        {
            for (var first = from; first < until; first += AtOnce)
            {
                var batch = (int)Math.Min(AtOnce, until - first);
                await Task.WhenAll(Enumerable.Range(0, batch).Select(
                    number => TellAsync(first + number, cancellation)));
            }

            return true;
        }
        catch (IOException failure) when (failure is PartyUnreachableException or ProtocolViolationException)
        {
            return false;
        }
    }

    private async Task TellAsync(long index, CancellationToken cancellation)
    {
        var leaf = await leafAsync(index, cancellation);
        if (LogEntry.TryParse(leaf, out var entry) && entry.IsDecision
            && (peer.Bank is null || peer.Bank.Equals(BankKeyId.Of(entry.LockNote!)))
            && await publishedAsync(index, leaf, cancellation) is { } decision)
            await peer.TellAsync(entry.LockNote!.Content.Transaction, decision, cancellation);
    }
}
