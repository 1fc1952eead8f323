using System.Text;
using Bauta.Crypto.BinaryHttp;
using Xunit;

namespace Bauta.Tests.Crypto.BinaryHttp;

public class BinaryHttpRefusalTests
{
    [Theory]
    [InlineData("GET", "https", "shop.example:8443", "/a?b=c", BinaryHttpError.None)]
    [InlineData("OPTIONS", "https", "shop.example", "*", BinaryHttpError.None)]
    [InlineData("GET", "https", "[2001:db8::1]:80", "/", BinaryHttpError.None)]
    [InlineData("GET", "https", "shop.example", "*", BinaryHttpError.BadControlData)]
    [InlineData("CONNECT", "https", "shop.example", "/", BinaryHttpError.BadControlData)]
    [InlineData("", "https", "shop.example", "/", BinaryHttpError.BadControlData)]
    [InlineData("GE T", "https", "shop.example", "/", BinaryHttpError.BadControlData)]
    [InlineData("GET\r\n", "https", "shop.example", "/", BinaryHttpError.BadControlData)]
    [InlineData("GET", "", "shop.example", "/", BinaryHttpError.BadControlData)]
    [InlineData("GET", "HTTPS", "shop.example", "/", BinaryHttpError.BadControlData)]
    [InlineData("GET", "1https", "shop.example", "/", BinaryHttpError.BadControlData)]
    [InlineData("GET", "https", "user@shop.example", "/", BinaryHttpError.BadControlData)]
    [InlineData("GET", "https", "shop.example/evil", "/", BinaryHttpError.BadControlData)]
    [InlineData("GET", "https", "shop.example", "", BinaryHttpError.BadControlData)]
    [InlineData("GET", "https", "shop.example", "relative", BinaryHttpError.BadControlData)]
    [InlineData("GET", "https", "shop.example", "http://shop.example/", BinaryHttpError.BadControlData)]
    [InlineData("GET", "https", "shop.example", "/a#b", BinaryHttpError.BadControlData)]
    [InlineData("GET", "https", "shop.example", "/a b", BinaryHttpError.BadControlData)]
    [InlineData("GET", "https", "shop.example", "/a\u00e4", BinaryHttpError.BadControlData)]
    public void Control_data_is_what_http_allows(
        string method, string scheme, string authority, string path, BinaryHttpError expected)
    {
        Assert.Equal(expected, DecodeRequest([0, .. Control(method, scheme, authority, path)]));
        if (expected == BinaryHttpError.None)
            Assert.NotNull(new BinaryRequest(method, scheme, authority, path));
        else
            Assert.Throws<ArgumentException>(() => new BinaryRequest(method, scheme, authority, path));
    }

    [Theory]
    [InlineData("x-name", "value", BinaryHttpError.None)]
    [InlineData("x-name", "", BinaryHttpError.None)]
    [InlineData("x-name", "a\tb \u00ff", BinaryHttpError.None)]
    [InlineData("te", "trailers", BinaryHttpError.None)]
    [InlineData("X-Name", "value", BinaryHttpError.BadFieldName)]
    [InlineData("x name", "value", BinaryHttpError.BadFieldName)]
    [InlineData("x-name:", "value", BinaryHttpError.BadFieldName)]
    [InlineData("x\u00e4", "value", BinaryHttpError.BadFieldName)]
    [InlineData(":path", "/other", BinaryHttpError.PseudoField)]
    [InlineData(":protocol", "websocket", BinaryHttpError.PseudoField)]
    [InlineData("x-name", "a\r\nb: c", BinaryHttpError.BadFieldValue)]
    [InlineData("x-name", "a\nb", BinaryHttpError.BadFieldValue)]
    [InlineData("x-name", "a\0", BinaryHttpError.BadFieldValue)]
    [InlineData("x-name", "a\u007fb", BinaryHttpError.BadFieldValue)]
    [InlineData("x-name", " a", BinaryHttpError.BadFieldValue)]
    [InlineData("x-name", "a\t", BinaryHttpError.BadFieldValue)]
    [InlineData("connection", "close", BinaryHttpError.ConnectionField)]
    [InlineData("keep-alive", "1", BinaryHttpError.ConnectionField)]
    [InlineData("proxy-connection", "close", BinaryHttpError.ConnectionField)]
    [InlineData("transfer-encoding", "chunked", BinaryHttpError.ConnectionField)]
    [InlineData("upgrade", "websocket", BinaryHttpError.ConnectionField)]
    [InlineData("te", "gzip", BinaryHttpError.ConnectionField)]
    [InlineData("host", "shop.example", BinaryHttpError.None)]
    [InlineData("host", "other.example", BinaryHttpError.BadHost)]
    [InlineData("content-length", "3", BinaryHttpError.None)]
    [InlineData("content-length", "4", BinaryHttpError.ContentLengthMismatch)]
    [InlineData("content-length", "+3", BinaryHttpError.ContentLengthMismatch)]
    [InlineData("content-length", "3, 3", BinaryHttpError.ContentLengthMismatch)]
    [InlineData("content-length", "18446744073709551619", BinaryHttpError.ContentLengthMismatch)]
    public void Header_fields_are_what_http_allows(string name, string value, BinaryHttpError expected)
    {
        var line = Line(name, value);
        var control = Control("POST", "https", "shop.example", "/");
        Assert.Equal(expected, DecodeRequest([0, .. control, (byte)line.Length, .. line, 3, 1, 2, 3]));
        Assert.Equal(expected, DecodeRequest([2, .. control, .. line, 0, 3, 1, 2, 3, 0]));
    }

    [Theory]
    [InlineData("x-name", BinaryHttpError.None)]
    [InlineData("host", BinaryHttpError.BadTrailer)]
    [InlineData("content-length", BinaryHttpError.BadTrailer)]
    [InlineData("authorization", BinaryHttpError.BadTrailer)]
    [InlineData("transfer-encoding", BinaryHttpError.ConnectionField)]
    [InlineData(":status", BinaryHttpError.PseudoField)]
    public void Trailers_carry_no_routing_framing_or_credentials(string name, BinaryHttpError expected)
    {
        var line = Line(name, "0");
        byte[] request = [0, .. Control("POST", "https", "shop.example", "/"), 0, 0, (byte)line.Length, .. line];
        Assert.Equal(expected, DecodeRequest(request));
        byte[] response = [1, 0x40, 200, 0, 0, (byte)line.Length, .. line];
        Assert.Equal(expected, DecodeResponse(response));
    }

    [Fact]
    public void Refuses_two_hosts_and_two_content_lengths()
    {
        var host = Line("host", "shop.example");
        var length = Line("content-length", "0");
        Assert.Equal(BinaryHttpError.BadHost,
            DecodeRequest([2, .. Control("GET", "https", "", "/"), .. host, .. host, 0]));
        Assert.Equal(BinaryHttpError.ContentLengthMismatch,
            DecodeRequest([2, .. Control("GET", "https", "", "/"), .. length, .. length, 0]));
    }

    [Fact]
    public void A_response_may_name_the_length_of_content_it_leaves_out()
    {
        var length = Line("content-length", "51");
        Assert.Equal(BinaryHttpError.None, DecodeResponse([3, 0x40, 200, .. length, 0]));
        Assert.Equal(BinaryHttpError.ContentLengthMismatch, DecodeResponse([3, 0x40, 200, .. length, 0, 1, 9, 0]));
        Assert.Equal(BinaryHttpError.ContentLengthMismatch,
            DecodeRequest([2, .. Control("GET", "https", "", "/"), .. length, 0]));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(63)]
    public void Refuses_an_unknown_framing_indicator(byte indicator)
    {
        Assert.Equal(BinaryHttpError.UnknownFraming, DecodeRequest([indicator, 0x40, 200]));
        Assert.Equal(BinaryHttpError.UnknownFraming, DecodeResponse([indicator, 0x40, 200]));
    }

    [Fact]
    public void Refuses_a_response_for_a_request_and_the_reverse()
    {
        Assert.Equal(BinaryHttpError.WrongKind, DecodeRequest([1, 0x40, 200]));
        Assert.Equal(BinaryHttpError.WrongKind, DecodeRequest([3, 0x40, 200]));
        Assert.Equal(BinaryHttpError.WrongKind, DecodeResponse([0, .. Control("GET", "https", "", "/")]));
        Assert.Equal(BinaryHttpError.WrongKind, DecodeResponse([2, .. Control("GET", "https", "", "/")]));
    }

    [Theory]
    [InlineData("4063", BinaryHttpError.BadStatus)]
    [InlineData("4258", BinaryHttpError.BadStatus)]
    [InlineData("c0000000000000c8", BinaryHttpError.None)]
    [InlineData("ffffffffffffffff", BinaryHttpError.BadStatus)]
    [InlineData("406400", BinaryHttpError.Truncated)]
    [InlineData("4064", BinaryHttpError.Truncated)]
    [InlineData("", BinaryHttpError.Truncated)]
    public void A_status_is_100_to_599_and_the_last_one_is_final(string hex, BinaryHttpError expected) =>
        Assert.Equal(expected, DecodeResponse([1, .. Convert.FromHexString(hex)]));

    [Fact]
    public void Refuses_padding_that_is_not_zero()
    {
        byte[] request = [0, .. Control("GET", "https", "", "/"), 0, 0, 0, .. new byte[100]];
        Assert.Equal(BinaryHttpError.None, DecodeRequest(request));
        request[^1] = 1;
        Assert.Equal(BinaryHttpError.BadPadding, DecodeRequest(request));
        Assert.Equal(BinaryHttpError.BadPadding, DecodeResponse([1, 0x40, 200, 0, 0, 0, 0, 1]));
    }

    [Fact]
    public void Refuses_lines_that_run_over_the_end_of_their_section()
    {
        var line = Line("x-name", "value");
        byte[] message = [0, .. Control("GET", "https", "", "/"), (byte)(line.Length - 1), .. line];
        Assert.Equal(BinaryHttpError.Truncated, DecodeRequest(message));
        // In a known-length section there is no terminator, so an empty name is one.
        Assert.Equal(BinaryHttpError.BadFieldName, DecodeRequest([0, .. Control("GET", "https", "", "/"), 2, 0, 0]));
    }

    [Fact]
    public void Refuses_more_fields_than_the_limit()
    {
        var limits = new BinaryHttpLimits { MaxFields = 3 };
        var control = Control("GET", "https", "", "/");
        var line = Line("x", "y");
        byte[] three = [.. line, .. line, .. line];
        byte[] four = [.. three, .. line];
        Assert.Equal(BinaryHttpError.None, DecodeRequest([2, .. control, .. three, 0], limits));
        Assert.Equal(BinaryHttpError.TooManyFields, DecodeRequest([2, .. control, .. four, 0], limits));
        Assert.Equal(BinaryHttpError.None, DecodeRequest([0, .. control, (byte)three.Length, .. three], limits));
        Assert.Equal(BinaryHttpError.TooManyFields, DecodeRequest([0, .. control, (byte)four.Length, .. four], limits));
    }

    [Fact]
    public void Refuses_field_sections_content_and_control_data_longer_than_the_limit()
    {
        var limits = new BinaryHttpLimits { MaxFieldSectionBytes = 20, MaxContentBytes = 10, MaxControlDataBytes = 12 };
        var control = Control("GET", "https", "", "/");
        byte[] lines = [.. Line("x-a", "1234567"), .. Line("x-b", "1234567")];
        Assert.Equal(24, lines.Length);
        const BinaryHttpError fields = BinaryHttpError.FieldSectionTooLarge;
        const BinaryHttpError content = BinaryHttpError.ContentTooLarge;
        Assert.Equal(fields, DecodeRequest([0, .. control, 24, .. lines], limits));
        Assert.Equal(fields, DecodeRequest([2, .. control, .. lines, 0], limits));
        Assert.Equal(content, DecodeRequest([0, .. control, 0, 11, .. new byte[11]], limits));
        Assert.Equal(content, DecodeRequest([2, .. control, 0, 6, .. new byte[6], 5, .. new byte[5], 0], limits));
        Assert.Equal(BinaryHttpError.None,
            DecodeRequest([2, .. control, 0, 6, .. new byte[6], 4, .. new byte[4], 0], limits));
        Assert.Equal(BinaryHttpError.ControlDataTooLarge,
            DecodeRequest([0, .. Control("GET", "https", "", "/2345678901234")], limits));
    }

    [Fact]
    public void Refuses_more_informational_responses_than_the_limit()
    {
        var limits = new BinaryHttpLimits { MaxInformational = 2 };
        byte[] early = [0x40, 103, 0];
        Assert.Equal(BinaryHttpError.None, DecodeResponse([1, .. early, .. early, 0x40, 200], limits));
        Assert.Equal(BinaryHttpError.TooManyInformational,
            DecodeResponse([1, .. early, .. early, .. early, 0x40, 200], limits));
    }

    [Fact]
    public void A_claimed_length_allocates_nothing()
    {
        // The longest length that the format can name, in each place where one can stand.
        byte[] huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        var control = Control("GET", "https", "", "/");
        byte[][] messages =
        [
            [0, .. huge], [0, .. control, .. huge], [0, .. control, 0, .. huge], [0, .. control, 0, 0, .. huge],
            [2, .. control, .. huge], [2, .. control, 0, .. huge], [2, .. control, 1, (byte)'x', .. huge],
        ];
        DecodeRequest(messages[0]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var message in messages)
            Assert.Equal(BinaryHttpError.Truncated, DecodeRequest(message));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 * 1024);
    }

    [Fact]
    public void Cannot_be_made_invalid()
    {
        var te = BinaryField.Create("TE", "gzip");
        Assert.Equal("te", te.Name);
        Assert.Throws<ArgumentException>(() => BinaryField.Create("a b", ""));
        Assert.Throws<ArgumentException>(() => BinaryField.Create("", ""));
        Assert.Throws<ArgumentException>(() => BinaryField.Create("\u212a", ""));
        Assert.Throws<ArgumentException>(() => BinaryField.Create("a", "\u0100"));
        Assert.Throws<ArgumentException>(() => BinaryField.Create("a", "b\r\nc: d"));
        Assert.Throws<ArgumentException>(() => new BinaryRequest("GET", "https", "a", "/", [te]));
        Assert.Throws<ArgumentException>(() => new BinaryResponse(199));
        Assert.Throws<ArgumentException>(() => new BinaryResponse(600));
        Assert.Throws<ArgumentException>(() => new BinaryResponse(200, [te]));
        Assert.Throws<ArgumentException>(() => new InformationalResponse(200));
        Assert.Throws<ArgumentException>(() => new InformationalResponse(100, [te]));
        Assert.Throws<ArgumentException>(() => new BinaryResponse(200).Encode(3));
    }

    [Fact]
    public void A_repeated_header_has_no_single_value()
    {
        var a = BinaryField.Create("a", "1");
        var request = new BinaryRequest("GET", "https", "h", "/", [a, a, BinaryField.Create("b", "2")]);
        Assert.False(request.TryGetHeader("a", out _));
        Assert.False(request.TryGetHeader("c", out _));
        Assert.True(request.TryGetHeader("b", out var value));
        Assert.Equal("2", value);
    }

    private static BinaryHttpError DecodeRequest(byte[] message, BinaryHttpLimits? limits = null)
    {
        limits ??= BinaryHttpLimits.Default;
        var decoded = BinaryRequest.TryDecode(message, limits, out var request, out var error);
        Assert.Equal(decoded, error == BinaryHttpError.None);
        Assert.Equal(decoded, request is not null);
        return error;
    }

    private static BinaryHttpError DecodeResponse(byte[] message, BinaryHttpLimits? limits = null)
    {
        limits ??= BinaryHttpLimits.Default;
        var decoded = BinaryResponse.TryDecode(message, limits, out var response, out var error);
        Assert.Equal(decoded, error == BinaryHttpError.None);
        Assert.Equal(decoded, response is not null);
        return error;
    }

    private static byte[] Control(params string[] parts) => [.. parts.SelectMany(Measured)];

    private static byte[] Line(string name, string value) => [.. Measured(name), .. Measured(value)];

    private static byte[] Measured(string text) => [(byte)text.Length, .. Encoding.Latin1.GetBytes(text)];
}
