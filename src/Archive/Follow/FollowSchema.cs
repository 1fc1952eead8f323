using Bauta.Storage;

namespace Bauta.Archive.Follow;

/// <summary>
/// What a reader of a log remembers: how far it accepted the log (<c>size</c>), how far it has read beyond
/// (<c>read_size</c>), and what every leaf was about. Rows at or above <c>size</c> are taken back when the leaves turn
/// out not to be those of the checkpoint.
/// </summary>
public static class FollowSchema
{
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new(1, "followed log", """
            CREATE TABLE followed (
                id {bigint} PRIMARY KEY CHECK (id = 1),
                origin {text} NOT NULL,
                size {bigint} NOT NULL,
                peaks {blob} NOT NULL,
                last_at {bigint} NOT NULL,
                read_size {bigint} NOT NULL,
                read_peaks {blob} NOT NULL,
                read_at {bigint} NOT NULL,
                CHECK (read_size >= size)
            ) {strict};
            CREATE TABLE decided (
                subject {blob} NOT NULL PRIMARY KEY,
                idx {bigint} NOT NULL,
                kind {text} NOT NULL,
                leaf_hash {blob} NOT NULL
            ) {clustered};
            CREATE TABLE stated (
                kind {text} NOT NULL,
                subject {blob} NOT NULL,
                name {text} NOT NULL,
                bank_key {blob},
                idx {bigint} NOT NULL,
                PRIMARY KEY (kind, subject)
            ) {clustered};
            """),
        new(2, "when keys can be withdrawn from", """
            CREATE TABLE announced (
                subject {blob} NOT NULL PRIMARY KEY,
                statement {text} NOT NULL,
                idx {bigint} NOT NULL
            ) {clustered};
            """),
    ];
}
