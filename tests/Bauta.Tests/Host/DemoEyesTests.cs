using System.Net;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Host.Demo;
using Bauta.Host.Roles;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Parties;
using Xunit;

namespace Bauta.Tests.Host;

/// <summary>What the demo says of what its roles received comes from the requests, and more than the table allows is
/// seen.</summary>
public sealed class DemoEyesTests : IDisposable
{
    private static readonly IPAddress customer = IPAddress.Parse("127.0.0.99");

    private readonly P256PrivateKey key = P256PrivateKey.Generate();
    private readonly DemoEyes eyes = new(customer, isDirect: false);

    public void Dispose() => key.Dispose();

    [Fact]
    public void A_signed_statement_within_a_body_is_read_to_the_bottom()
    {
        var note = new LockNote(
            TransactionId.Generate(), UnixTime.FromSeconds(1_769_860_800), PolicyId.Generate(),
            KeyCommitment.Generate());
        eyes.Saw(Request(Roles.Archive, "POST", "/decisions",
            $"{{\"lockNote\":\"{Signed<LockNote>.Sign(key, note).Text}\"}}"));

        var sight = Assert.Single(eyes.Take(DemoSteps.Release, withMasks: false));
        Assert.Equal("archive", sight.Party);
        Assert.Equal(
            [Fact.Transaction, Fact.Expiry, Fact.Commitment, Fact.LockingBank], sight.Facts.Select(one => one.Fact));
        Assert.Contains(
            $"transaction ID {Convert.ToHexStringLower(note.Transaction.ToArray()[..4])}..", sight.Text,
            StringComparison.Ordinal);
        Assert.Contains("expiry 2026-01-31T12:00:00Z", sight.Text, StringComparison.Ordinal);
        Assert.Empty(eyes.Beyond);
        Assert.Empty(eyes.Take(DemoSteps.Release, withMasks: true));
    }

    [Theory]
    [InlineData(Roles.Archive, "price", "price")]
    [InlineData(Roles.Archive, "account", "merchant account")]
    [InlineData(Roles.Bank, "offer", "goods")]
    [InlineData(Roles.Acquirer, "transaction", "transaction ID")]
    [InlineData(Roles.Merchant, "card", "instrument")]
    [InlineData(Roles.Bank, "customerName", "pseudonym")]
    [InlineData(Roles.Archive, "customerKey", "pseudonym")]
    [InlineData(Roles.Bank, "customerPhone", "customerPhone")]
    [InlineData(Roles.Archive, "totalKey", "amount")]
    [InlineData(Roles.Archive, "total", "total")]
    [InlineData(Roles.Bank, "request", "goods")]
    [InlineData(Roles.Archive, "session", "goods")]
    public void What_the_table_does_not_allow_and_what_it_does_not_know_is_told(
        string role, string member, string expected)
    {
        eyes.Saw(Request(role, "POST", "/somewhere", $"{{\"id\":1,\"deep\":[{{\"{member}\":\"4242\"}}]}}"));
        var told = Assert.Single(eyes.Beyond);
        Assert.Contains(expected, told, StringComparison.Ordinal);
        Assert.Contains("/somewhere", told, StringComparison.Ordinal);
    }

    [Fact]
    public void A_session_shows_the_archive_what_it_publishes_and_nothing_else()
    {
        var item = Signed<ItemAcknowledgement>.Sign(key, new ItemAcknowledgement(
            key.PublicKey.Spki, TransactionId.Generate(), KeyCommitment.Generate(), new byte[SealedTotal.Size],
            new byte[32]));
        eyes.Saw(Request(Roles.Archive, "POST", "/decisions", $"{{\"acknowledgement\":\"{item.Text}\"}}"));
        eyes.Saw(Request(Roles.Merchant, "POST", "/sessions/{session}",
            $"{{\"acknowledgement\":\"{item.Text}\",\"index\":2,\"request\":\"AAAA\"}}"));
        eyes.Saw(Request(Roles.Merchant, "POST", "/purchases",
            "{\"terms\":{\"session\":{\"key\":\"AAAA\",\"totalKey\":\"AAAA\"}}}"));

        Assert.Empty(eyes.Beyond);
        Assert.Equal(
            [Fact.Transaction, Fact.Commitment], eyes.Received[0].Facts.Distinct().Order());
    }

    [Fact]
    public void A_header_field_that_nobody_knows_is_told()
    {
        eyes.Saw(Request(Roles.Bank, "GET", "/denominations", "") with { Fields = [("x-forwarded-for", "10.0.0.1")] });
        Assert.Contains("x-forwarded-for", Assert.Single(eyes.Beyond), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "mask-1.demo", Roles.Mask, false)]
    [InlineData(false, "mask-2.demo", Roles.Mask, true)]
    [InlineData(false, "bank.demo", Roles.Bank, true)]
    [InlineData(true, "bank.demo", Roles.Bank, false)]
    public void The_customers_address_is_for_the_first_mask_only_unless_there_is_none(
        bool isDirect, string name, string role, bool isBeyond)
    {
        var eyes = new DemoEyes(customer, isDirect);
        eyes.Saw(Request(role, "GET", "/denominations", "") with { Name = name, Source = customer });
        Assert.Equal(isBeyond, eyes.Beyond.Count > 0);
        Assert.Contains(Fact.NetworkAddress, Assert.Single(eyes.Received).Facts);
    }

    [Fact]
    public void A_text_to_look_for_is_found_wherever_it_stands()
    {
        eyes.Know(Fact.Goods, "A letter");
        eyes.Saw(Request(
            Roles.Bank, "POST", "/refreshes",
            $"{{\"payload\":\"{Base64Url.Encode(Encoding.UTF8.GetBytes("{\"id\":\"A letter\"}"))}\"}}"));
        Assert.Contains("goods A letter", Assert.Single(eyes.Beyond), StringComparison.Ordinal);
    }

    [Fact]
    public void A_release_is_told_when_it_arrives_and_not_before()
    {
        var began = new List<string>();
        eyes.Began = began.Add;
        eyes.Saw(Request(Roles.Merchant, "POST", "/payments", ""));
        Assert.Empty(began);
        eyes.Saw(Request(Roles.Archive, "POST", "/decisions", ""));
        Assert.Equal([DemoSteps.Release], began);
    }

    private static ReadRequest Request(string role, string method, string route, string json) => new(
        role, $"{role}.demo", IPAddress.Loopback, method, route, [],
        json.Length == 0 ? null : "application/json", Encoding.UTF8.GetBytes(json), json.Length);
}
