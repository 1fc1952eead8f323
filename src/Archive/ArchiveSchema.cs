using Bauta.Storage;

namespace Bauta.Archive;

/// <summary>
/// The log in the archive's database. A row of <c>entries</c> holds up to 16 leaves, a line each; <c>decisions</c> and,
/// for the newest, <c>recent</c> say what is decided, on bank and transaction (see <see cref="Log.DecisionIndex"/>);
/// <c>head</c> is moved in the transaction of the entries it counts; <c>checkpoints</c> holds only those that reached
/// the quorum, as they were published, for ever: each answers for the entries above the one before. <c>keepings</c> and
/// <c>kept</c> are the goods of forced commits, chunk by chunk (see <see cref="Keep.Keeping"/>).
/// </summary>
public static class ArchiveSchema
{
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new(1, "log", """
            CREATE TABLE entries (
                idx {bigint} PRIMARY KEY,
                leaf {blob} NOT NULL
            ) {strict};
            CREATE TABLE tiles (
                level {bigint} NOT NULL,
                idx {bigint} NOT NULL,
                hashes {blob} NOT NULL,
                PRIMARY KEY (level, idx)
            ) {strict};
            CREATE TABLE decisions (
                subject {blob} NOT NULL PRIMARY KEY,
                idx {bigint} NOT NULL
            ) {clustered};
            CREATE TABLE statements (
                kind {text} NOT NULL,
                subject {blob} NOT NULL,
                idx {bigint} NOT NULL,
                PRIMARY KEY (kind, subject)
            ) {clustered};
            CREATE TABLE checkpoints (
                size {bigint} PRIMARY KEY,
                note {blob} NOT NULL
            ) {strict};
            CREATE TABLE head (
                id {bigint} PRIMARY KEY CHECK (id = 1),
                size {bigint} NOT NULL,
                root {blob} NOT NULL,
                last_at {bigint} NOT NULL
            ) {strict};
            """),
        new(2, "recent decisions", """
            CREATE TABLE recent (
                first_idx {bigint} PRIMARY KEY,
                decisions {blob} NOT NULL
            ) {strict};
            """),
        new(3, "leaves share rows", """
            ALTER TABLE entries RENAME COLUMN idx TO first_idx;
            ALTER TABLE entries RENAME COLUMN leaf TO leaves;
            """),
        new(4, "goods kept for forced commits", """
            CREATE TABLE keepings (
                subject {blob} PRIMARY KEY,
                goods_root {blob} NOT NULL,
                size_bytes {bigint} NOT NULL,
                expires_at {bigint} NOT NULL,
                is_committed {bigint} NOT NULL
            ) {strict};
            CREATE INDEX keepings_by_expiry ON keepings (is_committed, expires_at);
            CREATE TABLE kept (
                subject {blob} NOT NULL,
                idx {bigint} NOT NULL,
                chunk {blob} NOT NULL,
                PRIMARY KEY (subject, idx)
            ) {strict};
            CREATE TABLE keeping_total (bytes {bigint} NOT NULL) {strict};
            INSERT INTO keeping_total (bytes) VALUES (0);
            """),
    ];
}
