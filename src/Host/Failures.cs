using System.Security.Cryptography;
using Bauta.Protocol;
using Bauta.Storage;
using Bauta.Wallet;

namespace Bauta.Host;

/// <summary>Exit codes and sentences for what can go wrong.</summary>
internal static class Failures
{
    public static (ExitCode Code, string Message) Explain(Exception failure) => failure switch
    {
        HostException host => (host.Code, host.Message),
        WalletException wallet => (CodeOf(wallet.Error), wallet.Message),
        PartyUnreachableException => (ExitCode.StillOpen,
            $"{Sentence(failure)} Is the network up? Nothing is lost; try again, or: bauta wallet resume"),
        ProtocolViolationException => (ExitCode.Distrusted, failure.Message),
        StorageException { Failure: StorageFailure.Refused } => (ExitCode.BadFile, failure.Message),
        StorageException { Failure: StorageFailure.Held } => (ExitCode.InUse,
            $"{Sentence(failure)} Does it run already? Stop that one first. Two wallets, or two demos, take folders of "
            + "their own."),
        StorageException { Failure: StorageFailure.Retryable or StorageFailure.Fatal } => (ExitCode.Unexpected,
            $"{Sentence(failure)} Nothing that was done before is lost. Look at the disk of this file: is it full, is "
            + "it broken? Then go on: start the role again, or run bauta wallet resume"),
        InvalidDataException or FormatException => (ExitCode.BadFile, failure.Message),
        Microsoft.AspNetCore.Connections.AddressInUseException => (ExitCode.InUse, PortTaken(failure)),
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } =>
            (ExitCode.InUse, PortTaken(failure)),
        FileNotFoundException or DirectoryNotFoundException => (ExitCode.NotFound, failure.Message),
        UnauthorizedAccessException => (ExitCode.BadFile,
            $"{Sentence(failure)} Is it a folder where a file is wanted, or another user's?"),
        CryptographicException => (ExitCode.BadFile, $"A key cannot be used: {failure.Message}"),
        _ => (ExitCode.Unexpected, $"{failure.GetType().Name}: {failure.Message}"),
    };

    public static ExitCode CodeOf(WalletError error) => error switch
    {
        WalletError.NoWallet => ExitCode.NoWallet,
        WalletError.Exists => ExitCode.Exists,
        WalletError.WrongPassword => ExitCode.WrongPassword,
        WalletError.BadPhrase => ExitCode.BadPhrase,
        WalletError.Damaged => ExitCode.Damaged,
        WalletError.NotEnough => ExitCode.NotEnough,
        WalletError.Declined => ExitCode.Declined,
        WalletError.Refused => ExitCode.Refused,
        WalletError.Distrusted => ExitCode.Distrusted,
        WalletError.NotFound => ExitCode.NotFound,
        WalletError.Unreachable => ExitCode.StillOpen,
        _ => throw new InvalidOperationException($"{error} has no exit code."),
    };

    private static string PortTaken(Exception failure) =>
        $"{Sentence(failure)} Stop what listens there, or choose another port: \"listen\" in a role's configuration, "
        + "--port-base with the demo.";

    /// <summary>With a full stop, so that more can follow; the system's own messages have none.</summary>
    private static string Sentence(Exception failure) =>
        failure.Message is [.., '.' or '?' or '!'] ? failure.Message : failure.Message + ".";
}
