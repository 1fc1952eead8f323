using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Host.Bench;

/// <summary>What an archive is asked to decide, signed with the bank's own key.</summary>
internal static class Sales
{
    private const long OneHour = 3600;

    /// <summary>A release in time: the archive commits.</summary>
    public static DecisionRequest Commit(ISigner bank, PolicyId archive)
    {
        using var release = P256PrivateKey.Generate();
        var n = TransactionId.Of(release.PublicKey);
        var masked = RandomNumberGenerator.GetBytes(32);
        var note = new LockNote(
            n, UnixTime.Now(TimeProvider.System).AddSeconds(OneHour), archive, KeyCommitment.To(n, masked));
        return new DecisionRequest(
            Signed<LockNote>.Sign(bank, note),
            Signed<Release>.Sign(release, new Release(release.PublicKey.Spki, masked)));
    }

    /// <summary>A lock that has expired: the archive aborts.</summary>
    public static DecisionRequest Abort(ISigner bank, PolicyId archive) => new(Signed<LockNote>.Sign(
        bank, new LockNote(
            TransactionId.Generate(), UnixTime.Now(TimeProvider.System).AddSeconds(-1), archive,
            KeyCommitment.Generate())));
}
