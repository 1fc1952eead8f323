using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Storage;

public sealed class DurableFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Writing_replaces_the_whole_file()
    {
        var path = _directory.File("a");
        DurableFile.Write(path, new byte[1_000_000]);
        DurableFile.Write(path, [1, 2, 3]);
        Assert.Equal([1, 2, 3], DurableFile.Read(path, 3));
        DurableFile.Write(path, []);
        Assert.Empty(DurableFile.Read(path, 0)!);
        Assert.Equal([path], Directory.GetFiles(_directory.Root));
    }

    [Fact]
    public void A_secret_is_readable_by_its_owner_only_and_never_overwritten()
    {
        var path = _directory.File("key");
        DurableFile.CreateSecret(path, [1]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        var refused = Assert.Throws<StorageException>(() => DurableFile.CreateSecret(path, [2]));
        Assert.Equal(StorageFailure.Refused, refused.Failure);
        Assert.Equal([1], DurableFile.Read(path, 10));
        Assert.Equal([path], Directory.GetFiles(_directory.Root));
    }

    [Fact]
    public void Reading_is_bounded_and_tells_a_missing_file_from_an_empty_one()
    {
        var path = _directory.File("a");
        Assert.Null(DurableFile.Read(path, 10));
        DurableFile.Write(path, new byte[11]);
        Assert.Equal(StorageFailure.Refused, Assert.Throws<StorageException>(() => DurableFile.Read(path, 10)).Failure);
        DurableFile.Delete(path);
        DurableFile.Delete(path);
        Assert.Null(DurableFile.Read(path, 10));
    }

    [Fact]
    public void Writing_where_there_is_no_directory_fails() =>
        Assert.Throws<StorageException>(() => DurableFile.Write(_directory.File("none/a"), [1]));

    [Fact]
    public void A_mark_only_moves_forward_also_after_it_was_opened_anew()
    {
        var path = _directory.File("mark");
        var mark = ForwardOnly.Open(path);
        Assert.Null(mark.Latest);
        mark.Advance(5, "five\nlines");
        mark = ForwardOnly.Open(path);
        Assert.Equal(new ForwardOnly.Mark(5, "five\nlines"), mark.Latest);
        mark.Advance(5, "five\nlines");
        foreach (var (number, text) in ((long, string)[])[(4, "four"), (5, "other"), (0, "")])
            Assert.Equal(
                StorageFailure.InvariantViolation,
                Assert.Throws<StorageException>(() => mark.Advance(number, text)).Failure);
        mark.Advance(6, "six");
        Assert.Equal(new ForwardOnly.Mark(6, "six"), ForwardOnly.Open(path).Latest);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("05\ntext")]
    [InlineData("-5\ntext")]
    [InlineData(" 5\ntext")]
    [InlineData("99999999999999999999\ntext")]
    [InlineData("text\n5")]
    public void Refuses_a_mark_it_did_not_write(string content)
    {
        var path = _directory.File("mark");
        File.WriteAllText(path, content);
        Assert.Equal(StorageFailure.Refused, Assert.Throws<StorageException>(() => ForwardOnly.Open(path)).Failure);
    }

    [Fact]
    public void A_lock_is_held_by_one_until_it_is_let_go()
    {
        var path = _directory.File("lock");
        using (OpenLock.Acquire(path, TimeSpan.Zero))
            Assert.Equal(
                StorageFailure.Held,
                Assert.Throws<StorageException>(() => OpenLock.Acquire(path, TimeSpan.Zero)).Failure);
        OpenLock.Acquire(path, TimeSpan.Zero).Dispose();
    }
}
