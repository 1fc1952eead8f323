using System.ComponentModel;
using System.Diagnostics;
using Bauta.Merchant.Orders;

namespace Bauta.Host.MadeToOrder;

/// <summary>
/// A program of the shop's owner that makes goods to order: what it writes to its output is sold, when it ends with
/// code 0. What was ordered stands in its environment, as BAUTA_ORDER (the same when it is run again after a failure),
/// BAUTA_OFFER, BAUTA_TITLE and BAUTA_FILE; what it writes as errors goes where the shop's go.
/// </summary>
internal sealed class GoodsCommand(string program, string folder) : IGoodsMaker
{
    private const int BufferBytes = 64 * 1024;

    public async Task<byte[]?> MakeAsync(GoodsOrder order, long maxBytes, CancellationToken cancellation)
    {
        using var process = Process.Start(StartOf(order))
            ?? throw new InvalidOperationException("The program was not started.");
        try
        {
            process.StandardInput.Close();
            var goods = await ReadAsync(process.StandardOutput.BaseStream, maxBytes, cancellation);
            if (goods is null)
                return null;
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0 ? goods : null;
        }
        finally
        {
            End(process);
        }
    }

    private ProcessStartInfo StartOf(GoodsOrder order)
    {
        var start = new ProcessStartInfo(program)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment["BAUTA_ORDER"] = order.Order.ToString();
        start.Environment["BAUTA_OFFER"] = order.Contract.Offer.ToString();
        start.Environment["BAUTA_TITLE"] = order.Contract.Title;
        start.Environment["BAUTA_FILE"] = order.Contract.FileName;
        return start;
    }

    private static async Task<byte[]?> ReadAsync(Stream output, long maxBytes, CancellationToken cancellation)
    {
        using var goods = new MemoryStream();
        var buffer = new byte[BufferBytes];
        for (int count; (count = await output.ReadAsync(buffer, cancellation)) > 0;)
        {
            if (goods.Length + count > maxBytes)
                return null;
            goods.Write(buffer, 0, count);
        }

        return goods.ToArray();
    }

    // One that is given up must not go on making what nobody buys.
    private static void End(Process process)
    {
        try
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
        catch (Exception over) when (over is InvalidOperationException or Win32Exception)
        {
            // It ended by itself meanwhile.
        }
    }
}
