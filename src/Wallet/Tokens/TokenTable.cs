using Bauta.Protocol;
using Bauta.Storage;
using Bauta.Wallet.Vault;

namespace Bauta.Wallet.Tokens;

/// <summary>A token in the wallet.</summary>
/// <param name="TokenKeyId">The denomination key's ID.</param>
/// <param name="Number">Its number under that key, from which its secrets derive.</param>
/// <param name="Value">Its denomination.</param>
/// <param name="Remaining">What is left of it.</param>
/// <param name="State">One of <see cref="TokenState"/>.</param>
/// <param name="Reserve">The name of the reserve that pays or paid for it; none when it was restored.</param>
/// <param name="Purchase">The name of the purchase that it is set aside for.</param>
/// <param name="Token">The RFC 9578 token, once issued.</param>
public sealed record WalletToken(
    byte[] TokenKeyId, long Number, Amount Value, Amount Remaining, string State, string? Reserve, string? Purchase,
    byte[]? Token)
{
    /// <summary>Whether a part of it was spent, so that the bank has seen it.</summary>
    public bool IsRest => Remaining < Value && Remaining > Amount.Zero;
}

/// <summary>A token's life: planned, held, set aside; then spent, or refreshed and gone.</summary>
public static class TokenState
{
    /// <summary>The withdrawal may have been asked for.</summary>
    public const string Planned = "planned";

    /// <summary>Ready to spend.</summary>
    public const string Held = "held";

    /// <summary>Part of an open purchase.</summary>
    public const string SetAside = "set-aside";

    /// <summary>The bank refused a lock that it was part of, or a part of it is spent: it is refreshed before
    /// use.</summary>
    public const string Doubtful = "doubtful";

    /// <summary>Its rest is being turned into a reserve.</summary>
    public const string Refreshing = "refreshing";

    /// <summary>Nothing is left.</summary>
    public const string Gone = "gone";
}

/// <summary>Tokens as rows. What spends one is sealed: the bank knows its serial and who was paid with it.</summary>
internal sealed class TokenTable(WalletVault vault)
{
    private const string Columns =
        "token_key_id, number, value, remaining, state, reserve, purchase, token";

    /// <summary>Planned tokens in the order of their plans: of two under one key the lower number comes
    /// first.</summary>
    public IReadOnlyList<WalletToken> Planned(IReadTransaction transaction) => transaction.Query(
        $"SELECT {Columns} FROM tokens WHERE state = $1 ORDER BY rowid", Read, TokenState.Planned);

    public IReadOnlyList<WalletToken> InState(IReadTransaction transaction, string state) => transaction.Query(
        $"SELECT {Columns} FROM tokens WHERE state = $1 ORDER BY token_key_id, number", Read, state);

    public IReadOnlyList<WalletToken> OfPurchase(IReadTransaction transaction, string purchase) =>
        transaction.Query(
            $"SELECT {Columns} FROM tokens WHERE purchase = $1 ORDER BY token_key_id, number", Read,
            purchase);

    public static long NextNumber(IReadTransaction transaction, byte[] tokenKeyId) => transaction.QuerySingleOrDefault(
        "SELECT COALESCE(MAX(number), -1) FROM tokens WHERE token_key_id = $1", row => row.GetInt64(0), tokenKeyId) + 1;

    public static void Plan(
        IWriteTransaction transaction, byte[] tokenKeyId, long number, Amount value, string reserve) =>
        transaction.Execute(
            "INSERT INTO tokens (token_key_id, number, value, remaining, state, reserve) "
            + "VALUES ($1, $2, $3, $3, $4, $5)",
            tokenKeyId, number, value.MinorUnits, TokenState.Planned, reserve);

    public void Issue(IWriteTransaction transaction, WalletToken token, byte[] bytes) => transaction.Execute(
        "UPDATE tokens SET state = $1, token = $2 WHERE token_key_id = $3 AND number = $4 AND state = $5",
        TokenState.Held, vault.Seal(Place(token.TokenKeyId, token.Number), bytes), token.TokenKeyId, token.Number,
        TokenState.Planned);

    /// <summary>
    /// Drops the plan of tokens that the bank never signed; their reserves still hold the value. All of the key from
    /// that number on go with them: a restore stops at a gap, and would never find what was issued behind it.
    /// </summary>
    public static void ForgetFrom(IWriteTransaction transaction, byte[] tokenKeyId, long number)
    {
        transaction.Execute(
            "UPDATE reserves SET open = $1 WHERE name IN (SELECT reserve FROM tokens "
            + "WHERE token_key_id = $2 AND number >= $3 AND state = $4)",
            true, tokenKeyId, number, TokenState.Planned);
        transaction.Execute(
            "DELETE FROM tokens WHERE token_key_id = $1 AND number >= $2 AND state = $3",
            tokenKeyId, number, TokenState.Planned);
    }

    /// <summary>Takes in a token that was found again and may have been spent; one that is there already stays as it
    /// is.</summary>
    public void Restore(
        IWriteTransaction transaction, byte[] tokenKeyId, long number, Amount value, byte[] bytes) =>
        transaction.Execute(
            "INSERT INTO tokens (token_key_id, number, value, remaining, state, token) "
            + "VALUES ($1, $2, $3, $3, $4, $5) ON CONFLICT (token_key_id, number) DO NOTHING",
            tokenKeyId, number, value.MinorUnits, TokenState.Doubtful, vault.Seal(Place(tokenKeyId, number), bytes));

    public static IReadOnlyList<long> Numbers(IReadTransaction transaction, byte[] tokenKeyId) => transaction.Query(
        "SELECT number FROM tokens WHERE token_key_id = $1", row => row.GetInt64(0), tokenKeyId);

    public static void SetAside(IWriteTransaction transaction, CoinUse use, string purchase) =>
        transaction.ExecuteExpecting(1,
            "UPDATE tokens SET state = $1, purchase = $2 WHERE token_key_id = $3 AND number = $4 "
            + "AND state IN ($5, $6)",
            TokenState.SetAside, purchase, use.Coin.TokenKeyId, use.Coin.Number, TokenState.Held, TokenState.Doubtful);

    /// <summary>Ends a token's part in a purchase.</summary>
    public static void Release(
        IWriteTransaction transaction, byte[] tokenKeyId, long number, string purchase, Amount remaining,
        string state) =>
        transaction.ExecuteExpecting(1,
            "UPDATE tokens SET state = $1, purchase = NULL, remaining = $2 "
            + "WHERE token_key_id = $3 AND number = $4 AND purchase = $5",
            state, remaining.MinorUnits, tokenKeyId, number, purchase);

    public static void SetState(IWriteTransaction transaction, WalletToken token, string state, Amount remaining) =>
        transaction.Execute(
            "UPDATE tokens SET state = $1, remaining = $2 WHERE token_key_id = $3 AND number = $4",
            state, remaining.MinorUnits, token.TokenKeyId, token.Number);

    /// <summary>Tokens that the bank has not yet shown to be counted.</summary>
    public IReadOnlyList<WalletToken> Unchecked(IReadTransaction transaction) => transaction.Query(
        $"""
        SELECT {Columns} FROM tokens WHERE token IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM issue_checks c
            WHERE c.token_key_id = tokens.token_key_id AND c.number = tokens.number AND c.counted = $1)
        """,
        Read, true);

    public static int Counted(IReadTransaction transaction) => checked((int)transaction.QuerySingleOrDefault(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM issue_checks WHERE counted = $1", row => row.GetInt64(0), true));

    /// <summary>Notes what the bank answered.</summary>
    /// <returns>When it was first asked.</returns>
    public static UnixTime NoteCheck(IWriteTransaction transaction, WalletToken token, bool isCounted, UnixTime now)
    {
        transaction.Execute(
            "INSERT INTO issue_checks (token_key_id, number, asked_at, counted) VALUES ($1, $2, $3, $4) "
            + "ON CONFLICT (token_key_id, number) DO UPDATE SET counted = excluded.counted",
            token.TokenKeyId, token.Number, now.Seconds, isCounted);
        return UnixTime.FromSeconds(transaction.QuerySingleOrDefault(
            "SELECT asked_at FROM issue_checks WHERE token_key_id = $1 AND number = $2", row => row.GetInt64(0),
            token.TokenKeyId, token.Number));
    }

    private WalletToken Read(IRow row)
    {
        var (keyId, number) = (row.GetBytes(0), row.GetInt64(1));
        return new WalletToken(
            keyId, number, Amount.FromMinorUnits(row.GetInt64(2)), Amount.FromMinorUnits(row.GetInt64(3)),
            row.GetString(4), Text(row, 5), Text(row, 6),
            row.GetBytesOrNull(7) is { } box ? vault.Open(Place(keyId, number), box) : null);
    }

    private static string? Text(IRow row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static string Place(byte[] tokenKeyId, long number) =>
        $"tokens/{Convert.ToHexStringLower(tokenKeyId)}/{number}";
}
