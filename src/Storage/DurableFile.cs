using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Bauta.Storage;

/// <summary>Files whose loss would cost value. When a call returns, the file and its name are on disk; when it throws,
/// the old content is still whole.</summary>
/// <remarks>The framework's own flush reports success when fsync fails, so these go to the system calls. Content is
/// always written to a new file and renamed: after a failed flush nothing is retried on the same pages, which the
/// kernel may have marked as written.</remarks>
public static class DurableFile
{
    public const uint PublicMode = 0x1A4; // 0644
    public const uint SecretMode = 0x180; // 0600
    private const uint SecretDirectoryMode = 0x1C0; // 0700
    private const int NonceSize = 8;
    private const string Unfinished = ".tmp";

    /// <summary>Creates or replaces a file.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content, uint mode = PublicMode)
    {
        path = Path.GetFullPath(path);
        Place(path, content, mode, replace: true);
        SyncOne(Parent(path));
    }

    /// <summary>Creates a file that did not exist.</summary>
    /// <exception cref="StorageException">Refused: it exists.</exception>
    public static void Create(string path, ReadOnlySpan<byte> content, uint mode = PublicMode)
    {
        path = Path.GetFullPath(path);
        Place(path, content, mode, replace: false);
        SyncOne(Parent(path));
    }

    /// <summary>Creates a file that did not exist and that only its owner may read.</summary>
    public static void CreateSecret(string path, ReadOnlySpan<byte> content) => Create(path, content, SecretMode);

    /// <summary>The whole file; refuses one longer than <paramref name="maxLength"/>; null when there is
    /// none.</summary>
    public static byte[]? Read(string path, int maxLength) => Read(path, maxLength, isSecret: false);

    /// <summary>As <see cref="Read(string, int)"/>, for a file that only its owner may read: every private key, and
    /// whatever else lets in who has it. The caller zeroes the result.</summary>
    /// <exception cref="StorageException">Refused: others may read or write it, or it is too long.</exception>
    public static byte[]? ReadSecret(string path, int maxLength) => Read(path, maxLength, isSecret: true);

    private static byte[]? Read(string path, int maxLength, bool isSecret)
    {
        try
        {
            using var file = new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            // Of the file that is open, so that nobody puts another one in between.
            if (isSecret && ((uint)File.GetUnixFileMode(file.SafeFileHandle) & ~SecretMode) != 0)
                throw new StorageException(
                    StorageFailure.Refused, $"{path} holds a secret and others may read it: chmod 600 {path}");
            if (file.Length > maxLength)
                throw new StorageException(StorageFailure.Refused, $"{path} is longer than {maxLength} bytes.");
            var content = new byte[file.Length];
            file.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Gives a file that was written part by part, and is complete, its name; replaces what had that name.
    /// For content too large for memory; both paths are in one file system.</summary>
    public static void Adopt(string written, string path)
    {
        path = Path.GetFullPath(path);
        SyncOne(written);
        if (Posix.Rename(written, path) != 0)
            throw Posix.Error("rename to", path);
        SyncOne(Parent(path));
    }

    /// <summary>As <see cref="Adopt"/>, for a name that no file has yet.</summary>
    /// <exception cref="StorageException">Refused: a file has that name.</exception>
    public static void AdoptNew(string written, string path)
    {
        path = Path.GetFullPath(path);
        SyncOne(written);
        if (Posix.Rename(Posix.CurrentDirectory, Path.GetFullPath(written), Posix.CurrentDirectory, path,
            Posix.RenameNoReplace) != 0)
            throw Posix.Error("rename to", path);
        SyncOne(Parent(path));
    }

    /// <summary>Removes a file, if it is there, for good.</summary>
    public static void Delete(string path)
    {
        path = Path.GetFullPath(path);
        if (Posix.Unlink(path) != 0 && Marshal.GetLastPInvokeError() != Posix.NoEntry)
            throw Posix.Error("unlink", path);
        SyncOne(Parent(path));
    }

    /// <summary>Creates a directory that only its owner may enter, and those above it that are missing.</summary>
    public static void CreateDirectory(string path)
    {
        path = Path.GetFullPath(path);
        if (Directory.Exists(path))
            return;
        var parent = Parent(path);
        CreateDirectory(parent);
        if (Posix.MakeDirectory(path, SecretDirectoryMode) != 0 && Marshal.GetLastPInvokeError() != Posix.Exists)
            throw Posix.Error("mkdir", path);
        SyncOne(parent);
    }

    /// <summary>Whether a file's name is that of content on its way to another name: a process that was killed leaves
    /// such, and once it is gone nobody needs them.</summary>
    public static bool IsUnfinished(string path)
    {
        var name = Path.GetFileName(path);
        var length = 1 + (2 * NonceSize) + Unfinished.Length;
        return name.Length > length && name.EndsWith(Unfinished, StringComparison.Ordinal) && name[^length] == '.'
            && name[^(length - 1)..^Unfinished.Length].All(char.IsAsciiHexDigitLower);
    }

    private static void Place(string path, ReadOnlySpan<byte> content, uint mode, bool replace)
    {
        var temporary = path + "." + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(NonceSize)) + Unfinished;
        try
        {
            WriteNew(temporary, content, mode);
            var result = replace
                ? Posix.Rename(temporary, path)
                : Posix.Rename(
                    Posix.CurrentDirectory, temporary, Posix.CurrentDirectory, path, Posix.RenameNoReplace);
            if (result != 0)
                throw Posix.Error("rename to", path);
        }
        catch
        {
            _ = Posix.Unlink(temporary);
            throw;
        }
    }

    private static unsafe void WriteNew(string path, ReadOnlySpan<byte> content, uint mode)
    {
        var descriptor = Posix.Open(
            path, Posix.WriteOnly | Posix.Create | Posix.Exclusive | Posix.CloseOnExec, mode);
        if (descriptor < 0)
            throw Posix.Error("create", path);
        try
        {
            fixed (byte* bytes = content)
            {
                nint written = 0;
                while (written < content.Length)
                {
                    var count = Posix.Write(descriptor, bytes + written, (nuint)(content.Length - written));
                    if (count < 0 && Marshal.GetLastPInvokeError() != Posix.Interrupted)
                        throw Posix.Error("write", path);
                    written += Math.Max(count, 0);
                }
            }
            Sync(descriptor, path);
        }
        finally
        {
            _ = Posix.Close(descriptor);
        }
    }

    /// <summary>Makes a file that something else wrote, and its place in its directory, durable.</summary>
    public static void SyncFile(string path)
    {
        path = Path.GetFullPath(path);
        SyncOne(path);
        SyncOne(Parent(path));
    }

    private static void SyncOne(string path)
    {
        var descriptor = Posix.Open(path, Posix.ReadOnly | Posix.CloseOnExec, 0);
        if (descriptor < 0)
            throw Posix.Error("open", path);
        try
        {
            Sync(descriptor, path);
        }
        finally
        {
            _ = Posix.Close(descriptor);
        }
    }

    private static void Sync(int descriptor, string path)
    {
        while (Posix.Sync(descriptor) != 0)
            if (Marshal.GetLastPInvokeError() != Posix.Interrupted)
                throw Posix.Error("fsync", path);
    }

    private static string Parent(string path) => Path.GetDirectoryName(path) ?? "/";
}
