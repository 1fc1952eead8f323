using Bauta.Bank.Ledger;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Accounts;

/// <summary>Opens merchants' accounts, states their payees anew, and tells their owners the balance.</summary>
internal sealed class AccountDesk(
    BankOptions options, BankDatabase database, AccountDirectory directory, TimeProvider clock)
{
    private const int CollectAtOnce = 256;
    private const int LookAtOnce = 64;

    public async Task<Result<AccountState, BankError>> OpenAsync(
        Signed<AccountOrder> order, CancellationToken cancellation)
    {
        var (content, now) = (order.Content, UnixTime.Now(clock));
        if (content.At.Seconds > now.Seconds + ReadOrders.ToleranceSeconds)
            return BankError.BadExpiry;
        if (!P256PublicKey.TryFromSpki(content.Key, out var key) || !order.IsSignedBy(key))
            return BankError.BadSignature;
        var account = AccountId.Of(key);
        return await database.WriteAsync<Result<AccountState, BankError>>(
            (transaction, books) =>
            {
                if (AccountRows.Find(transaction, account) is not { } row)
                {
                    if (books.Accounts >= options.MaxAccounts && !TryMakeRoom(transaction, books, now))
                        return BankError.TooMany;
                    AccountRows.Open(transaction, account, content.Payee, content.At, now);
                    books.OpenAccount(account);
                    return new AccountState(Amount.Zero, Amount.Zero, Amount.Zero);
                }

                // An order that somebody kept and sends again later must not bring an old payee back.
                if (content.At > row.StatedAt)
                    AccountRows.SetPayee(transaction, account, content.Payee, content.At, now);
                else if (content.Payee != row.Payee)
                    return Result<AccountState, BankError>.Refuse(
                        BankError.IdReused, "A newer order states another payee.");
                return State(transaction, account, row, now);
            },
            cancellation);
    }

    public async Task<Result<AccountState, BankError>> ReadAsync(
        Signed<ReadOrder> order, CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        var owner = ReadOrders.Verify(order, now);
        if (!owner.IsOk)
            return owner.Error.Value;
        var account = AccountId.Of(owner.Value);
        return await database.ReadAsync<Result<AccountState, BankError>>(
            reader => AccountRows.Find(reader, account) is { } row
                ? State(reader, account, row, now)
                : BankError.UnknownAccount,
            cancellation);
    }

    /// <summary>Moves what is past the dispute window into the accounts, so that accruals stay few.</summary>
    public async Task CollectAsync(CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        var due = await database.ReadAsync(reader => AccountRows.WithReady(reader, now, CollectAtOnce), cancellation);
        foreach (var account in due)
            await database.WriteAsync(
                (transaction, _) =>
                {
                    AccountRows.Collect(
                        transaction, account, now, AccountRows.Accrued(transaction, account, now).Ready);
                },
                cancellation);
    }

    /// <summary>
    /// Drops the account that was unused for longest: anybody opens one for nothing, so a table full of them must not
    /// keep out a merchant. One that money ever went to is never dropped; its owner states it again after a while, so
    /// that of the others those stay that somebody keeps.
    /// </summary>
    private bool TryMakeRoom(IWriteTransaction transaction, Books books, UnixTime now)
    {
        foreach (var (account, hasAccruals) in AccountRows.Idle(transaction, LookAtOnce))
        {
            if (hasAccruals || books.IsBusy(account))
            {
                // To the end of the line, so that the next one who needs room does not look at it again.
                AccountRows.Keep(transaction, account, now);
                continue;
            }

            AccountRows.Drop(transaction, account);
            books.DropAccount(account);
            transaction.OnCommit(() => directory.Forget(account));
            return true;
        }

        return false;
    }

    private static AccountState State(IReadTransaction transaction, AccountId account, AccountRow row, UnixTime now)
    {
        var (ready, waiting) = AccountRows.Accrued(transaction, account, now);
        return new AccountState(
            row.Available + ready + waiting + row.Ordered + row.Held, row.Available + ready, row.PaidOut,
            row.Held == Amount.Zero ? null : row.Held);
    }
}
