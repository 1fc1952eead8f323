namespace Bauta.Http;

/// <summary>
/// How many bytes of request bodies a host holds while they arrive, so that many bodies that come slowly cannot fill
/// its memory. The first buffer of a request is free: small requests are read however full it is. Thread-safe.
/// </summary>
internal sealed class BodyBudget(long capacity)
{
    private long left = capacity;

    /// <summary>What one request takes; given back when the body has been read, or not.</summary>
    public Share Open() => new(this);

    internal sealed class Share(BodyBudget budget) : IDisposable
    {
        private long taken;

        public bool TryTake(int bytes)
        {
            if (Interlocked.Add(ref budget.left, -bytes) >= 0)
            {
                taken += bytes;
                return true;
            }

            Interlocked.Add(ref budget.left, bytes);
            return false;
        }

        public void Dispose() => Interlocked.Add(ref budget.left, taken);
    }
}
