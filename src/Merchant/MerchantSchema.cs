using Bauta.Storage;

namespace Bauta.Merchant;

/// <summary>The merchant's tables. Secrets of a purchase stand only in columns called <c>sealed</c>.</summary>
public static class MerchantSchema
{
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new Migration(1, "offers, purchases, payments, payouts", """
            CREATE TABLE offers (
                offer_id {blob} PRIMARY KEY,
                title {text} NOT NULL,
                description {text} NOT NULL,
                price {bigint} NOT NULL,
                currency {text} NOT NULL,
                file_name {text} NOT NULL,
                size_bytes {bigint} NOT NULL,
                content_hash {blob} NOT NULL,
                added_at {bigint} NOT NULL,
                withdrawn_at {bigint}
            ) {strict};

            CREATE TABLE purchases (
                n {blob} PRIMARY KEY,
                request_id {blob} NOT NULL UNIQUE,
                body_hash {blob} NOT NULL,
                delivery_id {blob} NOT NULL UNIQUE,
                offer_id {blob} NOT NULL,
                content_hash {blob} NOT NULL,
                size_bytes {bigint} NOT NULL,
                goods_root {blob} NOT NULL,
                price {bigint} NOT NULL,
                expires_at {bigint} NOT NULL,
                sealed {blob} NOT NULL
            ) {strict};

            CREATE TABLE open_purchases (
                n {blob} PRIMARY KEY,
                expires_at {bigint} NOT NULL,
                size_bytes {bigint} NOT NULL
            ) {clustered};
            CREATE INDEX open_purchases_by_expiry ON open_purchases (expires_at);

            CREATE TABLE dropped_purchases (
                request_id {blob} PRIMARY KEY,
                body_hash {blob} NOT NULL,
                dropped_at {bigint} NOT NULL
            ) {clustered};
            CREATE INDEX dropped_purchases_by_age ON dropped_purchases (dropped_at);

            CREATE TABLE goods_leaves (
                n {blob} PRIMARY KEY,
                leaves {blob} NOT NULL
            ) {strict};

            CREATE TABLE payments (
                n {blob} PRIMARY KEY,
                lock_note {text} NOT NULL,
                payment_note {text} NOT NULL,
                release {text} NOT NULL,
                released_at {bigint} NOT NULL,
                state {bigint} NOT NULL CHECK (state BETWEEN 1 AND 4),
                outcome {text},
                entry {blob},
                proof {text},
                attempts {bigint} NOT NULL,
                next_try_at {bigint} NOT NULL,
                CHECK ((state = 1) = (entry IS NULL)),
                CHECK ((entry IS NULL) = (proof IS NULL) AND (entry IS NULL) = (outcome IS NULL))
            ) {strict};
            CREATE INDEX payments_unfinished ON payments (next_try_at) WHERE state < 3;
            CREATE INDEX payments_by_time ON payments (released_at, n);

            CREATE TABLE payouts (
                payout_id {blob} PRIMARY KEY,
                amount {bigint} NOT NULL,
                payout_order {text} NOT NULL,
                ordered_at {bigint} NOT NULL,
                state {text} NOT NULL,
                attempts {bigint} NOT NULL,
                next_try_at {bigint} NOT NULL
            ) {strict};
            CREATE INDEX payouts_by_time ON payouts (ordered_at, payout_id);
            """),
        new Migration(2, "what is unfinished, sold and named, without reading all history", """
            CREATE INDEX payouts_unfinished ON payouts (next_try_at) WHERE state IN ('sending', 'ordered');

            CREATE TABLE sale_totals (
                one {bigint} PRIMARY KEY CHECK (one = 1),
                committed_count {bigint} NOT NULL,
                committed_total {bigint} NOT NULL
            ) {strict};
            INSERT INTO sale_totals (one, committed_count, committed_total)
            SELECT 1, CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(p.price), 0) AS BIGINT)
            FROM payments s JOIN purchases p ON p.n = s.n WHERE s.outcome = 'commit' AND s.state < 4;

            CREATE INDEX offers_by_goods ON offers (content_hash);
            CREATE INDEX purchases_by_goods ON purchases (content_hash, expires_at);
            """),
        new Migration(3, "the customer's acknowledgement of a two-sided delivery", """
            ALTER TABLE payments ADD COLUMN acknowledgement {text};
            """),
        new Migration(4, "what is sold by the item, and sessions", """
            ALTER TABLE offers ADD COLUMN tariff_price {bigint};
            ALTER TABLE offers ADD COLUMN tariff_per {text};
            ALTER TABLE payments ADD COLUMN item {text};

            CREATE TABLE sessions (
                n {blob} PRIMARY KEY,
                lock_note {text} NOT NULL,
                payment_note {text} NOT NULL,
                expires_at {bigint} NOT NULL,
                item {bigint} NOT NULL,
                total {bigint} NOT NULL,
                masked_key {blob},
                acknowledgement {text},
                item_text {text},
                paid_until {bigint},
                CHECK ((item = 0) = (acknowledgement IS NULL))
            ) {strict};
            CREATE INDEX sessions_by_expiry ON sessions (expires_at);
            """),
        new Migration(5, "what is made to order", """
            ALTER TABLE offers ADD COLUMN lock_order {text};
            ALTER TABLE payments ADD COLUMN made {text};

            CREATE TABLE orders (
                n {blob} PRIMARY KEY,
                lock_note {text} NOT NULL,
                payment_note {text} NOT NULL,
                expires_at {bigint} NOT NULL,
                tries {bigint} NOT NULL,
                next_try_at {bigint} NOT NULL,
                made {text},
                force_at {bigint},
                CHECK ((made IS NULL) = (force_at IS NULL))
            ) {strict};
            CREATE INDEX orders_to_make ON orders (next_try_at) WHERE made IS NULL;
            CREATE INDEX orders_to_force ON orders (force_at) WHERE made IS NOT NULL;
            """),
        new Migration(6, "releases that were handed over before their lock", """
            CREATE TABLE early_releases (
                n {blob} PRIMARY KEY,
                sealed {blob} NOT NULL,
                attempts {bigint} NOT NULL,
                next_try_at {bigint} NOT NULL
            ) {strict};
            CREATE INDEX early_releases_due ON early_releases (next_try_at);
            """),
        new Migration(7, "receipts, and what was handed over against them", """
            ALTER TABLE offers ADD COLUMN receipt {bigint};

            CREATE TABLE hand_overs (
                n {blob} PRIMARY KEY,
                answer {text} NOT NULL,
                handed_at {bigint} NOT NULL
            ) {strict};
            """),
    ];
}
