using System.Collections.Concurrent;
using Bauta.Protocol.Archive;

namespace Bauta.Archive.Log;

/// <summary>The banks that stand in the log, by key id: long-lived keys, read once. Thread-safe.</summary>
internal sealed class BankList
{
    private readonly ConcurrentDictionary<string, KnownBank> banks = new(StringComparer.Ordinal);

    public KnownBank? Find(string keyId) => banks.GetValueOrDefault(keyId);

    public void Add(KnownBank bank) => banks[bank.Key.Thumbprint] = bank;

    public void AddLeaf(ReadOnlySpan<byte> leaf)
    {
        if (LogEntry.TryParse(leaf, out var entry) && entry.Kind == LogEntry.Bank
            && LeafRules.TryFindSigner(entry, Find, out var bank))
            Add(bank!);
    }
}
