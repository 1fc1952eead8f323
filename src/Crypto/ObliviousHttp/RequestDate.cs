using System.Globalization;
using Bauta.Crypto.BinaryHttp;

namespace Bauta.Crypto.ObliviousHttp;

/// <summary>What the date of a request says of its age.</summary>
public enum RequestAge
{
    /// <summary>Within the tolerance.</summary>
    Fresh = 0,

    /// <summary>There is no <c>date</c> field.</summary>
    Undated,

    /// <summary>The field is repeated or not an IMF-fixdate (RFC 9110 section 5.6.7).</summary>
    Malformed,

    /// <summary>
    /// Too old or too far ahead: answer 400 with <see cref="RequestDate.ProblemType"/> and the own date.
    /// </summary>
    OutOfRange,
}

/// <summary>
/// The <c>date</c> field of an inner request, which bounds how long an encapsulation can be replayed (RFC 9458 section
/// 6.5.1). With a replay memory whose window is at least twice the tolerance, no dated request is opened twice.
/// </summary>
public static class RequestDate
{
    /// <summary>The problem type for a date out of range (RFC 9458 section 6.5.2).</summary>
    public const string ProblemType = "https://iana.org/assignments/http-problem-types#date";

    private const string FieldName = "date";

    /// <summary>
    /// A date field for a request, cut to the minute: whole seconds would tell clients apart by how wrong their clocks
    /// are.
    /// </summary>
    public static BinaryField Coarse(TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        var minute = new DateTimeOffset(now.Ticks - now.Ticks % TimeSpan.TicksPerMinute, TimeSpan.Zero);
        return BinaryField.Create(FieldName, minute.ToString("r", CultureInfo.InvariantCulture));
    }

    /// <summary>Compares the date of a request with the clock.</summary>
    /// <param name="request">The inner request.</param>
    /// <param name="clock">The gateway's clock.</param>
    /// <param name="tolerance">How far the date may lie on either side; 2 minutes or more, since dates are cut.</param>
    public static RequestAge Check(BinaryRequest request, TimeProvider clock, TimeSpan tolerance)
    {
        if (!request.Headers.Any(f => f.Name == FieldName))
            return RequestAge.Undated;
        if (!request.TryGetHeader(FieldName, out var text)
            || !DateTimeOffset.TryParseExact(
                text, "r", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
            return RequestAge.Malformed;
        return (clock.GetUtcNow() - date).Duration() <= tolerance ? RequestAge.Fresh : RequestAge.OutOfRange;
    }
}
