using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Bank;

namespace Bauta.Bank;

/// <summary>
/// The issuer directory of RFC 9578 section 4: keys in use and the next ones, each with the time from which it signs.
/// It is made once for a list and made anew when a key in it ends, since anybody may ask for it. Safe for concurrent
/// use.
/// </summary>
internal sealed class DirectoryListing(string tokenRequestPath)
{
    private volatile Made? last;

    public byte[] Of(DenominationList list, UnixTime now)
    {
        var made = last;
        if (made is null || !ReferenceEquals(made.List, list) || now < made.From || now >= made.Until)
            last = made = Make(list, now);
        return made.Bytes;
    }

    private Made Make(DenominationList list, UnixTime now)
    {
        var revoked = list.RevokedKeyIds();
        var keys = list.Denominations.Select(listed => listed.Key.Content)
            .Where(key => now < key.WithdrawUntil)
            .Select(key => (Key: RsaPublicKey.FromSpki(key.TokenKey), key.WithdrawFrom, key.WithdrawUntil))
            .Where(one => !revoked.Contains(Convert.ToHexString(one.Key.KeyId)))
            .ToArray();
        var directory = new IssuerDirectory(tokenRequestPath, [.. keys.Select(one => new IssuerKey(
            one.Key, DateTimeOffset.FromUnixTimeSeconds(one.WithdrawFrom.Seconds)))]);
        var until = keys.Select(one => one.WithdrawUntil).DefaultIfEmpty(now.AddSeconds(60)).Min();
        return new Made(list, now, until, directory.Encode());
    }

    private sealed record Made(DenominationList List, UnixTime From, UnixTime Until, byte[] Bytes);
}
