using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Tests.Crypto;

namespace Bauta.Tests.Archive;

/// <summary>Statements of a bank that stand in the log.</summary>
internal static class Statements
{
    private static readonly byte[] TokenKey = MakeTokenKey();

    /// <param name="bank">Signs.</param>
    /// <param name="issuer">The issuer.</param>
    /// <param name="minorUnits">The value.</param>
    /// <param name="key">Names one of many token keys.</param>
    /// <param name="startsAfter">Seconds by which the withdrawals, which last 1,000 seconds, begin later.</param>
    public static Signed<Denomination> Denomination(
        ISigner bank, string issuer, long minorUnits = 4, int key = 0, long startsAfter = 0)
    {
        var from = UnixTime.FromSeconds(1_800_000_000 + startsAfter);
        // Nothing is signed with them, so any modulus will do.
        var tokenKey = (byte[])TokenKey.Clone();
        tokenKey[^100] ^= unchecked((byte)key);
        tokenKey[^101] ^= (byte)(key >> 8);
        return Signed<Denomination>.Sign(bank, new Denomination(
            issuer, "EUR", 2, Amount.FromMinorUnits(minorUnits), tokenKey,
            from, from.AddSeconds(1000), from.AddSeconds(2000), from.AddSeconds(3000)));
    }

    public static Signed<Revocation> Revocation(ISigner bank, string issuer, Signed<Denomination> denomination) =>
        Signed<Revocation>.Sign(bank, new Revocation(
            issuer, SHA256.HashData(denomination.Content.TokenKey), denomination.Content.WithdrawFrom));

    public static Signed<Totals> Totals(
        ISigner bank, string name, Signed<Denomination> denomination, long day = 20_000, long spent = 0) =>
        Signed<Totals>.Sign(bank, new Totals(
            name, SHA256.HashData(denomination.Content.TokenKey), day, 3, Amount.FromMinorUnits(spent), Amount.Zero));

    private static byte[] MakeTokenKey()
    {
        using var key = TestKeys.Rsa();
        return key.PublicKey.Spki;
    }
}
