using Bauta.Http;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Microsoft.Extensions.Logging;

namespace Bauta.Bank;

/// <summary>All that a bank ever logs. No message names a person, token, transaction, reserve or account.</summary>
internal sealed partial class BankLog(ILogger logger)
{
    private readonly ILogger logger = logger;

    [LoggerMessage(1, LogLevel.Warning, "The archive refused to enter a {kind}: {error}. It is sent again.")]
    public partial void AnnouncementRefused(string kind, ArchiveError error);

    [LoggerMessage(2, LogLevel.Warning, "A denomination key was revoked.")]
    public partial void KeyRevoked();

    [LoggerMessage(3, LogLevel.Error, "The list of denominations is full; no key is made. Shorten the periods.")]
    public partial void TooManyKeys();

    [LoggerMessage(4, LogLevel.Critical,
        "More of a denomination key came back than was issued, so the key is known to a forger. It is revoked.")]
    public partial void KeyForged();

    [LoggerMessage(5, LogLevel.Warning, "The archive does not decide on an expired lock: {error}. It is asked again.")]
    public partial void DecisionRefused(ArchiveError error);

    [LoggerMessage(6, LogLevel.Error, "The archive's decision on an expired lock does not hold. It is asked again.")]
    public partial void DecisionBad();

    [LoggerMessage(7, LogLevel.Warning, "The acquirer refused a payout order: {error}. It is sent again.")]
    public partial void PayoutRefused(AcquirerError error);

    [LoggerMessage(8, LogLevel.Error, "The acquirer's receipt does not hold. The order is sent again.")]
    public partial void ReceiptBad();

    [LoggerMessage(9, LogLevel.Warning, "{work} failed ({reason}) and is tried again.")]
    private partial void Failed(string work, string reason);

    public void Failed(string work, Exception failure) => Failed(work, FailureKinds.Of(failure));

    [LoggerMessage(10, LogLevel.Error,
        "The clock was set by more than a minute. For {seconds} seconds no key is made, destroyed or written off by "
        + "its date: put the clock right in this time if it is wrong.")]
    public partial void ClockJumped(long seconds);

    [LoggerMessage(11, LogLevel.Warning,
        "{count} open locks are under a policy that no archive of the configuration has. No decision on them "
        + "counts here, and their value stays locked: name that archive with its old policy too.")]
    public partial void LocksWithoutArchive(long count);

    [LoggerMessage(13, LogLevel.Error,
        "The archive refused to enter a day's totals: {error}. They are sent again; wallets and public audits see that "
        + "they are missing.")]
    public partial void TotalsRefused(ArchiveError error);

    [LoggerMessage(12, LogLevel.Error,
        "{count} locks that have expired are under a policy that no archive of the configuration has. Their value "
        + "stays locked until that archive is named with its old policy too.")]
    public partial void ExpiredWithoutArchive(int count);
}
