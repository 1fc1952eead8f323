using Bauta.Storage;

namespace Bauta.Wallet;

/// <summary>The wallet's tables. What tells who bought what is sealed under the password; states and sums are
/// not.</summary>
public static class WalletSchema
{
    /// <summary>All steps of the schema.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new(1, "first tables", """
            CREATE TABLE settings (name {text} PRIMARY KEY, value {blob} NOT NULL) {strict};
            CREATE TABLE reserves (
                reserve {blob} PRIMARY KEY,
                number {bigint},
                token_key_id {blob},
                token_number {bigint},
                open {bool} NOT NULL) {strict};
            CREATE TABLE fundings (
                id {blob} PRIMARY KEY,
                reserve {blob} NOT NULL,
                amount {bigint} NOT NULL,
                state {text} NOT NULL,
                record {blob} NOT NULL) {strict};
            CREATE TABLE tokens (
                token_key_id {blob} NOT NULL,
                number {bigint} NOT NULL,
                value {bigint} NOT NULL,
                remaining {bigint} NOT NULL,
                state {text} NOT NULL,
                reserve {blob} NOT NULL,
                purchase {blob},
                token {blob},
                PRIMARY KEY (token_key_id, number)) {strict};
            CREATE INDEX tokens_by_state ON tokens (state, remaining);
            CREATE TABLE denominations (token_key_id {blob} PRIMARY KEY, record {blob} NOT NULL) {strict};
            CREATE TABLE purchases (
                id {blob} PRIMARY KEY,
                started_at {bigint} NOT NULL,
                open {bool} NOT NULL,
                record {blob} NOT NULL) {strict};
            CREATE INDEX purchases_open ON purchases (open);
            """),
    ];
}
