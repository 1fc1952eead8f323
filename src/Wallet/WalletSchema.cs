using Bauta.Storage;

namespace Bauta.Wallet;

/// <summary>
/// The wallet's tables. What spends, and every identifier that another party knows, is sealed under the password or
/// stands as a keyed hash (<c>name</c>, <c>reserve</c>, <c>purchase</c>); states and values of tokens are not.
/// </summary>
public static class WalletSchema
{
    /// <summary>All steps of the schema.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new(1, "first tables", """
            CREATE TABLE settings (name {text} PRIMARY KEY, value {blob} NOT NULL) {strict};
            CREATE TABLE reserves (
                name {text} PRIMARY KEY,
                number {bigint} UNIQUE,
                token_key_id {blob},
                token_number {bigint},
                open {bool} NOT NULL) {strict};
            CREATE TABLE fundings (
                reserve {text} PRIMARY KEY,
                state {text} NOT NULL,
                record {blob} NOT NULL) {strict};
            CREATE TABLE tokens (
                token_key_id {blob} NOT NULL,
                number {bigint} NOT NULL,
                value {bigint} NOT NULL,
                remaining {bigint} NOT NULL,
                state {text} NOT NULL,
                reserve {text},
                purchase {text},
                token {blob},
                PRIMARY KEY (token_key_id, number)) {strict};
            CREATE INDEX tokens_by_state ON tokens (state, remaining);
            CREATE TABLE denominations (token_key_id {blob} PRIMARY KEY, record {blob} NOT NULL) {strict};
            CREATE TABLE purchases (
                name {text} PRIMARY KEY,
                open {bool} NOT NULL,
                record {blob} NOT NULL) {strict};
            CREATE INDEX purchases_open ON purchases (open);
            """),
        new(2, "a key's place in the log for each policy", """
            CREATE TABLE announced (
                token_key_id {blob} NOT NULL,
                policy {blob} NOT NULL,
                record {blob} NOT NULL,
                PRIMARY KEY (token_key_id, policy)) {strict};
            INSERT INTO announced (token_key_id, policy, record) SELECT token_key_id, x'', record FROM denominations;
            DROP TABLE denominations;
            """),
        new(3, "disputes", """
            CREATE TABLE disputes (
                purchase {text} PRIMARY KEY,
                open {bool} NOT NULL,
                record {blob} NOT NULL) {strict};
            """),
        new(4, "which tokens the bank was seen to count", """
            CREATE TABLE issue_checks (
                token_key_id {blob} NOT NULL,
                number {bigint} NOT NULL,
                asked_at {bigint} NOT NULL,
                counted {bool} NOT NULL,
                PRIMARY KEY (token_key_id, number)) {strict};
            """),
    ];
}
