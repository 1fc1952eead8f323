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

    [LoggerMessage(9, LogLevel.Warning, "{work} failed and is tried again.")]
    public partial void Failed(Exception failure, string work);

    [LoggerMessage(10, LogLevel.Error,
        "The clock was set by more than a minute. For {seconds} seconds no key is made, destroyed or written off by "
        + "its date: put the clock right in this time if it is wrong.")]
    public partial void ClockJumped(long seconds);
}
