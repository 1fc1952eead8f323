using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Xunit;

namespace Bauta.Tests.Protocol;

public sealed class ArchivePolicyTests : IDisposable
{
    private readonly NoteSigner log = NoteSigner.Generate("archive.example");
    private readonly Cosigner[] witnesses =
        [.. Enumerable.Range(1, 2).Select(i => Cosigner.Generate($"witness{i}.example", TimeProvider.System))];

    private readonly byte[][] leaves = [.. Enumerable.Range(0, 2).Select(_ => Leaf())];

    [Fact]
    public void Entries_under_one_checkpoint_verify_and_each_proof_is_its_own()
    {
        var policy = ArchivePolicy.Create(log.Verifier, [.. witnesses.Select(witness => witness.Verifier)], 2);
        var note = Note(log, witnesses[0], witnesses[1]);
        // The second time the checkpoint is remembered; the inclusion is not.
        for (var round = 0; round < 2; round++)
        {
            Assert.True(policy.TryVerify(Entry(leaves[0], 0, note), out var first));
            Assert.True(policy.TryVerify(Entry(leaves[1], 1, note), out var second));
            Assert.Equal((0, 1, 2), (first.Index, second.Index, first.Size));
            Assert.False(policy.TryVerify(Entry(leaves[0], 1, note), out _));
            Assert.False(policy.TryVerify(Entry(Leaf(), 0, note), out _));
        }
    }

    [Fact]
    public void A_remembered_checkpoint_does_not_vouch_for_one_with_fewer_cosignatures()
    {
        var policy = ArchivePolicy.Create(log.Verifier, [.. witnesses.Select(witness => witness.Verifier)], 2);
        Assert.True(policy.TryVerify(Entry(leaves[0], 0, Note(log, witnesses[0], witnesses[1])), out _));
        Assert.False(policy.TryVerify(Entry(leaves[0], 0, Note(log, witnesses[0])), out _));
        Assert.False(policy.TryVerify(Entry(leaves[0], 0, Note(witnesses[0], witnesses[1])), out _));
        using var stranger = Cosigner.Generate("witness2.example", TimeProvider.System);
        Assert.False(policy.TryVerify(Entry(leaves[0], 0, Note(log, witnesses[0], stranger)), out _));
    }

    public void Dispose()
    {
        log.Dispose();
        foreach (var witness in witnesses)
            witness.Dispose();
    }

    private SignedNote Note(params INoteSigner[] signers) => SignedNote.Sign(
        new Checkpoint(log.Verifier.Name, 2, MerkleHash.Node(Hash(0), Hash(1))).ToBytes(), signers);

    private LoggedEntry Entry(byte[] leaf, int index, SignedNote note) =>
        new(leaf, Encoding.UTF8.GetString(new TlogProof(index, [Hash(1 - index)], note).ToBytes()));

    private MerkleHash Hash(int index) => MerkleHash.Leaf(leaves[index]);

    private static byte[] Leaf()
    {
        using var key = P256PrivateKey.Generate();
        var registration = Signed<BankRegistration>.Sign(key, new BankRegistration("bank.example", key.PublicKey.Spki));
        return new LogEntry(LogEntry.Bank, UnixTime.FromSeconds(1), Statement: registration.Text).ToLeaf();
    }
}
