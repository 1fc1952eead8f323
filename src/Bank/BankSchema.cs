using Bauta.Storage;

namespace Bauta.Bank;

/// <summary>The bank's tables. Whatever a row must always satisfy is a CHECK, so that a bug cannot commit.</summary>
public static class BankSchema
{
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new(1, "the bank", Keys + Money + Sales),
        new(2, "the bank that issues or locks for this one", Partner),
        new(3, "a number that grows with every commit that moves value", Moves),
        new(4, "how often a token's lock was aborted", Aborts),
        new(5, "when an account was last stated", Stated),
        new(6, "tokens of a revoked key that were closed for the issuer", Closings),
        new(7, "locks of which only a part may be paid", Sessions),
        new(8, "disputes, and until when a payment can be disputed", Disputed),
        new(9, "P2 as it was signed, until its tokens' end", Retained),
        new(10, "releases that wait for their lock", EarlyReleases),
        new(11, "what is stated of each key at the end of a day", Days),
    ];

    private const string Keys = """
        CREATE TABLE announcements (
            id {blob} PRIMARY KEY,
            kind {text} NOT NULL,
            statement {text} NOT NULL,
            entry {blob},
            proof {text},
            CHECK ((entry IS NULL) = (proof IS NULL))
        ) {strict};
        CREATE TABLE denominations (
            number {bigint} PRIMARY KEY,
            key_id {blob} NOT NULL UNIQUE,
            announcement {blob} NOT NULL UNIQUE,
            revocation {blob} UNIQUE,
            closed {bigint} NOT NULL CHECK (closed IN (0, 1))
        ) {strict};
        CREATE TABLE key_totals (
            key {bigint} PRIMARY KEY,
            issued {bigint} NOT NULL CHECK (issued >= 0),
            unspent {bigint} NOT NULL CHECK (unspent >= 0),
            locked {bigint} NOT NULL CHECK (locked >= 0),
            settled {bigint} NOT NULL CHECK (settled >= 0),
            refreshed {bigint} NOT NULL CHECK (refreshed >= 0),
            refunded {bigint} NOT NULL CHECK (refunded >= 0),
            expired {bigint} NOT NULL CHECK (expired >= 0),
            CHECK (issued = unspent + locked + settled + refreshed + refunded + expired)
        ) {strict};
        CREATE TABLE bank_totals (
            id {bigint} PRIMARY KEY CHECK (id = 1),
            funded {bigint} NOT NULL CHECK (funded >= 0),
            reserves {bigint} NOT NULL CHECK (reserves >= 0),
            unspent {bigint} NOT NULL CHECK (unspent >= 0),
            locked {bigint} NOT NULL CHECK (locked >= 0),
            merchants {bigint} NOT NULL CHECK (merchants >= 0),
            paid_out {bigint} NOT NULL CHECK (paid_out >= 0),
            fees {bigint} NOT NULL CHECK (fees >= 0),
            expired {bigint} NOT NULL CHECK (expired >= 0),
            CHECK (funded = reserves + unspent + locked + merchants + paid_out + fees + expired)
        ) {strict};
        INSERT INTO bank_totals (id, funded, reserves, unspent, locked, merchants, paid_out, fees, expired)
            VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0);

        """;

    private const string Moves = "ALTER TABLE bank_totals ADD COLUMN moves {bigint} NOT NULL DEFAULT 0;";

    // By the bank's clock; the index holds what could be dropped to make room, and a few more.
    private const string Stated = """
        ALTER TABLE accounts ADD COLUMN kept_at {bigint} NOT NULL DEFAULT 0;
        CREATE INDEX accounts_idle ON accounts (kept_at, id) WHERE available = 0 AND ordered = 0 AND paid_out = 0;
        """;

    private const string Aborts = "ALTER TABLE tokens ADD COLUMN aborts {bigint} NOT NULL DEFAULT 0;";

    // At the locking bank what it closed, at the issuer the notes that it credited: its receipts.
    private const string Closings = """
        CREATE TABLE closings (
            serial {blob} PRIMARY KEY,
            amount {bigint} NOT NULL CHECK (amount > 0),
            note {text} NOT NULL
        ) {strict};
        """;

    // What reads the total in a session's commit, and what that total came to.
    private const string Sessions = """
        ALTER TABLE locks ADD COLUMN total_key {blob};
        ALTER TABLE locks ADD COLUMN paid {bigint};
        """;

    // What was settled before can no longer be disputed.
    private const string Disputed = """
        ALTER TABLE locks ADD COLUMN ready_at {bigint};
        ALTER TABLE accounts ADD COLUMN held {bigint} NOT NULL DEFAULT 0 CHECK (held >= 0);
        ALTER TABLE accounts ADD COLUMN reversed {bigint} NOT NULL DEFAULT 0 CHECK (reversed >= 0);
        CREATE TABLE disputes (
            n {blob} PRIMARY KEY,
            dispute {text} NOT NULL,
            account {blob} NOT NULL,
            amount {bigint} NOT NULL CHECK (amount > 0),
            opened_at {bigint} NOT NULL,
            answer_by {bigint} NOT NULL,
            rule_by {bigint} NOT NULL,
            state {bigint} NOT NULL CHECK (state BETWEEN 0 AND 4),
            refund {bigint} NOT NULL CHECK (refund BETWEEN 0 AND amount),
            answer {text},
            ruling {text},
            notice {text},
            CHECK ((state = 2) = (refund > 0)),
            CHECK (notice IS NULL OR state = 2)
        ) {strict};
        CREATE INDEX disputes_open ON disputes (rule_by, n) WHERE state < 2;
        CREATE INDEX disputes_by_account ON disputes (account, n);
        """;

    // Appended and cut off by age: nothing asks for one of them but an operator who is accused.
    private const string Retained = """
        CREATE TABLE authorizations (
            ends_at {bigint} NOT NULL,
            n {blob} NOT NULL,
            p2 {blob} NOT NULL
        ) {strict};
        CREATE INDEX authorizations_by_end ON authorizations (ends_at, n);
        """;

    // At a bank that is its own archive (FIG. 7). The releases are sealed: before the commit nobody may read them.
    private const string EarlyReleases = """
        CREATE TABLE early_releases (
            n {blob} PRIMARY KEY,
            account {blob} NOT NULL,
            expires_at {bigint} NOT NULL,
            body_hash {blob} NOT NULL,
            sealed {blob} NOT NULL
        ) {strict};
        CREATE INDEX early_releases_by_account ON early_releases (account);
        CREATE INDEX early_releases_by_expiry ON early_releases (expires_at);
        """;

    // The day that was closed last; a withdrawal belongs to the one after it.
    private const string Days = """
        ALTER TABLE withdrawals ADD COLUMN day {bigint};
        CREATE INDEX withdrawals_by_day ON withdrawals (day, key);
        CREATE TABLE closed_day (
            id {bigint} PRIMARY KEY CHECK (id = 1),
            day {bigint} NOT NULL
        ) {strict};
        CREATE TABLE day_totals (
            day {bigint} NOT NULL,
            key {bigint} NOT NULL,
            issued {bigint} NOT NULL CHECK (issued >= 0),
            spent {bigint} NOT NULL CHECK (spent >= 0),
            refreshed {bigint} NOT NULL CHECK (refreshed >= 0),
            statement {text},
            entry {blob},
            proof {text},
            PRIMARY KEY (day, key),
            CHECK ((entry IS NULL) = (proof IS NULL)),
            CHECK (entry IS NULL OR statement IS NOT NULL)
        ) {strict};
        CREATE INDEX day_totals_open ON day_totals (day, key) WHERE entry IS NULL;
        """;

    // One row at most; no row is a bank that both issues and locks.
    private const string Partner = """
        CREATE TABLE partner (
            id {bigint} PRIMARY KEY CHECK (id = 1),
            issuer {text},
            spent_at {text},
            CHECK ((issuer IS NULL) <> (spent_at IS NULL))
        ) {strict};
        """;

    private const string Money = """
        CREATE TABLE fundings (
            id {blob} PRIMARY KEY,
            body_hash {blob} NOT NULL,
            reserve {blob} NOT NULL,
            amount {bigint} NOT NULL CHECK (amount > 0),
            balance {bigint} NOT NULL CHECK (balance >= amount)
        ) {clustered};
        CREATE TABLE reserves (
            id {blob} PRIMARY KEY,
            balance {bigint} NOT NULL CHECK (balance >= 0)
        ) {clustered};
        CREATE TABLE withdrawals (
            request_hash {blob} PRIMARY KEY,
            key {bigint} NOT NULL,
            signature {blob} NOT NULL,
            recouped {blob}
        ) {strict};
        CREATE TABLE tokens (
            serial {blob} PRIMARY KEY,
            key {bigint} NOT NULL,
            value {bigint} NOT NULL,
            admitted {bigint} NOT NULL CHECK (admitted = 0 OR admitted = value),
            settled {bigint} NOT NULL CHECK (settled >= 0),
            refreshed {bigint} NOT NULL CHECK (refreshed >= 0),
            refunded {bigint} NOT NULL CHECK (refunded >= 0),
            locked {bigint} NOT NULL CHECK (locked >= 0),
            lock_n {blob},
            CHECK (settled + refreshed + refunded + locked <= value),
            CHECK ((locked > 0) = (lock_n IS NOT NULL))
        ) {clustered};
        CREATE TABLE refreshes (
            serial {blob} PRIMARY KEY,
            recoup {bigint} NOT NULL CHECK (recoup IN (0, 1)),
            reserve {blob} NOT NULL,
            amount {bigint} NOT NULL CHECK (amount > 0),
            notice {text}
        ) {strict};

        """;

    private const string Sales = """
        CREATE TABLE locks (
            n {blob} PRIMARY KEY,
            payload_hash {blob} NOT NULL,
            account {blob} NOT NULL,
            policy {blob} NOT NULL,
            tokens {blob} NOT NULL,
            lock_note {text} NOT NULL,
            payment_note {text} NOT NULL,
            state {bigint} NOT NULL CHECK (state IN (0, 1, 2)),
            next_poll_at {bigint} NOT NULL
        ) {strict};
        CREATE INDEX locks_open ON locks (next_poll_at, n) WHERE state = 0;
        CREATE TABLE accounts (
            id {blob} PRIMARY KEY,
            payee {text} NOT NULL,
            stated_at {bigint} NOT NULL,
            available {bigint} NOT NULL CHECK (available >= 0),
            ordered {bigint} NOT NULL CHECK (ordered >= 0),
            paid_out {bigint} NOT NULL CHECK (paid_out >= 0)
        ) {strict};
        CREATE TABLE accruals (
            account {blob} NOT NULL,
            ready_at {bigint} NOT NULL,
            amount {bigint} NOT NULL CHECK (amount > 0),
            PRIMARY KEY (account, ready_at)
        ) {clustered};
        CREATE TABLE payouts (
            id {blob} PRIMARY KEY,
            body_hash {blob} NOT NULL,
            account {blob} NOT NULL,
            amount {bigint} NOT NULL CHECK (amount > 0),
            order_text {text} NOT NULL,
            state {bigint} NOT NULL CHECK (state IN (0, 1, 2)),
            next_try_at {bigint} NOT NULL
        ) {strict};
        CREATE INDEX payouts_open ON payouts (next_try_at, id) WHERE state = 0;
        """;
}
