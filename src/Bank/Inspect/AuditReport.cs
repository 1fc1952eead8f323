using Bauta.Bank.Ledger;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;

namespace Bauta.Bank.Inspect;

/// <summary>One row that is wrong.</summary>
/// <param name="Table">Where it stands, or where it is missing.</param>
/// <param name="Row">Its key there: a number, or bytes in hexadecimal.</param>
/// <param name="Detail">What was compared.</param>
public sealed record AuditRow(string Table, string Row, string Detail);

/// <summary>All that was found of one kind.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Rows">The first of them, at most <see cref="AuditReport.MaxShown"/>.</param>
public sealed record AuditFinding(AuditKind Kind, long Count, IReadOnlyList<AuditRow> Rows);

/// <summary>What an audit found. It names rows, so it is for the bank's operator alone.</summary>
/// <param name="Totals">The bank's totals as they stand.</param>
/// <param name="Findings">In the order of <see cref="AuditKind"/>; none when all agrees.</param>
/// <param name="Rows">How many rows were read of each table.</param>
/// <param name="LogSizes">How far each log was read.</param>
/// <param name="Unjudged">Decided locks under a policy whose log was not given, or could not be used.</param>
public sealed record AuditReport(
    BankTotals Totals, IReadOnlyList<AuditFinding> Findings, IReadOnlyDictionary<string, long> Rows,
    IReadOnlyDictionary<string, long> LogSizes, long Unjudged)
{
    /// <summary>How many rows of a kind are named.</summary>
    public const int MaxShown = 20;
}

/// <summary>A log whose decisions this bank acts on.</summary>
public sealed record AuditedLog(ArchivePolicy Policy, ILog Log);

/// <summary>The bank that is audited, as its configuration says, and what its rows are compared with.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Currency">Its currency.</param>
/// <param name="Key">Its statement key.</param>
/// <param name="Logs">The logs of its archives, the first one's with its denominations.</param>
/// <param name="Issuer">Where another bank issues: its name and key.</param>
/// <param name="SpentAt">Where another bank locks: its name and key.</param>
/// <param name="Mark">What the second place said before the audit began.</param>
public sealed record AuditScope(
    string Name, Currency Currency, P256PublicKey Key, IReadOnlyList<AuditedLog> Logs,
    (string Name, P256PublicKey Key)? Issuer = null, (string Name, P256PublicKey Key)? SpentAt = null,
    long? Mark = null);
