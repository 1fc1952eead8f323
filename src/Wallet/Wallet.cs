using Bauta.Protocol;
using Bauta.Protocol.Parties;
using Bauta.Wallet.Network;
using Bauta.Wallet.Tokens;

namespace Bauta.Wallet;

/// <summary>What the wallet holds, by where it stands.</summary>
/// <param name="Spendable">In tokens that can be spent now.</param>
/// <param name="SetAside">In tokens that are part of an open purchase.</param>
/// <param name="InReserves">Funded and not yet withdrawn.</param>
/// <param name="ToRefresh">In tokens that are refreshed before they can be spent.</param>
public sealed record WalletBalance(Amount Spendable, Amount SetAside, Amount InReserves, Amount ToRefresh);

/// <summary>
/// The customer's side: tokens, purchases, evidence. Each verb is a folder: Fund, Withdraw, Purchase, Refresh, Restore.
/// Everything it starts is written down first, so that <see cref="ResumeAsync"/> finishes what was cut off anywhere.
/// </summary>
public sealed partial class Wallet(WalletStore store, INetwork network, TimeProvider clock)
{
    private const string CurrencySetting = "currency";

    /// <summary>The wallet's file.</summary>
    public WalletStore Store { get; } = store;

    private UnixTime Now => UnixTime.Now(clock);

    /// <summary>The bank's currency; remembered, so that history reads without a network.</summary>
    public async Task<Currency> CurrencyAsync(CancellationToken cancellation)
    {
        if (await Store.SettingAsync(CurrencySetting, cancellation) is { } known)
            return Currency.Parse(known);
        var terms = (await network.BankCardAsync(cancellation)).Content.Bank!;
        var currency = Currency.Create(terms.Currency, terms.Decimals);
        await Store.SetAsync(CurrencySetting, currency.ToString(), cancellation);
        return currency;
    }

    /// <summary>The bank's denominations, verified.</summary>
    public async Task<DenominationBook> DenominationsAsync(CancellationToken cancellation)
    {
        var card = (await network.BankCardAsync(cancellation)).Content;
        var list = await network.Bank.DenominationsAsync(cancellation);
        return DenominationBook.Verify(
            list, card.Name, card.IdentityKey(), network.Policy, Now, network.MinWithdrawSeconds);
    }

    /// <summary>
    /// The cards of the bank that locks and, when it is another one, of the bank that issues. Each must name the other:
    /// else tokens would go to a bank that cannot know them spent.
    /// </summary>
    private async Task<(Signed<PartyCard> Locking, Signed<PartyCard>? Issuer)> BanksAsync(
        CancellationToken cancellation)
    {
        var issuer = await network.BankCardAsync(cancellation);
        var locking = await network.LockingBankCardAsync(cancellation);
        var isOne = issuer.Content.Key.AsSpan().SequenceEqual(locking.Content.Key);
        var (issues, locks) = (issuer.Content.Bank!, locking.Content.Bank!);
        if (isOne && issues is not { Issuer: null, SpentAt: null })
            throw new WalletException(WalletError.Refused,
                $"{issuer.Content.Name} and another bank share issuing and locking: it "
                + (issues.SpentAt is { } other ? $"issues tokens that only {other.Name} locks" : "issues none")
                + ". The network file must pin both, as bank and spentAt.");
        if (!isOne && (issues.SpentAt != BankPeer.Of(locking.Content) || locks.Issuer != BankPeer.Of(issuer.Content)
            || locks.Currency != issues.Currency || locks.Decimals != issues.Decimals))
            throw new WalletException(WalletError.Distrusted,
                $"{issuer.Content.Name} and {locking.Content.Name} do not name each other as issuer and locking bank. "
                + "Nothing was sent; ask their operators.");
        return (locking, isOne ? null : issuer);
    }

    /// <summary>What the wallet holds.</summary>
    public async Task<WalletBalance> BalanceAsync(CancellationToken cancellation)
    {
        var reserves = Amount.Zero;
        foreach (var (read, reserve) in (await OpenReservesAsync(cancellation)).Index())
        {
            if (read > 0)
                await PauseAsync(cancellation);
            reserves += await ReserveBalanceAsync(reserve, cancellation);
        }

        var closed = (await ReservesAsync(cancellation)).Where(reserve => !reserve.IsOpen)
            .Select(reserve => reserve.Name).ToHashSet();
        reserves += Sum((await Store.TokensAsync(TokenState.Planned, cancellation))
            .Where(token => token.Reserve is { } reserve && closed.Contains(reserve)));
        return new WalletBalance(
            Sum(await Store.TokensAsync(TokenState.Held, cancellation)),
            Sum(await Store.TokensAsync(TokenState.SetAside, cancellation)),
            reserves,
            Sum(await Store.TokensAsync(TokenState.Doubtful, cancellation))
                + Sum(await Store.TokensAsync(TokenState.Refreshing, cancellation)));
    }

    /// <summary>
    /// Finishes whatever was cut off: fundings, withdrawals, refreshes, purchases. Safe to run at any time.
    /// </summary>
    /// <returns>What is still open because another party has not answered or a time has not come.</returns>
    public async Task<IReadOnlyList<string>> ResumeAsync(
        IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var open = new List<string>();
        await ResumeFundingsAsync(open, cancellation);
        await Attempt("withdrawal", IssuePlannedAsync(cancellation), open);
        await Attempt("tokens near their end", RefreshEndingAsync(progress, cancellation), open);
        await Attempt("refresh", ResumeRefreshesAsync(progress, cancellation), open);
        await Attempt("tokens of revoked keys", RecoupAsync(progress, cancellation), open);
        foreach (var purchase in await Store.PurchasesAsync(onlyOpen: true, cancellation))
        {
            var name = $"purchase {purchase.Order.Id.ToString()[..8]} of {purchase.Order.Offer.Title}";
            if (await Attempt(name, AdvanceAsync(purchase, TimeSpan.Zero, progress, cancellation), open)
                && await Store.PurchaseAsync(purchase.Order.Id, cancellation) is { IsFinal: false } waiting)
                open.Add($"{name}: {waiting.GetType().Name.ToLowerInvariant()}");
        }

        await ResumeDisputesAsync(open, cancellation);
        return open;
    }

    /// <returns>Whether it did not fail.</returns>
    private static async Task<bool> Attempt(string what, Task work, List<string> open)
    {
        try
        {
            await work;
            return true;
        }
        catch (Exception failure) when (failure is PartyUnreachableException or WalletException
            or ProtocolViolationException)
        {
            open.Add($"{what}: {failure.Message}");
            return false;
        }
    }

    private static Amount Sum(IEnumerable<WalletToken> tokens) =>
        tokens.Aggregate(Amount.Zero, (sum, token) => sum + token.Remaining);

    private static WalletException Refused<TError>(string what, TError error, string detail)
        where TError : struct, Enum =>
        new(WalletError.Refused, $"{what}: {Refusals<TError>.Meaning(error)}"
            + (detail.Length > 0 && detail != Refusals<TError>.Meaning(error) ? $" ({detail})" : ""));
}

/// <summary>A step as it happens, for a person who watches.</summary>
/// <param name="Label">Such as <c>P2</c>.</param>
/// <param name="Text">One sentence.</param>
/// <param name="Part">While a step that takes long is under way: how much of it is done, 0 to 1. Null when it is
/// done.</param>
public sealed record WalletStep(string Label, string Text, double? Part = null)
{
    /// <summary>So many of so many.</summary>
    internal static WalletStep UnderWay(string label, string what, long done, long of) =>
        new(label, $"{what} {done} of {of}", of == 0 ? 1 : (double)done / of);
}

/// <summary>Tells the reading of a file as part of a step.</summary>
internal sealed class ReadingStep(string label, string what, IProgress<WalletStep>? progress) : IProgress<double>
{
    public void Report(double value) => progress?.Report(new WalletStep(label, what, value));
}
