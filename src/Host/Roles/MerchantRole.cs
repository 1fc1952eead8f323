using Bauta.Host.Config;
using Bauta.Host.MadeToOrder;
using Bauta.Host.PayPerUse;
using Bauta.Merchant;
using Bauta.Merchant.Desk;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Parties;
using Bauta.Storage;

namespace Bauta.Host.Roles;

/// <summary>A merchant, and the desk at which its owner works.</summary>
internal static class MerchantRole
{
    public const string DeskTokenFile = "desk.token";

    public static async Task<RunningRole> StartAsync(
        MerchantConfig config, RoleParts parts, CancellationToken cancellation)
    {
        var identity = parts.Identity();
        var bank = parts.Party(config.Bank, PartyRoles.Bank);
        var keys = new MerchantKeys(
            identity,
            parts.Own(RoleKeys.OpenSigner(config.KeyPath(RoleKeys.Account))),
            parts.Own(SealingKey.OpenOrCreate(config.KeyPath(RoleKeys.Sealing))),
            bank.Identity);
        var options = new MerchantOptions
        {
            Name = config.Name,
            Bank = bank.Name,
            Currency = bank.ReadCurrency(),
            Payee = config.Payee,
            GoodsDirectory = config.PathOf(config.Goods),
            Proof = config.Proof,
            Releases = config.Releases,
            LifetimeSeconds = config.LifetimeSeconds,
            PayMarginSeconds = config.PayMarginSeconds,
            GraceSeconds = config.GraceSeconds,
            KeepGoodsSeconds = checked(config.KeepGoodsDays * 86_400L),
            SessionSeconds = config.SessionSeconds,
            OrderSeconds = config.OrderSeconds,
            OrderWaitSeconds = config.OrderWaitSeconds,
        };
        var maker = config.Make is { } program
            ? new GoodsCommand(config.PathOf(program), config.PathOf("."))
            : null;
        var site = config.PayProxy is { } proxied ? parts.Own(new UpstreamItems(proxied)) : null;
        var database = parts.Database(config, MerchantSchema.Migrations);
        var merchant = parts.Own(await Merchant.Merchant.OpenAsync(
            options, database, keys,
            new BankClient(parts.ClientOf(bank)),
            [.. config.Archives.Select(path => parts.Party(path, PartyRoles.Archive))
                .Select(archive => new MerchantArchive(
                    archive.ReadPolicy(), new ArchiveClient(parts.ClientOf(archive))))],
            parts.Time, parts.Logger("Bauta.Merchant"), site, maker, cancellation));
        await UpstreamOffer.StateAsync(merchant.Desk, config.PayProxy, options.Currency, cancellation);
        parts.Metrics?.WatchMerchant(database);
        parts.Loop(merchant.RunAsync);
        await parts.ListenAsync(
            DeskHost.Build(
                DeskAddress.Parse(config.DeskAddress), merchant.Desk,
                DeskToken.OpenOrCreate(config.KeyPath(DeskTokenFile))),
            cancellation);
        return await parts.StartAsync(
            identity,
            (gateway, at) => new PartyCard(
                config.Role, config.Name, identity.PublicKey.Spki, gateway, at, Merchant: merchant.Terms),
            routes =>
            {
                routes.MapMerchant(merchant);
                if (config.PayProxy is not null)
                    routes.MapPaymentRequired(identity.PublicKey.Thumbprint);
            },
            cancellation);
    }

    /// <summary>A client of the desk of a shop that runs, for whoever can read the shop's files.</summary>
    public static ShopDeskClient ConnectDesk(MerchantConfig config)
    {
        var token = config.KeyPath(DeskTokenFile);
        if (!File.Exists(token))
            throw new HostException(ExitCode.NotFound,
                $"{token} is missing: this shop never ran. Start it with: bauta serve merchant --config FILE");
        return ShopDeskClient.Connect(DeskAddress.Parse(config.DeskAddress), DeskToken.Open(token));
    }
}
