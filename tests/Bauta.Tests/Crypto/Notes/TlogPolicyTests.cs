using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Xunit;

namespace Bauta.Tests.Crypto.Notes;

public class TlogPolicyTests
{
    private static readonly string Log = NoteKeys.Log().Verifier.ToString();

    // The two-level quorum that C2SP tlog-policy gives as its example; Wn stands for the key of witness n.
    private const string Example =
        """
        log LOG

        witness X1 W1
        witness X2 W2
        witness X3 W3
        group X-witnesses 2 X1 X2 X3

        witness Y1 W4
        witness Y2 W5
        witness Y3 W6
        group Y-witnesses any Y1 Y2 Y3

        group X-and-Y all X-witnesses Y-witnesses
        quorum X-and-Y

        """;

    [Theory]
    [InlineData("1 2 4", true)]
    [InlineData("1 3 6", true)]
    [InlineData("1 2 3 4 5 6", true)]
    [InlineData("1 4", false)]
    [InlineData("1 2 3", false)]
    [InlineData("4 5 6", false)]
    [InlineData("1 4 5 6", false)]
    [InlineData("", false)]
    public void The_quorum_of_the_specification_takes(string witnesses, bool isEnough)
    {
        int[] cosigners = [.. witnesses.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
        var policy = Read(Example);
        Assert.Equal(isEnough, policy.IsSatisfied(Cosigned(cosigners), out var verified));
        if (!isEnough)
            return;
        Assert.Equal(NoteKeys.Origin, verified!.Checkpoint.Origin);
        Assert.Equal(Log, verified.Log.ToString());
        Assert.Equal(
            cosigners.Select(i => NoteKeys.Witness(i).Verifier),
            verified.Cosignatures.Select(cosignature => cosignature.Witness.Key));
        Assert.Equal(
            cosigners.Select(i => 1000L + i),
            verified.Cosignatures.Select(cosignature => cosignature.TimestampSeconds));
    }

    [Fact]
    public void Canonical_text_is_a_fixed_point_and_keeps_the_quorum()
    {
        var policy = Read(Example);
        var canonical = policy.ToBytes();
        Assert.Equal(
            Keyed("log LOG\nwitness X1 W1\nwitness X2 W2\nwitness X3 W3\nwitness Y1 W4\nwitness Y2 W5\nwitness Y3 W6\n"
                + "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses 1 Y1 Y2 Y3\n"
                + "group X-and-Y 2 X-witnesses Y-witnesses\nquorum X-and-Y\n"),
            Encoding.Latin1.GetString(canonical));
        Assert.Equal(canonical, TlogPolicy.Parse(canonical).ToBytes());
        Assert.Equal(SHA256.HashData(canonical), policy.Id);
    }

    [Fact]
    public void Order_blanks_comments_words_and_URLs_do_not_change_the_ID()
    {
        var policy = Read(
            "  # a comment\n\twitness\tY3  W6 https://y3.example/\nwitness Y2 W5\nwitness Y1 W4\n"
            + "group Y-witnesses 1 Y3 Y1 Y2\n"
            + "witness X3 W3\nwitness X1 W1\nwitness X2 W2 \ngroup X-witnesses 2 X2 X3 X1\n \t \n"
            + "group X-and-Y 2 Y-witnesses X-witnesses\nquorum X-and-Y\nlog LOG https://log.example/\n");
        Assert.Equal(Read(Example).Id, policy.Id);
        Assert.Equal("https://log.example/", policy.Logs[0].Url);
        Assert.Equal("https://y3.example/", policy.Witnesses[^1].Url);
        Assert.Equal(policy.ToBytes(), TlogPolicy.Parse(policy.ToBytes()).ToBytes());
        Assert.Contains("https://y3.example/", Encoding.ASCII.GetString(policy.ToBytes()), StringComparison.Ordinal);
        Assert.NotEqual(Read(Example.Replace(" 2 X1", " 3 X1", StringComparison.Ordinal)).Id, policy.Id);
    }

    [Theory]
    [InlineData("quorum none\n")]
    [InlineData("log LOG\nquorum none\n")]
    [InlineData("witness a W1\nquorum a\n")]
    [InlineData("witness a W1\ngroup g 1 a\nquorum a\n")]
    [InlineData("log LOG\nwitness é W1 http://é\ngroup 2 any é\nquorum 2\n")]
    [InlineData("quorum none\nwitness all W1\nwitness any W2\ngroup g all any all\n")]
    public void Reads_and_writes_back(string text)
    {
        var policy = Read(text);
        Assert.Equal(policy.ToBytes(), TlogPolicy.Parse(policy.ToBytes()).ToBytes());
    }

    [Theory]
    [InlineData("", TlogPolicyError.MissingQuorum, 0)]
    [InlineData("log LOG\n", TlogPolicyError.MissingQuorum, 0)]
    [InlineData("quorum none", TlogPolicyError.MissingFinalNewline, 1)]
    [InlineData("quorum none\n# end", TlogPolicyError.MissingFinalNewline, 2)]
    [InlineData("quorum none\r\n", TlogPolicyError.IllegalCharacter, 1)]
    [InlineData("#\u007f\nquorum none\n", TlogPolicyError.IllegalCharacter, 1)]
    [InlineData("quorum none\0\n", TlogPolicyError.IllegalCharacter, 1)]
    [InlineData("Log LOG\n", TlogPolicyError.UnknownKeyword, 1)]
    [InlineData("log\n", TlogPolicyError.WrongItemCount, 1)]
    [InlineData("log LOG url more\n", TlogPolicyError.WrongItemCount, 1)]
    [InlineData("witness a\n", TlogPolicyError.WrongItemCount, 1)]
    [InlineData("witness a W1 url more\n", TlogPolicyError.WrongItemCount, 1)]
    [InlineData("witness a W1\ngroup g all\n", TlogPolicyError.WrongItemCount, 2)]
    [InlineData("quorum\n", TlogPolicyError.WrongItemCount, 1)]
    [InlineData("quorum none none\n", TlogPolicyError.WrongItemCount, 1)]
    [InlineData("log key\n", TlogPolicyError.InvalidKey, 1)]
    [InlineData("log W1\n", TlogPolicyError.InvalidKey, 1)]
    [InlineData("witness a LOG\n", TlogPolicyError.InvalidKey, 1)]
    [InlineData("log LOG\nlog LOG url\n", TlogPolicyError.DuplicateKey, 2)]
    [InlineData("log LOG\nlog RENAMED\n", TlogPolicyError.DuplicateKey, 2)]
    [InlineData("witness a W1\nwitness b W1\n", TlogPolicyError.DuplicateKey, 2)]
    [InlineData("witness none W1\n", TlogPolicyError.ReservedName, 1)]
    [InlineData("witness a W1\ngroup none any a\n", TlogPolicyError.ReservedName, 2)]
    [InlineData("witness a W1\nwitness a W2\n", TlogPolicyError.DuplicateName, 2)]
    [InlineData("witness a W1\ngroup a any a\n", TlogPolicyError.DuplicateName, 2)]
    [InlineData("witness a W1\ngroup g any b\n", TlogPolicyError.UndefinedName, 2)]
    [InlineData("witness a W1\ngroup g any g a\n", TlogPolicyError.UndefinedName, 2)]
    [InlineData("witness a W1\ngroup g any none\n", TlogPolicyError.UndefinedName, 2)]
    [InlineData("quorum a\nwitness a W1\n", TlogPolicyError.UndefinedName, 1)]
    [InlineData("witness a W1\ngroup g any a a\n", TlogPolicyError.MemberUsedTwice, 2)]
    [InlineData("witness a W1\ngroup g any a\ngroup h any a\n", TlogPolicyError.MemberUsedTwice, 3)]
    [InlineData("witness a W1\ngroup g 0 a\n", TlogPolicyError.InvalidThreshold, 2)]
    [InlineData("witness a W1\ngroup g 2 a\n", TlogPolicyError.InvalidThreshold, 2)]
    [InlineData("witness a W1\ngroup g 01 a\n", TlogPolicyError.InvalidThreshold, 2)]
    [InlineData("witness a W1\ngroup g most a\n", TlogPolicyError.InvalidThreshold, 2)]
    [InlineData("quorum none\nquorum none\n", TlogPolicyError.DuplicateQuorum, 2)]
    public void Refuses_a_policy_and_says_where(string text, TlogPolicyError error, int line)
    {
        Assert.False(TlogPolicy.TryParse(Encoding.UTF8.GetBytes(Keyed(text)), out var policy, out var problem));
        Assert.Null(policy);
        Assert.Equal(new(error, line), problem);
        Assert.Throws<FormatException>(() => TlogPolicy.Parse(Encoding.UTF8.GetBytes(Keyed(text))));
    }

    [Fact]
    public void Refuses_too_much_of_anything()
    {
        Assert.False(TlogPolicy.TryParse(new byte[TlogPolicy.MaxSize + 1], out _, out var problem));
        Assert.Equal(TlogPolicyError.TooLarge, problem.Error);
        var witnesses = string.Concat(
            Enumerable.Range(0, 65).Select(i => $"witness w{i} {NoteKeys.Witness(i).Verifier}\n"));
        Assert.False(TlogPolicy.TryParse(Encoding.ASCII.GetBytes(witnesses), out _, out problem));
        Assert.Equal(new(TlogPolicyError.TooLarge, 65), problem);
    }

    [Fact]
    public void Says_why_a_checkpoint_is_not_enough()
    {
        var policy = Read("log LOG\nwitness a W1\nquorum a\n");
        using var log = NoteKeys.Log();
        using var otherLog = NoteKeys.Log("other.example", 2);
        using var witness = NoteKeys.Witness(1);
        var checkpoint = new Checkpoint(NoteKeys.Origin, 7, MerkleHash.EmptyRoot);
        var cosignature = witness.Sign(checkpoint.ToBytes(), 1000);

        Assert.Equal(TlogVerdict.Satisfied, Judge(checkpoint.Sign(log).WithSignatures([cosignature])));
        Assert.Equal(TlogVerdict.QuorumNotMet, Judge(checkpoint.Sign(log)));
        Assert.Equal(TlogVerdict.NotACheckpoint, Judge(SignedNote.Sign("text\n"u8, log)));
        Assert.Equal(
            TlogVerdict.UnknownLog, Judge(new Checkpoint("other.example", 7, MerkleHash.EmptyRoot).Sign(otherLog)));
        Assert.Equal(TlogVerdict.NotSignedByLog, Judge(SignedNote.Sign(checkpoint.ToBytes(), witness)));
        Assert.Equal(TlogVerdict.NotSignedByLog, Judge(SignedNote.Sign(checkpoint.ToBytes(), otherLog)));
        var forged = new NoteSignature(log.Verifier.Name, log.Verifier.KeyId, new byte[64]);
        Assert.Equal(
            TlogVerdict.BadSignature,
            Judge(SignedNote.Sign(checkpoint.ToBytes(), witness).WithSignatures([forged])));
        var forgedCosignature = new NoteSignature(witness.Verifier.Name, witness.Verifier.KeyId, new byte[72]);
        Assert.Equal(TlogVerdict.BadSignature, Judge(checkpoint.Sign(log).WithSignatures([forgedCosignature])));

        TlogVerdict Judge(SignedNote note)
        {
            var verdict = policy.Evaluate(note, out var verified);
            Assert.Equal(verdict == TlogVerdict.Satisfied, verified is not null);
            return verdict;
        }
    }

    [Fact]
    public void A_listed_log_cannot_speak_for_another_origin()
    {
        using var log = NoteKeys.Log();
        using var second = NoteKeys.Log("second.example", 2);
        var policy = Read($"log LOG\nlog {second.Verifier}\nquorum none\n");
        var checkpoint = new Checkpoint(NoteKeys.Origin, 7, MerkleHash.EmptyRoot);
        Assert.Equal(
            TlogVerdict.NotSignedByLog, policy.Evaluate(SignedNote.Sign(checkpoint.ToBytes(), second), out _));
    }

    [Fact]
    public void A_plain_signature_by_a_witness_key_is_no_cosignature()
    {
        var policy = Read("log LOG\nwitness a W1\nquorum a\n");
        using var log = NoteKeys.Log();
        using var plain = new NoteSigner("witness1.example", NoteKeys.Key(101));
        var checkpoint = new Checkpoint(NoteKeys.Origin, 7, MerkleHash.EmptyRoot);
        var note = SignedNote.Sign(checkpoint.ToBytes(), log, plain);
        Assert.Equal(TlogVerdict.QuorumNotMet, policy.Evaluate(note, out _));
    }

    [Fact]
    public void One_witness_counts_once_with_its_earliest_time_and_not_with_a_later_one_than_allowed()
    {
        var policy = Read("log LOG\nwitness a W1\nwitness b W2\ngroup g 2 a b\nquorum g\n");
        using var witness = NoteKeys.Witness(1);
        var note = Cosigned(1);
        note = note.WithSignatures([witness.Sign(note.TextBytes, 900), witness.Sign(note.TextBytes, 950)]);
        Assert.Equal(TlogVerdict.QuorumNotMet, policy.Evaluate(note, out _));

        var one = Read("log LOG\nwitness a W1\nquorum a\n");
        Assert.Equal(TlogVerdict.Satisfied, one.Evaluate(note, out var verified, 900));
        Assert.Equal(900, Assert.Single(verified!.Cosignatures).TimestampSeconds);
        Assert.Equal(TlogVerdict.QuorumNotMet, one.Evaluate(note, out _, 899));
    }

    [Fact]
    public void A_log_known_from_elsewhere_completes_a_policy_without_logs()
    {
        var policy = Read("witness a W1\nquorum a\n");
        Assert.Equal(TlogVerdict.UnknownLog, policy.Evaluate(Cosigned(1), out _));
        Assert.Equal(
            TlogVerdict.Satisfied, policy.Evaluate(Cosigned(1), out _, knownLog: NoteKeys.Log().Verifier));
    }

    [Fact]
    public void A_threshold_policy_is_the_same_for_the_same_keys_in_any_order()
    {
        NoteVerifier[] witnesses = [.. Enumerable.Range(1, 12).Select(i => NoteKeys.Witness(i).Verifier)];
        using var log = NoteKeys.Log();
        var policy = TlogPolicy.Threshold(log.Verifier, witnesses, 2);
        Assert.Equal(policy.Id, TlogPolicy.Threshold(log.Verifier, [.. witnesses.Reverse()], 2).Id);
        Assert.True(policy.IsSatisfied(Cosigned(3, 9), out _));
        Assert.False(policy.IsSatisfied(Cosigned(3), out _));
        Assert.True(TlogPolicy.Threshold(log.Verifier, [], 0).IsSatisfied(Cosigned(), out _));
        Assert.Throws<ArgumentException>(() => TlogPolicy.Threshold(log.Verifier, witnesses, 13));
        Assert.Throws<ArgumentException>(() => TlogPolicy.Threshold(log.Verifier, witnesses, -1));
        Assert.Throws<ArgumentException>(() => TlogPolicy.Threshold(log.Verifier, [], 1));
        Assert.Throws<ArgumentException>(() => TlogPolicy.Threshold(witnesses[0], witnesses, 1));
        Assert.Throws<ArgumentException>(
            () => TlogPolicy.Threshold(log.Verifier, [witnesses[0], witnesses[0]], 1));
    }

    private static TlogPolicy Read(string text) => TlogPolicy.Parse(Encoding.UTF8.GetBytes(Keyed(text)));

    /// <summary>Puts real keys in the place of LOG, RENAMED (the same key by another name) and W1 to W6.</summary>
    private static string Keyed(string text)
    {
        text = text.Replace("LOG", Log, StringComparison.Ordinal)
            .Replace("RENAMED", NoteKeys.Log("renamed.example").Verifier.ToString(), StringComparison.Ordinal);
        for (var i = 1; i <= 6; i++)
            text = text.Replace($" W{i}", $" {NoteKeys.Witness(i).Verifier}", StringComparison.Ordinal);
        return text;
    }

    private static SignedNote Cosigned(params int[] witnesses)
    {
        using var log = NoteKeys.Log();
        var note = new Checkpoint(NoteKeys.Origin, 7, MerkleHash.EmptyRoot).Sign(log);
        foreach (var i in witnesses)
        {
            using var witness = NoteKeys.Witness(i);
            note = note.WithSignatures([witness.Sign(note.TextBytes, 1000 + i)]);
        }

        return note;
    }
}
