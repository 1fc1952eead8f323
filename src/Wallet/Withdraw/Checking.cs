using System.Security.Cryptography;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Wallet.Tokens;

namespace Bauta.Wallet;

/// <summary>What a wallet found of its own tokens in what the bank states.</summary>
/// <param name="Counted">How many are counted, those of earlier checks as well.</param>
/// <param name="Waiting">How many the bank has not stated yet, and need not have.</param>
/// <param name="Alarms">Those that it signed and does not count.</param>
public sealed record IssueReport(int Counted, int Waiting, IReadOnlyList<IssueEvidence> Alarms);

public sealed partial class Wallet
{
    /// <summary>How long a bank may take to state a token in the log after it was first asked, in seconds: the day, and
    /// two more.</summary>
    public const long StatedWithinSeconds = 3 * Totals.DaySeconds;

    /// <summary>
    /// Asks the bank for the proof that each token's request is counted in the totals which it states in the archive's
    /// log. Each request in an exchange of its own, in random order, after a pause: the bank knows them by when they
    /// were signed, and must not be told which belong together. One that is counted is not asked for again.
    /// </summary>
    public async Task<IssueReport> CheckIssuesAsync(IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var book = await DenominationsAsync(cancellation);
        var (open, counted) = await Store.Database.ReadAsync(
            transaction => (Store.TokenRows.Unchecked(transaction).ToArray(), TokenTable.Counted(transaction)),
            cancellation);
        RandomNumberGenerator.Shuffle(open.AsSpan());
        var bank = (await network.BankCardAsync(cancellation)).Content.IdentityKey();
        var (waiting, alarms) = (0, new List<IssueEvidence>());
        foreach (var (done, token) in open.Index())
        {
            // A key that has expired is listed no more, and its tokens are worth nothing.
            if (book.Find(token.TokenKeyId) is not { } key)
                continue;
            if (done > 0)
                await PauseAsync(cancellation);
            progress?.Report(WalletStep.UnderWay("check", "asking", done, open.Length));
            using var issuance = Begin(token, book);
            var answer = await network.Bank.ProveIssueAsync(SHA256.HashData(issuance.Request), cancellation);
            if (answer.IsOk && answer.Value.Holds(
                SHA256.HashData(issuance.Request), key.Terms, bank, network.Policy))
            {
                await NoteCheckAsync(token, true, cancellation);
                counted++;
            }
            else if (answer.Error == BankError.NotStated
                && await NoteCheckAsync(token, false, cancellation) is var since
                && Now.Seconds - since.Seconds <= StatedWithinSeconds)
            {
                waiting++;
            }
            else
            {
                alarms.Add(Evidence(token, key, issuance.Request, answer));
            }
        }

        return new IssueReport(counted, waiting, alarms);
    }

    private IssueEvidence Evidence(
        WalletToken token, VerifiedDenomination key, byte[] request, Result<IssueProof, BankError> answer)
    {
        if (!Token.TryDecode(token.Token, out var decoded))
            throw WalletException.Unreadable("token");
        using var secret = Store.Seed.Token(token.TokenKeyId, token.Number);
        var seed = secret.BlindingSeed();
        try
        {
            return new IssueEvidence(
                IssueEvidence.CurrentFormat, network.Policy.Text, key.Listed, request,
                BlindRsa.BlindSignatureOf(key.Key, decoded.Authenticator, seed),
                answer.IsOk ? null : Refusals<BankError>.Code(answer.Error.Value), answer.IsOk ? answer.Value : null);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <returns>When the token was first asked for.</returns>
    private Task<UnixTime> NoteCheckAsync(WalletToken token, bool isCounted, CancellationToken cancellation)
    {
        var now = Now;
        return Store.Database.WriteAsync(
            transaction => TokenTable.NoteCheck(transaction, token, isCounted, now), cancellation);
    }
}
