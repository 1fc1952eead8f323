using Bauta.Archive.Log;
using Bauta.Protocol;
using Bauta.Protocol.Archive;

namespace Bauta.Archive.Enter;

/// <summary>
/// Puts denominations and revocations in order one by one, so that each is judged by all before it: two that are
/// ordered together could make one key too many, which witnesses would refuse for ever. Safe for concurrent use.
/// </summary>
/// <param name="windows">The keys in the log.</param>
/// <param name="lastAt">The time of the last leaf, which the next one is not before.</param>
internal sealed class KeyAdmission(KeyWindows windows, Func<UnixTime> lastAt)
{
    private SemaphoreSlim Turn { get; } = new(1);

    public async Task<Result<Appended, ArchiveError>> AppendAsync(
        LogEntry entry, byte[] subject, Func<Task<Result<Appended, ArchiveError>>> append,
        CancellationToken cancellation)
    {
        if (entry.Kind is LogEntry.Bank or LogEntry.Totals)
            return await append();
        await Turn.WaitAsync(cancellation);
        try
        {
            // One that came in meanwhile is found by the append.
            if (entry.Kind == LogEntry.Denomination && !windows.Knows(subject)
                && !windows.HasRoomFor(entry, lastAt()))
                return ArchiveError.TooManyKeys;
            var appended = await append();
            if (appended.IsOk)
                windows.Add(entry, subject);
            return appended;
        }
        finally
        {
            Turn.Release();
        }
    }
}
