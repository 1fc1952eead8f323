namespace Bauta.Wallet;

/// <summary>Why the wallet did not do what it was asked. The list is closed; each has its own exit code.</summary>
public enum WalletError
{
    /// <summary>There is no wallet yet.</summary>
    NoWallet,

    /// <summary>What was to be made exists already: a wallet, or a file.</summary>
    Exists,

    /// <summary>The password does not open it.</summary>
    WrongPassword,

    /// <summary>The phrase is not one.</summary>
    BadPhrase,

    /// <summary>The file was changed by something else.</summary>
    Damaged,

    /// <summary>A reserve or the tokens do not cover it.</summary>
    NotEnough,

    /// <summary>The card was declined.</summary>
    Declined,

    /// <summary>The other side refused.</summary>
    Refused,

    /// <summary>The other side broke the protocol; evidence is kept where there is any.</summary>
    Distrusted,

    /// <summary>There is no such purchase, offer or shop.</summary>
    NotFound,

    /// <summary>The other side did not answer; nothing is lost, resume later.</summary>
    Unreachable,
}

/// <summary>An expected failure with a sentence that says what to do next.</summary>
public sealed class WalletException : Exception
{
    /// <summary>Makes the exception.</summary>
    public WalletException(WalletError error, string message, Exception? inner = null) : base(message, inner) =>
        Error = error;

    /// <summary>Makes the exception.</summary>
    public WalletException() { }

    /// <summary>Makes the exception.</summary>
    public WalletException(string message) : base(message) { }

    /// <summary>Makes the exception.</summary>
    public WalletException(string message, Exception inner) : base(message, inner) { }

    /// <summary>Which one.</summary>
    public WalletError Error { get; }

    /// <summary>Something that this wallet wrote itself does not parse.</summary>
    internal static WalletException Unreadable(string what) =>
        new(WalletError.Damaged, $"A {what} in the wallet's file cannot be read.");
}
