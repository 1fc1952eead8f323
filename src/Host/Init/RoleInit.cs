using System.Net;
using System.Text;
using Bauta.Crypto.Notes;
using Bauta.Host.Config;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Relay;
using Bauta.Storage;

namespace Bauta.Host.Init;

/// <summary>
/// Makes a role: keys, party file, configuration. Keys that are there are kept, a configuration is never replaced.
/// </summary>
internal static class RoleInit
{
    /// <summary>Makes it.</summary>
    /// <returns>The party file to hand to others.</returns>
    public static PartyFile Create(NewRole role, TimeProvider time)
    {
        if (!PartyRoles.IsKnown(role.Role))
            throw new HostException(ExitCode.Usage, $"There is no role {role.Role}.");
        if (!Names.IsPartyName(role.Name))
            throw new HostException(ExitCode.Usage, $"{role.Name} is not a party's name: a-z, 0-9, dot and hyphen.");
        if (role.Listen is { } listen && !IPEndPoint.TryParse(listen, out _))
            throw new HostException(ExitCode.Usage,
                $"{listen} is not an address and port to listen on, such as 127.0.0.1:7303.");
        var currency = CurrencyOf(role);
        if (File.Exists(role.ConfigPath))
            throw new HostException(ExitCode.Exists, $"{role.ConfigPath} exists. Edit it, or name another --config.");
        DurableFile.CreateDirectory(role.Folder);
        var keys = Path.Combine(role.Folder, "keys");
        DurableFile.CreateDirectory(keys);
        using var identity = RoleKeys.MakeSigner(Path.Combine(keys, RoleKeys.Identity));
        if (role.Role == PartyRoles.Merchant)
            RoleKeys.MakeSigner(Path.Combine(keys, RoleKeys.Account)).Dispose();
        var noteKey = NoteKey(role, keys, time);
        var party = new PartyFile(
            role.Role, role.Name, PartyAddress.OriginOf(role.Url), identity.PublicKey.Spki, noteKey?.ToString(),
            role.Role == PartyRoles.Archive ? Policy(role, noteKey!) : null,
            role.Role == PartyRoles.Bank ? currency.ToString() : null);
        party.Write(role.PartyPath);
        DurableFile.Create(role.ConfigPath, Encoding.UTF8.GetBytes(ConfigText.Of(role)));
        return party;
    }

    private static Currency CurrencyOf(NewRole role)
    {
        try
        {
            return Currency.Parse(role.Currency);
        }
        catch (FormatException malformed)
        {
            throw new HostException(ExitCode.Usage, malformed.Message, malformed);
        }
    }

    private static NoteVerifier? NoteKey(NewRole role, string keys, TimeProvider time)
    {
        switch (role.Role)
        {
            case PartyRoles.Archive:
                using (var log = RoleKeys.MakeLog(Path.Combine(keys, RoleKeys.Log), role.Name))
                    return log.Verifier;
            case PartyRoles.Witness:
                using (var witness = RoleKeys.MakeWitness(Path.Combine(keys, RoleKeys.Witness), role.Name, time))
                    return witness.Verifier;
            default:
                return null;
        }
    }

    private static string Policy(NewRole role, NoteVerifier log)
    {
        if (role.Witnesses.Count == 0)
            throw new HostException(ExitCode.Usage,
                "An archive needs the party files of its witnesses: make those first, then name each with --witness.");
        var witnesses = role.Witnesses.Select(path => PartyFile.Read(
            Path.Combine(role.Folder, path), PartyRoles.Witness).ReadNoteKey()).ToArray();
        var quorum = role.Quorum ?? witnesses.Length;
        return quorum >= 1 && quorum <= witnesses.Length
            ? ArchivePolicy.Create(log, witnesses, quorum).Text
            : throw new HostException(ExitCode.Usage, $"The quorum lies between 1 and {witnesses.Length}.");
    }
}
