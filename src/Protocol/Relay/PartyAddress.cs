using System.Diagnostics.CodeAnalysis;
using Bauta.Crypto.Jose;

namespace Bauta.Protocol.Relay;

/// <summary>
/// Where a party is and who it must be: an origin (scheme, host, port; every path of the protocol hangs from its root)
/// and the RFC 7638 thumbprint of the identity key that signs its card. In text:
/// <c>https://bank.example#THUMBPRINT</c>.
/// </summary>
public sealed record PartyAddress
{
    private PartyAddress(Uri root, string thumbprint) => (Root, Thumbprint) = (root, thumbprint);

    /// <summary>The party's base address; ends in a slash.</summary>
    public Uri Root { get; }

    /// <summary>The thumbprint of the identity key.</summary>
    public string Thumbprint { get; }

    /// <summary>Scheme, host and port as a mask's allow-list names them: lower case, no slash at the end.</summary>
    public string Origin => OriginOf(Root);

    /// <summary>Makes an address.</summary>
    /// <exception cref="FormatException">The URI is more than an origin, or the thumbprint is none.</exception>
    public static PartyAddress Create(Uri root, string thumbprint) => IsRoot(root) && IsThumbprint(thumbprint)
        ? new PartyAddress(new Uri(OriginOf(root) + "/"), thumbprint)
        : throw new FormatException("A party's address is https://host#THUMBPRINT.");

    /// <summary>Reads the text form.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out PartyAddress? address)
    {
        address = null;
        var hash = text?.IndexOf('#', StringComparison.Ordinal) ?? -1;
        if (hash < 0 || text!.Length > 512 || !Uri.TryCreate(text[..hash], UriKind.Absolute, out var root)
            || !IsRoot(root) || !IsThumbprint(text[(hash + 1)..]))
            return false;
        address = Create(root, text[(hash + 1)..]);
        return true;
    }

    /// <summary>Reads the text form.</summary>
    /// <exception cref="FormatException">The text is no address.</exception>
    public static PartyAddress Parse(string text) => TryParse(text, out var address)
        ? address
        : throw new FormatException("A party's address is https://host#THUMBPRINT.");

    /// <summary>
    /// Scheme, host and port of an absolute HTTP URI: lower case, no slash at the end, no default port.
    /// </summary>
    public static string OriginOf(Uri uri) => $"{uri.Scheme}://{uri.Authority}".ToLowerInvariant();

    /// <summary>The text form.</summary>
    public override string ToString() => $"{Origin}#{Thumbprint}";

    private static bool IsRoot(Uri uri) => uri.IsAbsoluteUri && uri.Scheme is "http" or "https"
        && uri.PathAndQuery == "/" && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0 && uri.Host.Length > 0;

    private static bool IsThumbprint(string text) => text.Length == P256PublicKey.ThumbprintLength
        && Crypto.Jose.Base64Url.TryDecode(text, out var bytes) && bytes.Length == 32;
}
