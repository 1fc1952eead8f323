using System.Text.Json;
using System.Text.Json.Serialization;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Relay;
using Bauta.Storage;

namespace Bauta.Host.Config;

/// <summary>
/// What an operator hands to the others: where a party is and by which keys it is known. Written by
/// <c>bauta init</c> beside the configuration, named in the configurations of those that deal with the party.
/// </summary>
/// <param name="Role">One of <see cref="Roles"/>.</param>
/// <param name="Name">The party's name.</param>
/// <param name="Url">Its origin, such as <c>https://bank.example</c>.</param>
/// <param name="Key">SPKI of its identity key.</param>
/// <param name="NoteKey">With an archive or witness: its vkey.</param>
/// <param name="Policy">With an archive: its policy in C2SP tlog-policy form.</param>
/// <param name="Currency">With a bank: such as <c>EUR/2</c>.</param>
internal sealed record PartyFile(
    string Role, string Name, string Url, byte[] Key, string? NoteKey = null, string? Policy = null,
    string? Currency = null)
{
    public const string Extension = ".party.json";

    private const int MaxLength = 64 * 1024;

    /// <summary>The identity key.</summary>
    [JsonIgnore]
    public P256PublicKey Identity => P256PublicKey.FromSpki(Key);

    /// <summary>Origin and thumbprint.</summary>
    [JsonIgnore]
    public PartyAddress Address => PartyAddress.Create(new Uri(Url), Identity.Thumbprint);

    /// <summary>An archive's policy.</summary>
    public ArchivePolicy ReadPolicy() => ArchivePolicy.TryParse(Policy, out var policy)
        ? policy
        : throw new InvalidDataException(
            $"The party file of {Name} holds no archive policy. Run bauta init archive with its witnesses.");

    /// <summary>A note key.</summary>
    public NoteVerifier ReadNoteKey() => NoteKey is not null && NoteVerifier.TryParse(NoteKey, out var key)
        ? key
        : throw new InvalidDataException($"The party file of {Name} holds no key that signs notes.");

    /// <summary>A bank's currency.</summary>
    public Currency ReadCurrency() => Protocol.Currency.Parse(Currency);

    /// <summary>Reads the file of a party of one role.</summary>
    /// <exception cref="HostException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is not one.</exception>
    public static PartyFile Read(string path, string role) => Read(path, [role]);

    /// <summary>Reads the file of a party of one of these roles.</summary>
    public static PartyFile Read(string path, IReadOnlyList<string> roles)
    {
        var role = string.Join(" or ", roles);
        var bytes = DurableFile.Read(path, MaxLength) ?? throw new HostException(ExitCode.BadFile,
            $"{path} is missing. It is the file that `bauta init {roles[0]}` wrote; get it from the "
            + $"{role}'s operator.");
        if (!StrictJson.TryRead(bytes, PartyFileJson.Default.PartyFile, out var file)
            || !P256PublicKey.TryFromSpki(file.Key, out _)
            || !Uri.TryCreate(file.Url, UriKind.Absolute, out _))
            throw new InvalidDataException($"{path} is not a party file.");
        return roles.Contains(file.Role)
            ? file
            : throw new InvalidDataException($"{path} is of role {file.Role}; one of role {role} is wanted here.");
    }

    public void Write(string path) =>
        DurableFile.Write(path, StrictJson.Write(this, PartyFileJson.Default.PartyFile));
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(Base64UrlConverter)])]
[JsonSerializable(typeof(PartyFile))]
internal sealed partial class PartyFileJson : JsonSerializerContext;
