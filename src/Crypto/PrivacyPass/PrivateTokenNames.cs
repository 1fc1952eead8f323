namespace Bauta.Crypto.PrivacyPass;

/// <summary>Registered names of RFC 9577 and RFC 9578.</summary>
public static class PrivateTokenNames
{
    /// <summary>The token type: Blind RSA (2048-bit), RFC 9578 section 8.2.2.</summary>
    public const ushort TokenType = 0x0002;

    /// <summary>Media type of a <see cref="TokenRequest"/>.</summary>
    public const string RequestMediaType = "application/private-token-request";

    /// <summary>Media type of a <see cref="TokenResponse"/>.</summary>
    public const string ResponseMediaType = "application/private-token-response";

    /// <summary>Media type of an <see cref="IssuerDirectory"/>.</summary>
    public const string DirectoryMediaType = "application/private-token-issuer-directory";

    /// <summary>Path of an <see cref="IssuerDirectory"/> at its issuer.</summary>
    public const string DirectoryPath = "/.well-known/private-token-issuer-directory";
}
