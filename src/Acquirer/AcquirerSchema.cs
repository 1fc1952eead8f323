using Bauta.Storage;

namespace Bauta.Acquirer;

/// <summary>The sandbox's tables. A card number stands nowhere: only its last four digits and a keyed hash.</summary>
public static class AcquirerSchema
{
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new Migration(1, "takings, payouts, totals", """
            CREATE TABLE takings (
                request_id {blob} PRIMARY KEY,
                body_hash {blob} NOT NULL,
                card_hash {blob} NOT NULL,
                card_last_four {text} NOT NULL,
                bank {text} NOT NULL,
                reserve {blob} NOT NULL,
                currency {text} NOT NULL,
                amount {bigint} NOT NULL CHECK (amount > 0),
                state {text} NOT NULL CHECK (state IN ('pending', 'approved', 'declined')),
                received_at {bigint} NOT NULL,
                decide_at {bigint} NOT NULL,
                notice {text},
                CHECK ((state = 'approved') = (notice IS NOT NULL))
            ) {strict};
            CREATE INDEX takings_pending ON takings (decide_at) WHERE state = 'pending';

            CREATE TABLE payouts (
                payout_id {blob} PRIMARY KEY,
                body_hash {blob} NOT NULL,
                bank {text} NOT NULL,
                payee {text} NOT NULL,
                currency {text} NOT NULL,
                amount {bigint} NOT NULL CHECK (amount > 0),
                paid {bigint} NOT NULL CHECK (paid IN (0, 1)),
                received_at {bigint} NOT NULL,
                receipt {text} NOT NULL
            ) {strict};

            CREATE TABLE totals (
                day {bigint} NOT NULL,
                bank {text} NOT NULL,
                currency {text} NOT NULL,
                approved {bigint} NOT NULL,
                taken_in {bigint} NOT NULL,
                declined {bigint} NOT NULL,
                paid {bigint} NOT NULL,
                paid_out {bigint} NOT NULL,
                refused {bigint} NOT NULL,
                PRIMARY KEY (day, bank, currency)
            ) {clustered};
            """),
    ];
}
