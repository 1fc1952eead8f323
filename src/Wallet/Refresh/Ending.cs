using Bauta.Wallet.Tokens;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    // Of the time for which a token can be spent the last part is for refreshing it.
    private const long LifeParts = 20;

    /// <summary>
    /// Turns tokens that can soon be spent no more into fresh ones, by what is kept here of their keys: nobody is asked
    /// while there are none. Each alone, as with every refresh.
    /// </summary>
    private async Task RefreshEndingAsync(IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var held = await Store.TokensAsync(TokenState.Held, cancellation);
        var ends = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (var keyId in held.Select(token => token.TokenKeyId).DistinctBy(Convert.ToHexString))
            ends[Convert.ToHexString(keyId)] = await IsEndingAsync(keyId, cancellation);
        var ending = held.Where(token => ends[Convert.ToHexString(token.TokenKeyId)]).ToArray();
        if (ending.Length == 0)
            return;
        progress?.Report(new WalletStep(
            "refresh", $"{ending.Length} token(s) can soon be spent no more and are turned into fresh ones"));
        await BeginRefreshAsync(ending, cancellation);
        await ResumeRefreshesAsync(progress, cancellation);
    }

    private async Task<bool> IsEndingAsync(byte[] tokenKeyId, CancellationToken cancellation)
    {
        var kept = await Store.Database.ReadAsync(
            transaction => transaction.Query(
                "SELECT record FROM announced WHERE token_key_id = $1", ReadKey, tokenKeyId),
            cancellation);
        return kept.Any(one => one?.Key.Content is { } terms && Now < terms.ExpiresAt
            && Now.Seconds >= terms.SpendUntil.Seconds
                - ((terms.SpendUntil.Seconds - terms.WithdrawFrom.Seconds) / LifeParts));
    }
}
