namespace Bauta.Storage;

/// <summary>What is known of a request id.</summary>
public abstract record StoredAnswer
{
    private StoredAnswer()
    {
    }

    /// <summary>The id is new.</summary>
    public sealed record None : StoredAnswer;

    /// <summary>The same id and body were answered before, with these bytes.</summary>
    public sealed record Same(byte[] Answer) : StoredAnswer;

    /// <summary>The id was used before, with another body.</summary>
    public sealed record Conflict : StoredAnswer;
}

/// <summary>Answers, stored in the transaction of their effect: same id and body, same bytes; other body,
/// conflict.</summary>
/// <remarks>Ids and body hashes are 32 bytes; times are Unix milliseconds.</remarks>
public static class AnswerStore
{
    /// <summary>To be part of a migration of each party that stores answers. Never changed, since databases were made
    /// with it.</summary>
    public const string Schema = """
        CREATE TABLE answers (
            request_id {blob} PRIMARY KEY,
            body_hash {blob} NOT NULL,
            answer {blob} NOT NULL,
            recorded_at {bigint} NOT NULL
        ) {strict};
        CREATE INDEX answers_by_age ON answers (recorded_at);
        """;

    private const int IdSize = 32;

    private static readonly StoredAnswer NoAnswer = new StoredAnswer.None();
    private static readonly StoredAnswer OtherBody = new StoredAnswer.Conflict();

    public static StoredAnswer Find(IReadTransaction transaction, byte[] requestId, byte[] bodyHash)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        CheckSizes(requestId, bodyHash);
        // A hash that matches itself needs no constant-time comparison: it is no secret of ours.
        var found = transaction.QuerySingleOrDefault(
            "SELECT body_hash, answer FROM answers WHERE request_id = $1",
            static row => (Hash: row.GetBytes(0), Answer: row.GetBytes(1)),
            requestId);
        if (found.Answer is null)
            return NoAnswer;
        return found.Hash.AsSpan().SequenceEqual(bodyHash) ? new StoredAnswer.Same(found.Answer) : OtherBody;
    }

    /// <summary>Stores the answer to a new id. An id that is there already fails the work with
    /// <see cref="StorageFailure.Conflict"/>.</summary>
    public static void Record(
        IWriteTransaction transaction, byte[] requestId, byte[] bodyHash, byte[] answer, long recordedAt)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(answer);
        CheckSizes(requestId, bodyHash);
        transaction.Execute(
            "INSERT INTO answers (request_id, body_hash, answer, recorded_at) VALUES ($1, $2, $3, $4)",
            requestId,
            bodyHash,
            answer,
            recordedAt);
    }

    /// <summary>The stored answer, or that of <paramref name="act"/>, which is then stored; null when the id was used
    /// with another body.</summary>
    public static byte[]? Once(
        IWriteTransaction transaction, byte[] requestId, byte[] bodyHash, long now, Func<byte[]> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        switch (Find(transaction, requestId, bodyHash))
        {
            case StoredAnswer.Same same:
                return same.Answer;
            case StoredAnswer.Conflict:
                return null;
            default:
                var answer = act();
                Record(transaction, requestId, bodyHash, answer, now);
                return answer;
        }
    }

    /// <summary>Forgets at most <paramref name="limit"/> answers recorded before <paramref name="before"/>, oldest
    /// first; returns how many. Only for requests that cannot come again.</summary>
    public static int Prune(IWriteTransaction transaction, long before, int limit)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return transaction.ExecuteCounted(
            """
            DELETE FROM answers WHERE request_id IN
                (SELECT request_id FROM answers WHERE recorded_at < $1 ORDER BY recorded_at LIMIT $2)
            """,
            before,
            limit);
    }

    private static void CheckSizes(byte[] requestId, byte[] bodyHash)
    {
        ArgumentNullException.ThrowIfNull(requestId);
        ArgumentNullException.ThrowIfNull(bodyHash);
        if (requestId.Length != IdSize || bodyHash.Length != IdSize)
            throw new ArgumentException("Request ids and body hashes are 32 bytes.");
    }
}
