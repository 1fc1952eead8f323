using System.Runtime.InteropServices;

namespace Bauta.Storage;

/// <summary>A lock file that one process holds while it has something open. The kernel lets go of it when the process
/// ends, however it ends; the file itself stays, since removing it would let two hold it.</summary>
public sealed class OpenLock : IDisposable
{
    internal static readonly TimeSpan Step = TimeSpan.FromMilliseconds(25);

    private int _descriptor;

    private OpenLock(int descriptor) => _descriptor = descriptor;

    /// <exception cref="StorageException">Held: still held by another after
    /// <paramref name="timeout"/>.</exception>
    public static OpenLock Acquire(string path, TimeSpan timeout)
    {
        var descriptor = Posix.Open(path, Posix.ReadWrite | Posix.Create | Posix.CloseOnExec, DurableFile.SecretMode);
        if (descriptor < 0)
            throw Posix.Error("open", path);
        for (var waited = TimeSpan.Zero; ; waited += Step)
        {
            if (Posix.Lock(descriptor, Posix.LockExclusive | Posix.LockNonBlocking) == 0)
                return new OpenLock(descriptor);
            var code = Marshal.GetLastPInvokeError();
            if (code == Posix.Interrupted)
                continue;
            if (code != Posix.WouldBlock || waited >= timeout)
            {
                var error = code == Posix.WouldBlock
                    ? new StorageException(StorageFailure.Held, $"Another process holds {path}.")
                    : Posix.Error("flock", path);
                _ = Posix.Close(descriptor);
                throw error;
            }
            Thread.Sleep(Step);
        }
    }

    public void Dispose()
    {
        var held = Interlocked.Exchange(ref _descriptor, -1);
        if (held >= 0)
            _ = Posix.Close(held);
    }
}
