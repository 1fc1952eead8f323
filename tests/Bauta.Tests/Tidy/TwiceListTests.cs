using Bauta.Acquirer;
using Bauta.Archive;
using Bauta.Archive.Follow;
using Bauta.Bank;
using Bauta.Http;
using Bauta.Merchant;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.SystemTests.Faults;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace Bauta.Tests.Tidy;

/// <summary>What the system tests send twice is all that a party takes; the shop's desk is its owner's own door, and a
/// mask carries what the others take.</summary>
public sealed class TwiceListTests
{
    [Fact]
    public async Task Every_route_that_changes_something_is_sent_twice_by_the_system_tests()
    {
        var routes = new List<string>();
        await AddAsync("acquirer", app => app.MapAcquirer(null!));
        await AddAsync("archive", app => app.MapArchive(null!, null!, null!));
        using var nobody = new HttpClient(new SocketsHttpHandler());
        await AddAsync("bank", app => app.MapBank(new BankClient(nobody)));
        await AddAsync("merchant", app => app.MapMerchant(new MerchantClient(nobody)));
        await AddAsync("witness", app => app.MapWitness(null!));
        Assert.InRange(routes.Count, 15, 100);
        string[] listed = [.. TwiceList.All, .. TwiceList.InDisputes, .. TwiceList.Others];

        Assert.Equal([], routes.Where(route => !listed.Any(entry => TwiceList.Covers(entry, route))));
        // A list that names what nobody has would be sent to nobody.
        Assert.Equal([], listed.Where(entry => !entry.Contains(" GET ", StringComparison.Ordinal)
            && !routes.Any(route => TwiceList.Covers(entry, route))));

        async Task AddAsync(string role, Action<IEndpointRouteBuilder> map)
        {
            await using var app = PartyHost.Build(new PartyHostSettings(), map);
            routes.AddRange(((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints)
                .OfType<RouteEndpoint>().SelectMany(endpoint =>
                    endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
                        .Where(method => !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method))
                        .Select(method => $"{role} {method} {endpoint.RoutePattern.RawText}")));
        }
    }
}
