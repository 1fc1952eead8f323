using System.Text;
using System.Text.Json.Nodes;
using Bauta.Archive;
using Bauta.Archive.Cosign;
using Bauta.Archive.Log;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;

namespace Bauta.Host.Bench;

/// <summary>
/// Verified leaves appended to a log in this process, 256 at once, each awaited until it is durable. The log is audited
/// and signed meanwhile, as it always is; its witness is at another operator's, so here it cosigns without reading.
/// </summary>
internal static class AppendBench
{
    private const int AtOnce = 256;

    private const int AtATime = 10_000;
    private const string Bank = "bank.bench";

    public static async Task<JsonObject> RunAsync(string connection, int count, CancellationToken cancellation)
    {
        var time = TimeProvider.System;
        using var signer = NoteSigner.Generate("archive.bench");
        using var cosigner = Cosigner.Generate("witness.bench", time);
        using var bank = P256PrivateKey.Generate();
        var policy = ArchivePolicy.Create(signer.Verifier, [cosigner.Verifier], 1);
        await using var database = Database.Open(connection, ArchiveSchema.Migrations);
        var place = Path.Combine(Path.GetTempPath(), $"bauta-bench-{Environment.ProcessId}.second-place");
        var archive = await Archive.Archive.OpenAsync(
            database, ForwardOnly.Open(place), signer, policy,
            [new WitnessPeer(cosigner.Verifier, new BlindWitness(cosigner))],
            new ArchiveOptions { Banks = [new AdmittedBank(Bank, bank.PublicKey.Thumbprint)] }, time, cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = archive.RunAsync(stop.Token);
        try
        {
            var registration = Signed<BankRegistration>.Sign(bank, new BankRegistration(Bank, bank.PublicKey.Spki));
            Load.Must(await archive.EnterAsync(new EntryRequest(LogEntry.Bank, registration.Text), cancellation));
            await AppendAsync(count / 2);
            var (wall, processor) = await AppendAsync(count);
            return new JsonObject
            {
                ["wallSeconds"] = wall.TotalSeconds,
                ["cpuSeconds"] = processor.TotalSeconds,
            };
        }
        finally
        {
            await stop.CancelAsync();
            await running;
            File.Delete(place);
        }

        // A slice at a time, so that no more leaves are held in memory than a log ever holds.
        async Task<(TimeSpan Wall, TimeSpan Processor)> AppendAsync(int leavesInAll)
        {
            var (wall, processor) = (TimeSpan.Zero, TimeSpan.Zero);
            for (var left = leavesInAll; left > 0; left -= AtATime)
            {
                var leaves = new VerifiedLeaf[Math.Min(left, AtATime)];
                Parallel.For(
                    0, leaves.Length, i => leaves[i] = Load.Must(archive.Verify(Sales.Commit(bank, policy.Id))));
                // What was made ready is out of the way of what is measured.
                GC.Collect();
                GC.Collect();
                var (start, before) = (time.GetTimestamp(), Environment.CpuUsage.TotalTime);
                await AppendAtOnceAsync(archive, leaves);
                wall += time.GetElapsedTime(start);
                processor += Environment.CpuUsage.TotalTime - before;
            }

            return (wall, processor);
        }
    }

    private static Task AppendAtOnceAsync(Archive.Archive archive, ReadOnlyMemory<VerifiedLeaf> leaves)
    {
        var next = -1;
        return Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < leaves.Length;)
                Load.Must(await archive.AppendAsync(leaves.Span[i]));
        })));
    }

    private sealed class BlindWitness(Cosigner cosigner) : IWitness
    {
        public Task<Result<string, WitnessError>> AddCheckpointAsync(string request, CancellationToken cancellation) =>
            Task.FromResult<Result<string, WitnessError>>(
                AddCheckpointRequest.TryParse(Encoding.UTF8.GetBytes(request), out var asked)
                    ? Encoding.UTF8.GetString(AddCheckpointResponse.Write([cosigner.Sign(asked.Note.TextBytes)]))
                    : WitnessError.Malformed);
    }
}
