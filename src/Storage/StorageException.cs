namespace Bauta.Storage;

/// <summary>What the caller can do about it.</summary>
public enum StorageFailure
{
    /// <summary>The work broke a constraint or an expected row count. Nothing of it was stored.</summary>
    Conflict,

    /// <summary>The party's check before the commit refused this work. Nothing of it was stored; this is a
    /// bug.</summary>
    InvariantViolation,

    /// <summary>Nothing was stored (disk full, lock held too long); the same work may be sent again.</summary>
    Retryable,

    /// <summary>The disk or the connection failed. Whether the work was stored is unknown until the database is
    /// opened anew; it was not acknowledged.</summary>
    Fatal,

    /// <summary>It cannot be opened like this: newer than this program, malformed, or exists.</summary>
    Refused,

    /// <summary>Another process has it open.</summary>
    Held,
}

/// <summary>The one exception of storage; <see cref="Failure"/> says what to do.</summary>
public sealed class StorageException : IOException
{
    public StorageException(StorageFailure failure, string message, Exception? inner = null)
        : base(message, inner) => Failure = failure;

    public StorageFailure Failure { get; }
}
