namespace Bauta.Crypto.BinaryHttp;

/// <summary>Why a binary HTTP message was refused. Closed; every value but <see cref="None"/> is a 4xx.</summary>
public enum BinaryHttpError
{
    /// <summary>The message is well formed.</summary>
    None = 0,

    /// <summary>The message ends where RFC 9292 section 3.8 does not allow it to.</summary>
    Truncated,

    /// <summary>The framing indicator is not 0 to 3 (RFC 9292 section 3.3).</summary>
    UnknownFraming,

    /// <summary>A response where a request is expected, or the reverse.</summary>
    WrongKind,

    /// <summary>Method, scheme, authority or path is not what HTTP allows, or the method is CONNECT.</summary>
    BadControlData,

    /// <summary>Method, scheme, authority or path is longer than the limit (HTTP 414).</summary>
    ControlDataTooLarge,

    /// <summary>A final status is not 200 to 599, or an informational one is not 100 to 199.</summary>
    BadStatus,

    /// <summary>More informational responses than the limit.</summary>
    TooManyInformational,

    /// <summary>A field name is empty, has an upper-case letter, or has a byte that is not of a token.</summary>
    BadFieldName,

    /// <summary>A pseudo-field such as <c>:path</c> stands among the field lines.</summary>
    PseudoField,

    /// <summary>A field value has a control character, or begins or ends with a space or tab.</summary>
    BadFieldValue,

    /// <summary>A field that speaks of a connection, or <c>te</c> other than <c>trailers</c>.</summary>
    ConnectionField,

    /// <summary>A field that must not stand in a trailer section.</summary>
    BadTrailer,

    /// <summary>More than one <c>host</c>, or one that differs from the authority.</summary>
    BadHost,

    /// <summary><c>content-length</c> is malformed, repeated, or not the length of the content.</summary>
    ContentLengthMismatch,

    /// <summary><c>expect</c>, which cannot be met inside Oblivious HTTP (RFC 9458 section 5.1).</summary>
    Expectation,

    /// <summary>More field lines than the limit (HTTP 431).</summary>
    TooManyFields,

    /// <summary>A field section is longer than the limit (HTTP 431).</summary>
    FieldSectionTooLarge,

    /// <summary>The content is longer than the limit (HTTP 413).</summary>
    ContentTooLarge,

    /// <summary>A byte of padding is not zero.</summary>
    BadPadding,
}
