using Bauta.Host.WalletVerbs;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Relay;
using Bauta.Wallet;

namespace Bauta.Host.PayPerUse;

/// <summary>
/// The sessions of one shop, one after another: goes on with one that is open, opens another one when its sum is used
/// up or it is about to expire, and never more than the user allows.
/// </summary>
internal sealed class Spending(
    OpenWallet open, PartyAddress shop, OfferTerms offer, Amount limit, Amount most) : IDisposable
{
    private const long LeastSecondsLeft = 60;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim turn = new(1, 1);
    private WalletSession? session;
    private Amount spentBefore;

    // Owed in the session that this went on with, before it did.
    private Amount found;

    /// <summary>Owed in all that this has opened or gone on with.</summary>
    public Amount Spent => spentBefore + (session?.Total ?? Amount.Zero);

    /// <summary>How many items there were in the session that runs.</summary>
    public long Count => session?.Count ?? 0;

    /// <summary>Buys one item.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="waiting">Ends the wait for those who came earlier: whoever gives up then has asked for
    /// nothing.</param>
    /// <param name="cancellation">Gives up at any time.</param>
    public async Task<byte[]> AskAsync(byte[] request, CancellationToken waiting, CancellationToken cancellation)
    {
        await turn.WaitAsync(waiting);
        try
        {
            var running = await SessionAsync(cancellation);
            var saved = running.Saved;
            var item = await running.AskAsync(request, cancellation);
            if (running.Saved != saved)
                open.Output.Note($"An answer that was paid for earlier and never handed over is in {running.Saved}");
            return item;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Ends the session that runs.</summary>
    public async Task CloseAsync(CancellationToken cancellation)
    {
        if (session is not { } running)
            return;
        await running.CloseAsync(patience, null, cancellation);
        (spentBefore, session) = (spentBefore + running.Total, null);
        running.Dispose();
    }

    public void Dispose()
    {
        session?.Dispose();
        turn.Dispose();
    }

    private async Task<WalletSession> SessionAsync(CancellationToken cancellation)
    {
        if (session is null && await open.Wallet.FindSessionAsync(shop, offer, cancellation) is { } kept)
            (session, found) = (kept, found + kept.Total);
        if (session is { } running && (!running.HasRoom
            || running.ExpiresAt < UnixTime.Now(TimeProvider.System).AddSeconds(LeastSecondsLeft)))
            await CloseAsync(cancellation);
        if (Spent + offer.Tariff!.Price > most + found)
            throw new HostException(ExitCode.Refused,
                "What you allowed for this shop is used up. Allow more with --max.");
        if (session is not null)
            return session;
        var left = Amount.FromMinorUnits((most + found).MinorUnits - Spent.MinorUnits);
        return session = await open.Wallet.OpenSessionAsync(
            shop, offer, left < limit ? left : limit, patience, null, cancellation);
    }
}
