namespace Bauta.Merchant;

/// <summary>
/// Lets one at a time through for each key, so that two equal requests at the same moment do their work once. Holds
/// nothing for a key that nobody uses; how many may wait for one key is bounded.
/// </summary>
internal sealed class KeyedGate<TKey>(int maxWaiting)
    where TKey : notnull
{
    private readonly Dictionary<TKey, Turn> turns = [];

    /// <summary>Waits for the turn; null when too many wait already.</summary>
    public async Task<IDisposable?> EnterAsync(TKey key, CancellationToken cancellation)
    {
        Turn? turn;
        lock (turns)
        {
            if (!turns.TryGetValue(key, out turn))
                turns.Add(key, turn = new Turn());
            if (turn.Users > maxWaiting)
                return null;
            turn.Users++;
        }

        try
        {
            await turn.Free.WaitAsync(cancellation);
            return new Pass(this, key, turn);
        }
        catch
        {
            Leave(key, turn);
            throw;
        }
    }

    private void Leave(TKey key, Turn turn)
    {
        lock (turns)
        {
            if (--turn.Users == 0)
                turns.Remove(key);
        }
    }

    private sealed class Turn
    {
        public SemaphoreSlim Free { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Pass(KeyedGate<TKey> gate, TKey key, Turn turn) : IDisposable
    {
        private int left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref left, 1) != 0)
                return;
            turn.Free.Release();
            gate.Leave(key, turn);
        }
    }
}
