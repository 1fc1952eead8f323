using Bauta.Protocol;

namespace Bauta.Merchant.Sessions;

/// <summary>
/// The running sessions that were used last, so that a step opens no sealed row. What falls out is read again; only an
/// item that was not acknowledged is lost with it. Thread-safe; a session itself is used by whoever has its turn.
/// </summary>
internal sealed class SessionCache(int maxSessions, long maxPendingBytes) : IDisposable
{
    private readonly Lock sync = new();
    private readonly Dictionary<DeliveryId, Entry> sessions = [];
    private readonly LinkedList<DeliveryId> byUse = [];
    private long pendingBytes;

    public OpenSession? Find(DeliveryId session)
    {
        lock (sync)
        {
            if (!sessions.TryGetValue(session, out var entry) || entry.IsOver)
                return null;
            byUse.Remove(entry.Place);
            byUse.AddLast(entry.Place);
            entry.IsUsed = true;
            return entry.Session;
        }
    }

    public void Keep(DeliveryId session, OpenSession opened)
    {
        lock (sync)
        {
            sessions.Add(session, new Entry(opened, byUse.AddLast(session)) { IsUsed = true });
            if (sessions.Count > maxSessions && byUse.FirstOrDefault(one => !sessions[one].IsUsed) is { } unused)
                Drop(unused)?.Dispose();
        }
    }

    /// <summary>The turn is over: the session may fall out.</summary>
    public void Leave(DeliveryId session)
    {
        lock (sync)
        {
            if (!sessions.TryGetValue(session, out var entry))
                return;
            entry.IsUsed = false;
            if (entry.IsOver)
                Drop(session)?.Dispose();
        }
    }

    /// <summary>Whether an item of this size may wait in memory for its acknowledgement.</summary>
    public bool HasRoomFor(DeliveryId session, int bytes)
    {
        lock (sync)
        {
            if (!sessions.TryGetValue(session, out var entry))
                return false;
            var after = pendingBytes - entry.Bytes + bytes;
            if (after > maxPendingBytes)
                bytes = 0;
            pendingBytes += bytes - entry.Bytes;
            entry.Bytes = bytes;
            return after <= maxPendingBytes;
        }
    }

    /// <summary>The session is over, or must be read anew; a step that is under way ends with what it has.</summary>
    public void Remove(DeliveryId session)
    {
        lock (sync)
        {
            if (sessions.TryGetValue(session, out var entry) && entry.IsUsed)
                entry.IsOver = true;
            else
                Drop(session)?.Dispose();
        }
    }

    public void Dispose()
    {
        lock (sync)
        {
            foreach (var session in byUse.ToArray())
                Remove(session);
        }
    }

    private OpenSession? Drop(DeliveryId session)
    {
        if (!sessions.Remove(session, out var entry))
            return null;
        byUse.Remove(entry.Place);
        pendingBytes -= entry.Bytes;
        return entry.Session;
    }

    private sealed class Entry(OpenSession session, LinkedListNode<DeliveryId> place)
    {
        public OpenSession Session => session;

        public LinkedListNode<DeliveryId> Place => place;

        public int Bytes { get; set; }

        public bool IsUsed { get; set; }

        public bool IsOver { get; set; }
    }
}
