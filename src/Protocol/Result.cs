using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text;

namespace Bauta.Protocol;

/// <summary>
/// What a party answers: a value, or an expected refusal with a code from the party's closed list. Failures that are
/// not refusals are exceptions: <see cref="PartyUnreachableException"/> (try again, same id and body) and
/// <see cref="ProtocolViolationException"/> (the other side broke the protocol).
/// </summary>
/// <typeparam name="T">The value.</typeparam>
/// <typeparam name="TError">The party's closed list of refusals.</typeparam>
public readonly struct Result<T, TError>
    where TError : struct, Enum
{
    private readonly T? value;
    private readonly TError? error;
    private readonly bool made;

    private Result(T? value, TError? error, string detail) =>
        (this.value, this.error, Detail, made) = (value, error, detail, true);

    /// <summary>Whether there is a value.</summary>
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => made && error is null;

    /// <summary>The value; reading it after a refusal is a bug and throws.</summary>
    public T Value => IsOk ? value! : throw new InvalidOperationException($"Refused: {Error} {Detail}");

    /// <summary>The refusal's code, or null.</summary>
    public TError? Error => made ? error : throw new InvalidOperationException("This result was never made.");

    /// <summary>A sentence for a person; never carries an identifier of a person, token or transaction.</summary>
    public string Detail { get; }

    /// <summary>Makes the answer with a value.</summary>
    public static Result<T, TError> Ok(T value) => new(value, null, string.Empty);

    /// <summary>Makes a refusal.</summary>
    public static Result<T, TError> Refuse(TError error, string detail = "") => new(default, error, detail);

    /// <summary>A value is an answer.</summary>
    public static implicit operator Result<T, TError>(T value) => Ok(value);

    /// <summary>A code is a refusal.</summary>
    public static implicit operator Result<T, TError>(TError error) => Refuse(error);

    /// <summary>Turns the value into another, keeps a refusal.</summary>
    public Result<TOther, TError> Map<TOther>(Func<T, TOther> map) =>
        IsOk ? Result<TOther, TError>.Ok(map(Value)) : Result<TOther, TError>.Refuse(Error.Value, Detail);
}

/// <summary>States how a code of a closed list travels: its HTTP status and what it means and what to do
/// next.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="meaning">One sentence for the documentation and for the person who meets it.</param>
[AttributeUsage(AttributeTargets.Field)]
public sealed class RefusalAttribute(int status, string meaning) : Attribute
{
    /// <summary>The HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>What it means and what to do next.</summary>
    public string Meaning { get; } = meaning;
}

/// <summary>The closed list of refusals of one party, as it stands on the wire: <c>TokenSpent</c> is
/// <c>token-spent</c>.</summary>
/// <typeparam name="TError">The list.</typeparam>
public static class Refusals<TError>
    where TError : struct, Enum
{
    private static readonly Dictionary<TError, (string Code, RefusalAttribute About)> byValue =
        Enum.GetValues<TError>().ToDictionary(value => value, value => (Kebab(value.ToString()), About(value)));

    private static readonly Dictionary<string, TError> byCode =
        byValue.ToDictionary(pair => pair.Value.Code, pair => pair.Key, StringComparer.Ordinal);

    /// <summary>All codes of the list.</summary>
    public static IEnumerable<(TError Value, string Code, RefusalAttribute About)> All =>
        byValue.Select(pair => (pair.Key, pair.Value.Code, pair.Value.About));

    /// <summary>The code on the wire.</summary>
    public static string Code(TError error) => byValue[error].Code;

    /// <summary>The HTTP status.</summary>
    public static int Status(TError error) => byValue[error].About.Status;

    /// <summary>What it means and what to do next.</summary>
    public static string Meaning(TError error) => byValue[error].About.Meaning;

    /// <summary>Reads a code from the wire; a code that is not on the list is a protocol violation.</summary>
    public static bool TryParse(string code, out TError error) => byCode.TryGetValue(code, out error);

    private static RefusalAttribute About(TError value) =>
        typeof(TError).GetField(value.ToString())!.GetCustomAttribute<RefusalAttribute>()
        ?? throw new InvalidOperationException($"{typeof(TError).Name}.{value} states no status and meaning.");

    private static string Kebab(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (var letter in name)
        {
            if (char.IsAsciiLetterUpper(letter) && text.Length > 0)
                text.Append('-');
            text.Append(char.ToLowerInvariant(letter));
        }

        return text.ToString();
    }
}

/// <summary>The party did not answer, or answered that it cannot now. The same request may be sent again.</summary>
public sealed class PartyUnreachableException : IOException
{
    /// <summary>Makes the exception.</summary>
    public PartyUnreachableException() { }

    /// <summary>Makes the exception.</summary>
    public PartyUnreachableException(string message) : base(message) { }

    /// <summary>Makes the exception.</summary>
    public PartyUnreachableException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>The other side's answer breaks the protocol: malformed, wrongly signed, or not the answer to the
/// request.</summary>
public sealed class ProtocolViolationException : IOException
{
    /// <summary>Makes the exception.</summary>
    public ProtocolViolationException() { }

    /// <summary>Makes the exception.</summary>
    public ProtocolViolationException(string message) : base(message) { }

    /// <summary>Makes the exception.</summary>
    public ProtocolViolationException(string message, Exception inner) : base(message, inner) { }
}
