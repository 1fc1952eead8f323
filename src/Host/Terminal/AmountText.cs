using Bauta.Protocol;

namespace Bauta.Host.Terminal;

/// <summary>Amounts as a person writes them on the command line.</summary>
internal static class AmountText
{
    /// <summary>An amount such as 2.50, more than zero.</summary>
    /// <exception cref="HostException">The text is none.</exception>
    public static Amount Parse(string text, Currency currency) =>
        currency.TryParseAmount(text, out var amount) && amount > Amount.Zero
            ? amount
            : throw new HostException(ExitCode.Usage,
                $"{text} is not an amount of {currency.Code} with at most {currency.Decimals} decimals, such as 2.50.");
}
