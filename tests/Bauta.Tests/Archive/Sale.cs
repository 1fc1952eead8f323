using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Xunit;

namespace Bauta.Tests.Archive;

/// <summary>One purchase as the archive sees it: the lock note and the release.</summary>
internal sealed class Sale
{
    private Sale(TransactionId transaction, Signed<LockNote> note, Signed<Release> release) =>
        (Transaction, Note, Release) = (transaction, note, release);

    public TransactionId Transaction { get; }

    public Signed<LockNote> Note { get; }

    public BankKeyId BankKey => BankKeyId.Of(Note);

    public Signed<Release> Release { get; }

    public DecisionRequest Commit => new(Note, Release);

    public DecisionRequest Abort => new(Note);

    public static Sale Make(ISigner bank, PolicyId archive, long expiresAt)
    {
        using var releaseKey = P256PrivateKey.Generate();
        return Make(bank, archive, expiresAt, releaseKey, RandomNumberGenerator.GetBytes(32));
    }

    public static Sale Make(
        ISigner bank, PolicyId archive, long expiresAt, P256PrivateKey releaseKey, byte[] maskedKey)
    {
        var transaction = TransactionId.Of(releaseKey.PublicKey);
        var note = new LockNote(
            transaction, UnixTime.FromSeconds(expiresAt), archive, KeyCommitment.To(transaction, maskedKey));
        var release = new Release(releaseKey.PublicKey.Spki, maskedKey);
        return new Sale(
            transaction, Signed<LockNote>.Sign(bank, note), Signed<Release>.Sign(releaseKey, release));
    }

    /// <summary>The same statement with the other valid signature, (r, n - s), which anybody can make.</summary>
    public static Signed<T> Twin<T>(Signed<T> statement)
        where T : class, IStatement<T>
    {
        var order = new System.Numerics.BigInteger(Convert.FromHexString(
            "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), isUnsigned: true, isBigEndian: true);
        var parts = statement.Text.Split('.');
        Assert.True(Base64Url.TryDecode(parts[2], out var signature));
        var s = new System.Numerics.BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true);
        var twin = (order - s).ToByteArray(isUnsigned: true, isBigEndian: true);
        byte[] other = [.. signature.AsSpan(0, 32), .. new byte[32 - twin.Length], .. twin];
        Assert.True(Signed<T>.TryParse($"{parts[0]}.{parts[1]}.{Base64Url.Encode(other)}", out var signed));
        Assert.NotEqual(statement.Text, signed.Text);
        return signed;
    }
}
