using System.Collections.Concurrent;
using Bauta.Bank.Ledger;
using Bauta.Protocol;

namespace Bauta.Bank.Accounts;

/// <summary>Which accounts there are, and when what is settled for them can be paid out.</summary>
internal sealed class AccountDirectory(BankOptions options, BankDatabase database)
{
    // A window is cut into this many parts, so that an account's pending sums stay few however much it sells.
    private const long PartsPerWindow = 128;

    // Spares a look at the database. A lock's write asks the books again, since an account may be dropped meanwhile.
    private readonly ConcurrentDictionary<AccountId, bool> seen = new();

    public async Task<bool> ExistsAsync(AccountId account, CancellationToken cancellation)
    {
        if (seen.ContainsKey(account))
            return true;
        if (!await database.ReadAsync(reader => AccountRows.Exists(reader, account), cancellation))
            return false;
        seen[account] = true;
        return true;
    }

    /// <summary>Called after the commit that dropped an account.</summary>
    public void Forget(AccountId account) => seen.TryRemove(account, out _);

    /// <summary>When a sum settled now is past the dispute window: never earlier, at most a part later.</summary>
    public UnixTime ReadyAt(UnixTime settledAt)
    {
        var part = Math.Max(1, options.DisputeWindowSeconds / PartsPerWindow);
        var ready = settledAt.Seconds + options.DisputeWindowSeconds;
        return UnixTime.FromSeconds((ready + part - 1) / part * part);
    }
}
