using Bauta.Storage;

namespace Bauta.Bank.Ledger;

/// <summary>
/// The bank's database together with its books. Every write of the bank goes through here, so that no value moves
/// without a post and no post outlives its transaction.
/// </summary>
public sealed class BankDatabase : IAsyncDisposable
{
    private readonly Books books;
    private readonly IDatabase database;

    private BankDatabase(Books books, IDatabase database) => (this.books, this.database) = (books, database);

    /// <summary>Opens the database and reads the totals.</summary>
    /// <param name="connection">A path for SQLite, or <c>Host=...</c> for PostgreSQL.</param>
    /// <param name="options">May carry a check of its own; it runs after the bank's.</param>
    public static async Task<BankDatabase> OpenAsync(string connection, DatabaseOptions? options = null)
    {
        options ??= new DatabaseOptions();
        var books = new Books();
        var (begin, check) = (options.OnBegin, options.BeforeCommit);
        var database = Database.Open(connection, BankSchema.Migrations, options with
        {
            OnBegin = () =>
            {
                books.Begin();
                begin?.Invoke();
            },
            BeforeCommit = transaction =>
            {
                books.Write(transaction);
                check?.Invoke(transaction);
            },
        });
        await database.ReadAsync(transaction =>
        {
            books.Load(transaction);
            return true;
        });
        return new BankDatabase(books, database);
    }

    /// <inheritdoc cref="IDatabase.Failure"/>
    public Task<StorageException> Failure => database.Failure;

    /// <inheritdoc cref="IDatabase.Health"/>
    public DatabaseHealth Health => database.Health;

    /// <inheritdoc cref="IDatabase.Counters"/>
    public DatabaseCounters Counters => database.Counters;

    /// <summary>Runs a work with the books on the writer; completes when all of it is durable.</summary>
    /// <remarks>A work that refuses must refuse before it posts or writes.</remarks>
    public Task<T> WriteAsync<T>(Func<IWriteTransaction, Books, T> work, CancellationToken cancellation) =>
        database.WriteAsync(
            transaction =>
            {
                transaction.OnCommit(books.Commit);
                return work(transaction, books);
            },
            cancellation);

    /// <summary>Runs a work without a result.</summary>
    public Task WriteAsync(Action<IWriteTransaction, Books> work, CancellationToken cancellation) => WriteAsync(
        (transaction, books) =>
        {
            work(transaction, books);
            return true;
        },
        cancellation);

    /// <inheritdoc cref="IDatabase.ReadAsync"/>
    public Task<T> ReadAsync<T>(Func<IReadTransaction, T> work, CancellationToken cancellation) =>
        database.ReadAsync(work, cancellation);

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
