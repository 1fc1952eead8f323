using Bauta.Bank.Ledger;
using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Bank.Inspect;

/// <summary>
/// Recomputes a bank from its evidence: what it signed, what the archive decided, what came in. It reads only, beside a
/// bank that runs, and reports all that does not agree.
/// </summary>
/// <remarks>
/// All rows are of one moment. The logs are read before it and on to their end after it, so what is on its way between
/// bank and archive is not reported. Memory is bounded: the rows pass in pages, and what of them is compared lies in a
/// scratch file.
/// </remarks>
public static class BankAudit
{
    /// <summary>Audits a bank.</summary>
    /// <param name="database">The bank's, opened with <see cref="BankSchema.Migrations"/>.</param>
    /// <param name="scope">What the rows are compared with; null to compare them with each other only.</param>
    /// <param name="clock">Tells what is overdue.</param>
    /// <param name="progress">Told how much of the database is read.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="PartyUnreachableException">A log does not answer.</exception>
    public static async Task<AuditReport> RunAsync(
        IReadDatabase database, AuditScope? scope, TimeProvider clock, IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        using var run = new AuditRun(scope, UnixTime.Now(clock), progress);
        await run.Logs.ReadAsync(run, isEarly: true, cancellation);
        await database.ReadAsync(
            snapshot =>
            {
                run.Read(snapshot, cancellation);
                return true;
            },
            cancellation);
        await run.Logs.ReadAsync(run, isEarly: false, cancellation);
        AuditRules.Judge(run);
        return new AuditReport(
            run.Totals, run.Notes.ToList(), run.Rows, run.Logs.Sizes,
            scope is null ? 0 : AuditRules.Unjudged(run));
    }

    /// <summary>The totals when all rows agree with each other: what tests and measurements ask at their end.</summary>
    /// <exception cref="ConservationException">They do not.</exception>
    public static async Task<BankTotals> TotalsAsync(
        IReadDatabase database, CancellationToken cancellation = default)
    {
        var report = await RunAsync(database, null, TimeProvider.System, null, cancellation);
        return report.Findings.Count == 0
            ? report.Totals
            : throw new ConservationException("The audit fails: " + string.Join("; ", report.Findings.Select(found =>
                $"{found.Count} {AuditKinds.Code(found.Kind)}, {found.Rows[0].Table}: {found.Rows[0].Detail}")));
    }
}
