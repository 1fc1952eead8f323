using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Ledger;

/// <summary>
/// The totals behind conservation: per key issued = unspent + locked + settled + refreshed + refunded + expired, and
/// of the whole bank funded = reserves + unspent + locked + merchants + paid out + fees + expired.
/// </summary>
/// <remarks>
/// Used on the database's writer only. A work posts what it moves; before the commit all posts of the transaction are
/// asserted and written in one statement a key, so that concurrent requests do not queue for the same rows. When a
/// transaction is rolled back its posts are dropped; see <see cref="BankDatabase"/>.
/// </remarks>
public sealed class Books
{
    private readonly Dictionary<long, KeyTotals> keys = [];
    private readonly Dictionary<AccountId, int> openLocks = [];
    private readonly HashSet<AccountId> accounts = [];
    private readonly Dictionary<long, KeyTotals> pendingKeys = [];
    private readonly Dictionary<AccountId, int> pendingOpenLocks = [];
    private readonly Dictionary<(AccountId Account, long ReadyAt), long> pendingAccruals = [];
    private readonly Dictionary<AccountId, bool> pendingAccounts = [];
    private readonly HashSet<long> pendingWriteOffs = [];
    private BankTotals bank;
    private BankTotals pendingBank;

    /// <summary>What of a key's issue is in circulation: what can still be locked, refreshed or recouped.</summary>
    public long Unspent(long key) =>
        keys.GetValueOrDefault(key).Unspent + pendingKeys.GetValueOrDefault(key).Unspent;

    /// <summary>All of a key's totals, with what this transaction has moved.</summary>
    internal KeyTotals Totals(long key) => keys.GetValueOrDefault(key) + pendingKeys.GetValueOrDefault(key);

    /// <summary>All the money ever taken in.</summary>
    public long Funded => bank.Funded + pendingBank.Funded;

    /// <summary>Whether one more request fits into what can be counted, whatever it admits.</summary>
    public bool HasRoom => Funded <= Amount.Maximum - (Authorization.MaxTokens * (1L << Denomination.MaxExponent));

    /// <summary>How many locks in favour of an account wait for their decision.</summary>
    public int OpenLocks(AccountId account) =>
        openLocks.GetValueOrDefault(account) + pendingOpenLocks.GetValueOrDefault(account);

    /// <summary>Whether there is such an account.</summary>
    public bool HasAccount(AccountId account) =>
        pendingAccounts.TryGetValue(account, out var isThere) ? isThere : accounts.Contains(account);

    /// <summary>How many accounts there are.</summary>
    public int Accounts => accounts.Count + pendingAccounts.Sum(
        change => (change.Value ? 1 : 0) - (accounts.Contains(change.Key) ? 1 : 0));

    /// <summary>Whether a lock in favour of an account waits, or a sum that this transaction settled.</summary>
    public bool IsBusy(AccountId account) =>
        OpenLocks(account) > 0 || pendingAccruals.Keys.Any(slot => slot.Account.Equals(account));

    public void OpenAccount(AccountId account) => pendingAccounts[account] = true;

    public void DropAccount(AccountId account) => pendingAccounts[account] = false;

    public void Fund(Amount amount) => Post(new BankTotals
    {
        Funded = amount.MinorUnits,
        Reserves = amount.MinorUnits,
    });

    public void Issue(long key, Amount amount)
    {
        var sum = amount.MinorUnits;
        Post(key, new KeyTotals { Issued = sum, Unspent = sum });
        Post(new BankTotals { Reserves = -sum, Unspent = sum });
    }

    /// <summary>A token that another bank issued is seen for the first time: its whole value is a claim on the
    /// issuer.</summary>
    public void Admit(long key, Amount value)
    {
        var sum = value.MinorUnits;
        Post(key, new KeyTotals { Issued = sum, Unspent = sum });
        Post(new BankTotals { Funded = sum, Unspent = sum });
    }

    public void Lock(long key, Amount amount) => Lock(key, amount.MinorUnits);

    public void Unlock(long key, Amount amount) => Lock(key, -amount.MinorUnits);

    public void Settle(long key, Amount amount)
    {
        var sum = amount.MinorUnits;
        Post(key, new KeyTotals { Locked = -sum, Settled = sum });
        Post(new BankTotals { Locked = -sum, Merchants = sum });
    }

    public void Refresh(long key, Amount amount)
    {
        var sum = amount.MinorUnits;
        Post(key, new KeyTotals { Unspent = -sum, Refreshed = sum });
        Post(new BankTotals { Unspent = -sum, Reserves = sum });
    }

    /// <summary>What is left of another issuer's token goes back to it, by a notice or a closing: the claim is given
    /// up.</summary>
    public void Return(long key, Amount amount)
    {
        var sum = amount.MinorUnits;
        Post(key, new KeyTotals { Unspent = -sum, Refreshed = sum });
        Post(new BankTotals { Unspent = -sum, PaidOut = sum });
    }

    public void Recoup(long key, Amount amount)
    {
        var sum = amount.MinorUnits;
        Post(key, new KeyTotals { Unspent = -sum, Refunded = sum });
        Post(new BankTotals { Unspent = -sum, Reserves = sum });
    }

    public void Expire(long key, Amount amount)
    {
        var sum = amount.MinorUnits;
        pendingWriteOffs.Add(key);
        Post(key, new KeyTotals { Unspent = -sum, Expired = sum });
        Post(new BankTotals { Unspent = -sum, Expired = sum });
    }

    /// <summary>Whether this transaction closes a key: nothing of it is unspent, and nobody forged anything.</summary>
    public bool IsWrittenOff(long key) => pendingWriteOffs.Contains(key);

    public void PayOut(Amount amount) => Post(new BankTotals
    {
        Merchants = -amount.MinorUnits,
        PaidOut = amount.MinorUnits,
    });

    /// <summary>A settled sum that the account can draw on from <paramref name="readyAt"/>.</summary>
    public void Accrue(AccountId account, UnixTime readyAt, Amount amount)
    {
        var slot = (account, readyAt.Seconds);
        pendingAccruals[slot] = pendingAccruals.GetValueOrDefault(slot) + amount.MinorUnits;
    }

    /// <summary>What waits for an account in one slot, with what this transaction settled and withheld.</summary>
    public long Accrued(IReadTransaction transaction, AccountId account, UnixTime readyAt) =>
        BookRows.Accrued(transaction, account, readyAt.Seconds)
        + pendingAccruals.GetValueOrDefault((account, readyAt.Seconds));

    /// <summary>Takes a disputed sum out of what waits; there is as much.</summary>
    public void Withhold(AccountId account, UnixTime readyAt, Amount amount)
    {
        var slot = (account, readyAt.Seconds);
        pendingAccruals[slot] = pendingAccruals.GetValueOrDefault(slot) - amount.MinorUnits;
    }

    /// <summary>A disputed sum goes back to the customer: to a reserve, or where another bank issued the tokens to that
    /// bank.</summary>
    public void Reverse(Amount amount, bool isOwn)
    {
        var sum = amount.MinorUnits;
        Post(new BankTotals { Merchants = -sum, Reserves = isOwn ? sum : 0, PaidOut = isOwn ? 0 : sum });
    }

    public void CountOpenLock(AccountId account, int change) =>
        pendingOpenLocks[account] = pendingOpenLocks.GetValueOrDefault(account) + change;

    internal void Post(long key, KeyTotals delta) => pendingKeys[key] = pendingKeys.GetValueOrDefault(key) + delta;

    internal void Post(BankTotals delta) => pendingBank += delta;

    internal void Load(IReadTransaction transaction)
    {
        foreach (var (key, totals) in BookRows.Keys(transaction))
            keys[key] = totals;
        foreach (var (account, count) in BookRows.OpenLocks(transaction))
            openLocks[account] = count;
        accounts.UnionWith(BookRows.Accounts(transaction));
        bank = BookRows.Bank(transaction);
    }

    /// <summary>Called before each transaction, also before one that is run again: forgets what one that was rolled
    /// back has left.</summary>
    internal void Begin()
    {
        pendingKeys.Clear();
        pendingOpenLocks.Clear();
        pendingAccounts.Clear();
        pendingWriteOffs.Clear();
        pendingAccruals.Clear();
        pendingBank = default;
    }

    /// <summary>Called before the commit: asserts conservation and writes the totals.</summary>
    internal void Write(IWriteTransaction transaction)
    {
        Assert();
        foreach (var (key, delta) in pendingKeys)
            BookRows.Add(transaction, key, delta);
        if (pendingBank != default || pendingKeys.Count > 0)
            BookRows.Add(transaction, pendingBank);
        foreach (var (slot, amount) in pendingAccruals)
            BookRows.Accrue(transaction, slot.Account, slot.ReadyAt, amount);
    }

    /// <summary>Called after the commit, once for each work of the transaction; the first takes all over.</summary>
    internal void Commit()
    {
        foreach (var (key, delta) in pendingKeys)
            keys[key] = keys.GetValueOrDefault(key) + delta;
        foreach (var (account, change) in pendingOpenLocks)
        {
            var count = openLocks.GetValueOrDefault(account) + change;
            if (count == 0)
                openLocks.Remove(account);
            else
                openLocks[account] = count;
        }

        foreach (var (account, isThere) in pendingAccounts)
        {
            if (isThere)
                accounts.Add(account);
            else
                accounts.Remove(account);
        }

        bank += pendingBank;
        Begin();
    }

    private void Assert()
    {
        long unspent = 0, locked = 0, expired = 0;
        foreach (var (key, delta) in pendingKeys)
        {
            var after = keys.GetValueOrDefault(key) + delta;
            if (!after.IsConserved || !after.IsNowhereNegative)
                throw new ConservationException("A denomination key's value would not be conserved.");
            (unspent, locked, expired) = (unspent + delta.Unspent, locked + delta.Locked, expired + delta.Expired);
        }

        var total = bank + pendingBank;
        if (!total.IsConserved || !total.IsNowhereNegative || total.Funded > Amount.Maximum)
            throw new ConservationException("The bank's money would not be conserved.");
        if (unspent != pendingBank.Unspent || locked != pendingBank.Locked || expired != pendingBank.Expired)
            throw new ConservationException("The keys and the bank as a whole would disagree.");
    }

    private void Lock(long key, long sum)
    {
        Post(key, new KeyTotals { Unspent = -sum, Locked = sum });
        Post(new BankTotals { Unspent = -sum, Locked = sum });
    }
}
