using Bauta.Host.Terminal;

namespace Bauta.Host.WalletVerbs;

/// <summary><c>bauta wallet</c>.</summary>
internal static class WalletGroup
{
    public static Verb Build() => new VerbGroup("wallet", "The customer's side: tokens, purchases, evidence.",
        "bauta wallet balance --wallet data/demo/wallet --password-file data/demo/wallet.password",
        new InitWalletVerb(), new FundVerb(), new WithdrawVerb(), new BalanceVerb(), new BuyVerb(),
        new HistoryVerb(), new ResumeVerb(), new RefreshVerb(), new BackupVerb(), new RestoreVerb(),
        new EvidenceVerb(), new ReceiptVerb(), new AnswerVerb(),
        new CheckTokensVerb(), new ForgetVerb())
    {
        WalletPlace.Folder,
        WalletPlace.PasswordFile,
        WalletPlace.Direct,
    };
}
