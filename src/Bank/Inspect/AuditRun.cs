using Bauta.Bank.Ledger;
using Bauta.Protocol;
using Bauta.Storage;
using Bauta.Storage.Sqlite;

namespace Bauta.Bank.Inspect;

/// <summary>What one audit holds: the bank's rows in one snapshot, and beside them, in a scratch file, what of them is
/// compared. So memory stays bounded, and each comparison is one statement.</summary>
internal sealed class AuditRun(AuditScope? scope, UnixTime now, IProgress<double>? progress) : IDisposable
{
    /// <summary>How long what is due may wait before it is reported: longer than any pause between two tries.</summary>
    public const long GraceSeconds = 900;

    private const string Schema = """
        CREATE TABLE keys (number INTEGER PRIMARY KEY, value INTEGER, own INTEGER, revoked INTEGER, closed INTEGER);
        CREATE TABLE key_totals (key INTEGER PRIMARY KEY, issued INTEGER, unspent INTEGER, locked INTEGER,
            settled INTEGER, refreshed INTEGER, refunded INTEGER, expired INTEGER);
        CREATE TABLE credits (reserve BLOB PRIMARY KEY, amount INTEGER) WITHOUT ROWID;
        CREATE TABLE reserves (id BLOB PRIMARY KEY, balance INTEGER) WITHOUT ROWID;
        CREATE TABLE withdrawn (key INTEGER PRIMARY KEY, count INTEGER);
        CREATE TABLE recouped (request BLOB PRIMARY KEY, serial BLOB, key INTEGER) WITHOUT ROWID;
        CREATE TABLE tokens (serial BLOB PRIMARY KEY, key INTEGER, value INTEGER, admitted INTEGER, settled INTEGER,
            refreshed INTEGER, refunded INTEGER, locked INTEGER, lock_n BLOB, aborts INTEGER) WITHOUT ROWID;
        CREATE TABLE refreshes (serial BLOB PRIMARY KEY, recoup INTEGER, amount INTEGER, noticed INTEGER)
            WITHOUT ROWID;
        CREATE TABLE closings (serial BLOB PRIMARY KEY, amount INTEGER) WITHOUT ROWID;
        CREATE TABLE locks (n BLOB PRIMARY KEY, state INTEGER, account BLOB, amount INTEGER, expires_at INTEGER,
            poll_at INTEGER, note BLOB, judged INTEGER, total_key BLOB, paid INTEGER, owner BLOB) WITHOUT ROWID;
        CREATE TABLE parts (serial BLOB, n BLOB, key INTEGER, amount INTEGER, state INTEGER, drawn INTEGER,
            PRIMARY KEY (serial, n)) WITHOUT ROWID;
        CREATE TABLE accounts (id BLOB PRIMARY KEY, available INTEGER, ordered INTEGER, paid_out INTEGER,
            held INTEGER, reversed INTEGER) WITHOUT ROWID;
        CREATE TABLE disputes (n BLOB PRIMARY KEY, account BLOB, amount INTEGER, state INTEGER, refund INTEGER,
            rule_by INTEGER, owner BLOB, noticed INTEGER) WITHOUT ROWID;
        CREATE TABLE accruals (account BLOB PRIMARY KEY, amount INTEGER) WITHOUT ROWID;
        CREATE TABLE earned (account BLOB PRIMARY KEY, amount INTEGER) WITHOUT ROWID;
        CREATE TABLE payouts (id BLOB PRIMARY KEY, account BLOB, amount INTEGER, state INTEGER, order_id BLOB,
            next_try_at INTEGER) WITHOUT ROWID;
        CREATE INDEX orders ON payouts (order_id);
        CREATE TABLE decisions (n BLOB PRIMARY KEY, kind TEXT, at INTEGER, note BLOB, early INTEGER, commitment BLOB,
            sealed_total BLOB) WITHOUT ROWID;
        """;

    private readonly Dictionary<string, long> rows = [];
    private IReadTransaction? bank;
    private long expected = 1;
    private long counted;

    public AuditScope? Scope => scope;

    public UnixTime Now => now;

    public AuditNotes Notes { get; } = new();

    public ScratchDatabase Scratch { get; } = new(Schema);

    public LogFacts Logs { get; } = new();

    public IReadOnlyDictionary<string, long> Rows => rows;

    public BankTotals Totals { get; set; }

    public long Fundings { get; set; }

    /// <summary>Whether this bank issues what is locked, here or elsewhere; false where another issues.</summary>
    public bool IsIssuer { get; set; } = true;

    public CancellationToken Cancellation { get; private set; }

    /// <summary>The bank's rows, all of one moment. Valid in <see cref="Read"/>.</summary>
    public IReadTransaction Bank => bank ?? throw new InvalidOperationException("The snapshot has ended.");

    public void Read(IReadTransaction snapshot, CancellationToken cancellation)
    {
        (bank, Cancellation) = (snapshot, cancellation);
        try
        {
            foreach (var table in (string[])["withdrawals", "tokens", "locks"])
                expected += snapshot.QuerySingleOrDefault($"SELECT COUNT(*) FROM {table}", row => row.GetInt64(0));
            KeyTables.Read(this);
            MoneyTables.Read(this);
            SaleTables.Read(this);
            DisputeTable.Read(this);
        }
        finally
        {
            bank = null;
        }
    }

    public void Count(string table, int read)
    {
        rows[table] = rows.GetValueOrDefault(table) + read;
        counted += read;
        progress?.Report(Math.Min(1, (double)counted / expected));
    }

    /// <summary>Whether this bank signed it, under the key that it has or one that it had; not asked without a
    /// scope.</summary>
    public bool IsOwn<T>(Signed<T> statement)
        where T : class, IStatement<T> =>
        scope is null || Logs.IsBy(statement, (scope.Name, scope.Key));

    public long Number(string sql, params object?[] values) =>
        Scratch.QuerySingleOrDefault(sql, static row => row.GetInt64(0), values);

    public void Dispose() => Scratch.Dispose();
}
