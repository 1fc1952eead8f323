using Bauta.Archive.Log;
using Bauta.Bank.Inspect;
using Bauta.Bank.Ledger;
using Bauta.Protocol.Archive;
using Bauta.Simulation.Lies;
using Bauta.Wallet.Purchase;

namespace Bauta.Simulation.World;

/// <summary>What holds in every world: looked at after each step, and all of it at the end.</summary>
internal sealed partial class SimulatedWorld
{
    private readonly Dictionary<string, string> decided = [];
    private HashSet<string> openLocks = [];
    private long leavesSeen;
    private long archiveWrites = -1;
    private long bankWrites = -1;

    /// <summary>How many decisions of each kind the archive has made.</summary>
    public long CountDecided(string kind) => decided.Values.Count(one => one == kind);

    private void AfterStep()
    {
        if (isEnding)
            return;
        if (archiveNode.IsUp && archiveDisk.Counters.Writes != archiveWrites)
        {
            archiveWrites = archiveDisk.Counters.Writes;
            WatchArchive();
        }

        if (bankNode.IsUp && bankDisk.Counters.Writes != bankWrites)
        {
            bankWrites = bankDisk.Counters.Writes;
            WatchBank();
        }
    }

    /// <summary>Never two decisions on one lock, and each as the archive's rules demand.</summary>
    private void WatchArchive()
    {
        var size = archive.Size;
        if (size < leavesSeen)
            Breach("The archive's log has shrunk.");
        if (size <= leavesSeen)
            return;
        foreach (var leaf in archiveDisk.Look(transaction => LogStore.Leaves(transaction, leavesSeen, size)))
        {
            if (!LogEntry.TryParse(leaf.Span, out var entry))
                Breach("The archive's log holds a leaf that cannot be read.");
            else if (entry.IsDecision)
                WatchDecision(entry);
        }

        leavesSeen = size;
    }

    private void WatchDecision(LogEntry entry)
    {
        var note = entry.LockNote!;
        if (!decided.TryAdd(Name(note.Content.Transaction.Bytes), entry.Kind))
            Breach("The archive decided one transaction twice.");
        if (!note.IsSignedBy(kit.BankKey.PublicKey))
            Breach("The archive decided on a lock note that the bank did not sign.");
        if (entry.Kind == LogEntry.Commit && entry.At >= note.Content.ExpiresAt)
            Breach("The archive committed after the expiry.");
        if (entry.Kind == LogEntry.Abort && entry.At < note.Content.ExpiresAt)
            Breach("The archive aborted before the expiry.");
        if (entry.Kind == LogEntry.Commit && !Release.Matches(entry.Release!, note.Content))
            Breach("The archive committed to another key than the lock note names.");
    }

    /// <summary>A lock ends only as the archive decided.</summary>
    private void WatchBank()
    {
        var open = bankDisk.Look(transaction => transaction.Query(
            "SELECT n FROM locks WHERE state = 0", row => Name(row.GetBytes(0)))).ToHashSet();
        foreach (var ended in openLocks.Where(n => !open.Contains(n)))
        {
            var state = bankDisk.Look(transaction => transaction.QuerySingleOrDefault<long?>(
                "SELECT state FROM locks WHERE n = $1", row => row.GetInt64(0), Convert.FromHexString(ended)));
            var kind = decided.GetValueOrDefault(ended);
            if (state == 1 && kind != LogEntry.Commit)
                Breach("The bank paid the merchant without a commit.");
            else if (state == 2 && kind != LogEntry.Abort)
                Breach("The bank unlocked tokens without an abort.");
            else if (state is not (1 or 2))
                Breach("The bank forgot a lock.");
        }

        openLocks = open;
    }

    /// <summary>Everything that must hold once all is over: nobody has anything open, everybody's books agree with the
    /// log and with each other.</summary>
    public async Task JudgeAsync()
    {
        if (openLocks.Count > 0)
            Breach($"{openLocks.Count} locks are open after expiry and grace.");
        var report = await BankAudit.RunAsync(
            bankBooks,
            new AuditScope(
                Kit.Bank, BankOptions.Currency, kit.BankKey.PublicKey, [new AuditedLog(kit.Policy, archive)]),
            Loop.Clock);
        foreach (var found in report.Findings)
            Breach($"The audit found {found.Count} {AuditKinds.Code(found.Kind)}: {found.Rows[0].Detail}");
        await CompareMoneyAsync(report.Totals);
        foreach (var customer in Customers.Where(one => !Cheats.Contains(one.Number)))
        {
            var history = await customer.Wallet.HistoryAsync(CancellationToken.None);
            foreach (var state in history)
                JudgePurchase(customer, state);
            foreach (var state in history.Where(_ => chance.Below(history.Count) < 2))
                await HearAsync(customer, state);
        }
    }

    /// <summary>What the wallets, the shop and the bank hold is one sum.</summary>
    private async Task CompareMoneyAsync(BankTotals totals)
    {
        long held = 0, reserves = 0;
        foreach (var customer in Customers.Where(one => !Cheats.Contains(one.Number)))
        {
            var balance = await customer.Wallet.BalanceAsync(CancellationToken.None);
            held += (balance.Spendable + balance.SetAside + balance.ToRefresh).MinorUnits;
            reserves += balance.InReserves.MinorUnits;
        }

        // What cheats hold twice is not known.
        var (unspent, inBank) = (totals.Unspent + totals.Locked, totals.Reserves);
        if (Cheats.Count > 0 ? held > unspent : held != unspent)
            Breach($"The wallets hold {held}, the bank knows {totals.Unspent} unspent and {totals.Locked} locked.");
        if (Cheats.Count > 0 ? reserves > inBank : reserves != inBank)
            Breach($"The wallets have {reserves} in reserves, the bank {totals.Reserves}.");
        var sales = (await shop.Desk.SalesAsync(null, CancellationToken.None)).Value.CommittedTotal.MinorUnits;
        if (sales != totals.Merchants)
            Breach($"The shop was committed {sales} and the bank credited {totals.Merchants}.");
        Tally.Add("settled", totals.Merchants);
    }

    private void JudgePurchase(Customer customer, PurchaseState state)
    {
        Tally.Add("purchases " + state.GetType().Name.ToLowerInvariant());
        var n = Merchandise(state)?.Transaction();
        var kind = n is null ? null : decided.GetValueOrDefault(Name(n.Bytes));
        switch (state)
        {
            case Opened opened when kind != LogEntry.Commit:
                Breach("A customer has goods without a commit.");
                break;
            case Opened { AsPromised: false } when Liar != Lie.ShopWrongGoods:
                Breach("A customer has other goods than promised.");
                break;
            case Opened opened when !File.Exists(opened.Order.OutputPath):
                Breach("A customer's goods are gone.");
                break;
            case Returned when kind != LogEntry.Abort:
                Breach("A customer has the tokens back without an abort.");
                break;
            case Abandoned when kind == LogEntry.Commit:
                Breach("A purchase was paid that the customer takes for ended.");
                break;
            case { IsFinal: false }:
                Breach($"Customer {customer.Number} has a purchase that is {state.GetType().Name} after all expired.");
                break;
        }

        trace.AppendData([(byte)state.GetType().Name[0]]);
    }

    private static Protocol.Merchant.Merchandise? Merchandise(PurchaseState state) => state switch
    {
        Offered it => it.Merchandise.Content,
        Fetched it => it.Merchandise.Content,
        Authorized it => it.Merchandise.Content,
        Denied it => it.Merchandise.Content,
        Locked it => it.Merchandise.Content,
        Committed it => it.Merchandise.Content,
        Aborted it => it.Merchandise.Content,
        Opened it => it.Merchandise.Content,
        Returned it => it.Merchandise.Content,
        Abandoned it => it.Merchandise?.Content,
        _ => null,
    };

    private static string Name(ReadOnlySpan<byte> n) => Convert.ToHexStringLower(n);
}
