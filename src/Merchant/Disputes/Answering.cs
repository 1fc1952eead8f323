using Bauta.Merchant.Desk;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;

namespace Bauta.Merchant.Disputes;

/// <summary>
/// The shop's side of disputes, under its account's key. Nothing is kept here: the bank has the state, and an answer
/// that was lost on its way is simply given again.
/// </summary>
internal sealed class Answering(MerchantKeys keys, IDisputes bank, TimeProvider clock)
{
    public Task<Result<DisputeList, DeskError>> ListAsync(TransactionId? after, CancellationToken cancellation) =>
        AskAsync(() => bank.DisputesAsync(
            Signed<ReadOrder>.Sign(
                keys.Account, new ReadOrder(keys.Account.PublicKey.Spki, UnixTime.Now(clock))),
            after, cancellation));

    public async Task<Result<DisputeState, DeskError>> AnswerAsync(NewAnswer wanted, CancellationToken cancellation)
    {
        var answer = new DisputeAnswer(wanted.Sale, keys.Account.PublicKey.Spki, wanted.Accepts, wanted.Case);
        return answer.IsWellFormed()
            ? await AskAsync(() => bank.AnswerAsync(
                Signed<DisputeAnswer>.Sign(keys.Account, answer), cancellation))
            : DeskError.Malformed;
    }

    private static async Task<Result<T, DeskError>> AskAsync<T>(Func<Task<Result<T, BankError>>> ask)
    {
        try
        {
            var answer = await ask();
            return answer.IsOk
                ? answer.Value
                : Result<T, DeskError>.Refuse(
                    answer.Error == BankError.UnknownDispute ? DeskError.UnknownSale : DeskError.BankRefused,
                    Refusals<BankError>.Meaning(answer.Error.Value));
        }
        catch (PartyUnreachableException)
        {
            return DeskError.BankUnreachable;
        }
    }
}
