using Bauta.Host.Config;
using Bauta.Protocol;
using Bauta.Protocol.Parties;

namespace Bauta.Host.ShopVerbs;

/// <summary>A shop's card without gateway keys, for whoever reads only its name, identity key and archives.</summary>
internal static class OwnCard
{
    public static Signed<PartyCard> Of(MerchantConfig config) => Of(
        config, PartyFile.Read(config.PathOf(config.Bank), PartyRoles.Bank),
        [.. config.Archives.Select(
            path => PartyFile.Read(config.PathOf(path), PartyRoles.Archive).ReadPolicy().Text)]);

    public static Signed<PartyCard> Of(MerchantConfig config, PartyFile bank, IReadOnlyList<string> policies)
    {
        using var identity = RoleKeys.OpenSigner(config.KeyPath(RoleKeys.Identity));
        return Signed<PartyCard>.Sign(identity, new PartyCard(
            Protocol.Parties.Roles.Merchant, config.Name, identity.PublicKey.Spki, [],
            UnixTime.Now(TimeProvider.System),
            Merchant: new MerchantTerms(bank.Name, bank.Identity.Thumbprint, policies)));
    }
}
