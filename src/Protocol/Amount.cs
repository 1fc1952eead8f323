using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bauta.Protocol;

/// <summary>
/// A sum of money in whole minor units of the bank's currency, from zero to <see cref="Maximum"/>. All arithmetic is
/// checked; a result outside the range throws <see cref="OverflowException"/>.
/// </summary>
[JsonConverter(typeof(AmountConverter))]
public readonly record struct Amount : IComparable<Amount>
{
    /// <summary>The largest sum, 10^15 minor units: far above any account, far below overflow of a sum of
    /// many.</summary>
    public const long Maximum = 1_000_000_000_000_000;

    private Amount(long minorUnits) => MinorUnits = minorUnits;

    /// <summary>The number of minor units.</summary>
    public long MinorUnits { get; }

    /// <summary>No money.</summary>
    public static Amount Zero => default;

    /// <summary>Makes an amount.</summary>
    /// <param name="minorUnits">From 0 to <see cref="Maximum"/>.</param>
    /// <returns>The amount.</returns>
    /// <exception cref="OverflowException">The number is outside the range.</exception>
    public static Amount FromMinorUnits(long minorUnits) => minorUnits is >= 0 and <= Maximum
        ? new Amount(minorUnits)
        : throw new OverflowException("An amount lies between 0 and 10^15 minor units.");

    /// <summary>Adds with the range checked.</summary>
    public static Amount operator +(Amount left, Amount right) =>
        FromMinorUnits(checked(left.MinorUnits + right.MinorUnits));

    /// <summary>Subtracts; a result below zero throws.</summary>
    public static Amount operator -(Amount left, Amount right) =>
        FromMinorUnits(checked(left.MinorUnits - right.MinorUnits));

    /// <summary>Compares.</summary>
    public static bool operator <(Amount left, Amount right) => left.MinorUnits < right.MinorUnits;

    /// <summary>Compares.</summary>
    public static bool operator >(Amount left, Amount right) => left.MinorUnits > right.MinorUnits;

    /// <summary>Compares.</summary>
    public static bool operator <=(Amount left, Amount right) => left.MinorUnits <= right.MinorUnits;

    /// <summary>Compares.</summary>
    public static bool operator >=(Amount left, Amount right) => left.MinorUnits >= right.MinorUnits;

    /// <inheritdoc cref="op_Addition"/>
    public static Amount Add(Amount left, Amount right) => left + right;

    /// <inheritdoc cref="op_Subtraction"/>
    public static Amount Subtract(Amount left, Amount right) => left - right;

    /// <inheritdoc/>
    public int CompareTo(Amount other) => MinorUnits.CompareTo(other.MinorUnits);

    /// <summary>The bare number of minor units.</summary>
    /// <returns>Decimal digits.</returns>
    public override string ToString() => MinorUnits.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A currency: an upper-case code of three letters and the number of decimals of its minor unit.</summary>
public sealed record Currency
{
    private const int MaxDigits = 16;

    private Currency(string code, int decimals) => (Code, Decimals) = (code, decimals);

    /// <summary>Three upper-case letters.</summary>
    public string Code { get; }

    /// <summary>Decimals between the major and the minor unit, 0 to 4.</summary>
    public int Decimals { get; }

    /// <summary>Makes a currency.</summary>
    /// <param name="code">Three upper-case ASCII letters.</param>
    /// <param name="decimals">0 to 4.</param>
    /// <returns>The currency.</returns>
    /// <exception cref="FormatException">The code or the number of decimals is not allowed.</exception>
    public static Currency Create(string code, int decimals) =>
        Names.IsCurrency(code, decimals)
            ? new Currency(code, decimals)
            : throw new FormatException("A currency is three upper-case letters and 0 to 4 decimals.");

    /// <summary>Reads the text form, such as <c>EUR/2</c>.</summary>
    /// <exception cref="FormatException">The text is none.</exception>
    public static Currency Parse(string? text) =>
        text?.Split('/') is [var code, [var digit]] && Names.IsCurrency(code, digit - '0')
            ? new Currency(code, digit - '0')
            : throw new FormatException("A currency is three capital letters and its decimals, such as EUR/2.");

    /// <summary>Reads an amount as a person writes it, such as <c>2.50</c>.</summary>
    /// <param name="text">Digits, at most one point, at most <see cref="Decimals"/> digits behind it.</param>
    /// <param name="amount">The amount, when the text is one.</param>
    /// <returns>Whether the text is an amount.</returns>
    public bool TryParseAmount(string? text, out Amount amount)
    {
        amount = Amount.Zero;
        var (major, minor) = text?.IndexOf('.', StringComparison.Ordinal) is { } point and >= 0
            ? (text[..point], text[(point + 1)..])
            : (text ?? "", "");
        var hasPoint = text?.Length > major.Length;
        if (major.Length == 0 || major.Length + Decimals > MaxDigits || !major.All(char.IsAsciiDigit)
            || !minor.All(char.IsAsciiDigit) || minor.Length > Decimals || (hasPoint && minor.Length == 0))
            return false;
        // A whole number of at most sixteen digits, so that nothing is ever rounded.
        var units = long.Parse(major + minor.PadRight(Decimals, '0'), CultureInfo.InvariantCulture);
        if (units > Amount.Maximum)
            return false;
        amount = Amount.FromMinorUnits(units);
        return true;
    }

    /// <summary>Writes an amount as a person reads it, such as <c>2.50 EUR</c>.</summary>
    /// <param name="amount">The amount.</param>
    /// <returns>The text.</returns>
    public string Format(Amount amount)
    {
        var scale = (long)Math.Pow(10, Decimals);
        var (major, minor) = Math.DivRem(amount.MinorUnits, scale);
        return Decimals == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{major} {Code}")
            : string.Create(CultureInfo.InvariantCulture,
                $"{major}.{minor.ToString(CultureInfo.InvariantCulture).PadLeft(Decimals, '0')} {Code}");
    }

    /// <summary>The text form that <see cref="Parse"/> reads.</summary>
    public override string ToString() => $"{Code}/{Decimals}";
}

/// <summary>A point in time in whole seconds since 1970 UTC, the only clock unit on the wire.</summary>
[JsonConverter(typeof(UnixTimeConverter))]
public readonly record struct UnixTime : IComparable<UnixTime>
{
    internal const long MaximumSeconds = 253_402_300_799;

    private UnixTime(long seconds) => Seconds = seconds;

    /// <summary>Seconds since 1970-01-01T00:00:00Z.</summary>
    public long Seconds { get; }

    /// <summary>Makes a point in time.</summary>
    /// <param name="seconds">From 0 to the end of the year 9999.</param>
    /// <returns>The time.</returns>
    /// <exception cref="OverflowException">The number is outside the range.</exception>
    public static UnixTime FromSeconds(long seconds) => seconds is >= 0 and <= MaximumSeconds
        ? new UnixTime(seconds)
        : throw new OverflowException("A time lies between 1970 and 9999.");

    /// <summary>The clock's time, cut to whole seconds.</summary>
    /// <param name="clock">The clock.</param>
    /// <returns>The time.</returns>
    public static UnixTime Now(TimeProvider clock) => FromSeconds(clock.GetUtcNow().ToUnixTimeSeconds());

    /// <summary>A later time.</summary>
    /// <param name="seconds">May be negative.</param>
    /// <returns>The time.</returns>
    public UnixTime AddSeconds(long seconds) => FromSeconds(checked(Seconds + seconds));

    /// <summary>Compares.</summary>
    public static bool operator <(UnixTime left, UnixTime right) => left.Seconds < right.Seconds;

    /// <summary>Compares.</summary>
    public static bool operator >(UnixTime left, UnixTime right) => left.Seconds > right.Seconds;

    /// <summary>Compares.</summary>
    public static bool operator <=(UnixTime left, UnixTime right) => left.Seconds <= right.Seconds;

    /// <summary>Compares.</summary>
    public static bool operator >=(UnixTime left, UnixTime right) => left.Seconds >= right.Seconds;

    /// <inheritdoc/>
    public int CompareTo(UnixTime other) => Seconds.CompareTo(other.Seconds);

    /// <summary>The time in the form of RFC 3339.</summary>
    /// <returns>Such as <c>2026-01-31T12:00:00Z</c>.</returns>
    public override string ToString() =>
        DateTimeOffset.FromUnixTimeSeconds(Seconds).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <summary>An amount in JSON: a whole number.</summary>
public sealed class AmountConverter : JsonConverter<Amount>
{
    /// <inheritdoc/>
    public override Amount Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TryGetInt64(out var value) && value is >= 0 and <= Amount.Maximum
            ? Amount.FromMinorUnits(value)
            : throw new JsonException("Not an amount.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Amount value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(value.MinorUnits);
}

/// <summary>A time in JSON: a whole number of seconds.</summary>
public sealed class UnixTimeConverter : JsonConverter<UnixTime>
{
    /// <inheritdoc/>
    public override UnixTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (!reader.TryGetInt64(out var value) || value is < 0 or > UnixTime.MaximumSeconds)
            throw new JsonException("Not a time.");
        return UnixTime.FromSeconds(value);
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, UnixTime value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(value.Seconds);
}

/// <summary>Bytes in JSON: unpadded canonical base64url.</summary>
public sealed class Base64UrlConverter : JsonConverter<byte[]>
{
    /// <inheritdoc/>
    public override byte[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetString() is { } text && Crypto.Jose.Base64Url.TryDecode(text, out var bytes)
            ? bytes
            : throw new JsonException("Not base64url.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, byte[] value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Crypto.Jose.Base64Url.Encode(value));
}
