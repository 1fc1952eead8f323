using Bauta.Http;
using Bauta.Storage;

namespace Bauta.Bank.Ledger;

/// <summary>
/// The bank's database together with its books. Every write of the bank goes through here, so that no value moves
/// without a post and no post outlives its transaction.
/// </summary>
public sealed class BankDatabase : IReadDatabase
{
    private readonly Books books;
    private readonly IDatabase database;

    private readonly ForwardOnly? secondPlace;

    private BankDatabase(Books books, IDatabase database, ForwardOnly? secondPlace) =>
        (this.books, this.database, this.secondPlace) = (books, database, secondPlace);

    /// <summary>Opens the database and reads the totals.</summary>
    /// <param name="connection">A path for SQLite, or <c>Host=...</c> for PostgreSQL.</param>
    /// <param name="options">May carry a check of its own; it runs after the bank's.</param>
    /// <param name="secondPlace">Outside the database: holds how often value had moved when it was last marked.</param>
    /// <exception cref="StorageException">Refused: the database was put back to an older state. It would not know what
    /// was spent since, and let it move again.</exception>
    public static Task<BankDatabase> OpenAsync(
        string connection, DatabaseOptions? options = null, ForwardOnly? secondPlace = null) =>
        OpenAsync(
            with => Database.Open(connection, BankSchema.Migrations, with), options ?? new DatabaseOptions(),
            secondPlace);

    /// <summary>Opens the database as <paramref name="open"/> does with the options that the books need.</summary>
    internal static async Task<BankDatabase> OpenAsync(
        Func<DatabaseOptions, IDatabase> open, DatabaseOptions options, ForwardOnly? secondPlace)
    {
        var books = new Books();
        var (begin, check) = (options.OnBegin, options.BeforeCommit);
        var database = open(options with
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
        var moves = await database.ReadAsync(transaction =>
        {
            books.Load(transaction);
            return BookRows.Moves(transaction);
        });
        if (secondPlace?.Latest is { } mark && moves < mark.Number)
        {
            await database.DisposeAsync();
            throw new StorageException(
                StorageFailure.Refused, $"Value had moved {mark.Number} times, and this database knows of {moves}: " +
                "it was put back to an older state, in which spent tokens could be spent again. See " +
                "docs/operating/backup.md");
        }

        return new BankDatabase(books, database, secondPlace);
    }

    /// <summary>Moves the second place up to what is committed. Not part of each commit, which would cost a second
    /// flush: a state that is older by less than a round of this is not noticed.</summary>
    public async Task MarkAsync(CancellationToken cancellation)
    {
        if (secondPlace is null)
            return;
        var moves = await database.ReadAsync(BookRows.Moves, cancellation);
        if (moves > (secondPlace.Latest?.Number ?? -1))
            secondPlace.Advance(moves, "commits of this bank that moved value");
    }

    /// <summary>Reports what an operator of a bank watches.</summary>
    public void ReportTo(PartyMetrics metrics)
    {
        metrics.Watch(database);
        metrics.WatchRows(
            "bauta.bank.open_locks", "{lock}", "Locks that are neither settled nor unlocked.", database,
            "SELECT COUNT(*) FROM locks WHERE state = 0");
        metrics.WatchRows(
            "bauta.bank.open_payouts", "{payout}", "Payout orders that the acquirer has not confirmed.", database,
            "SELECT COUNT(*) FROM payouts WHERE state = 0");
        metrics.WatchRows(
            "bauta.bank.open_disputes", "{dispute}", "Disputes that are not decided.", database,
            "SELECT COUNT(*) FROM disputes WHERE state < 2");
    }

    /// <summary>Runs before each work, in its transaction: whatever must be written before anything else of a new day
    /// is. Set once, before the bank answers.</summary>
    internal Action<IWriteTransaction, Books>? Before { get; set; }

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
                Before?.Invoke(transaction, books);
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

    /// <inheritdoc/>
    public Task<T> ReadAsync<T>(Func<IReadTransaction, T> work, CancellationToken ct = default) =>
        database.ReadAsync(work, ct);

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
