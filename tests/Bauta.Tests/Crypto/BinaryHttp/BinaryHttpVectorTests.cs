using System.Text;
using System.Text.Json;
using Bauta.Crypto.BinaryHttp;
using Xunit;

namespace Bauta.Tests.Crypto.BinaryHttp;

/// <summary>The examples of RFC 9292 section 5 and those of other implementations.</summary>
public class BinaryHttpVectorTests
{
    private static readonly byte[] Text = "This content contains CRLF.\r\n"u8.ToArray();

    [Fact]
    public void The_request_example_decodes_in_both_encodings()
    {
        foreach (var anchor in (string[])["ex-bink-request", "ex-bini-request"])
        {
            Assert.True(BinaryRequest.TryDecode(Example(anchor), BinaryHttpLimits.Default, out var request, out _));
            Assert.Equal("GET", request.Method);
            Assert.Equal("https", request.Scheme);
            Assert.Equal("", request.Authority);
            Assert.Equal("/hello.txt", request.Path);
            Assert.Equal(["user-agent", "host", "accept-language"], request.Headers.Select(f => f.Name));
            Assert.Equal("www.example.com", request.Headers[1].Value);
            Assert.Equal(0, request.Content.Length);
            Assert.Empty(request.Trailers);
        }
    }

    [Fact]
    public void The_request_example_encodes_to_the_same_bytes()
    {
        var known = Example("ex-bink-request");
        var indeterminate = Example("ex-bini-request");
        Assert.True(BinaryRequest.TryDecode(known, BinaryHttpLimits.Default, out var request, out _));
        Assert.Equal(known, request.Encode());
        // The RFC pads this example with ten zero bytes.
        Assert.Equal(indeterminate, request.EncodeIndeterminate().Concat(new byte[10]));
    }

    [Fact]
    public void The_request_example_survives_the_truncation_the_RFC_allows_and_no_other()
    {
        var known = Example("ex-bink-request");
        var indeterminate = Example("ex-bini-request");
        // Nothing but control data is a message too: one without fields.
        var control = "\u0000\u0003GET\u0005https\0\n/hello.txt".Length;
        // Content and trailer section are empty, one byte each.
        for (var left = 1; left < known.Length; left++)
            Assert.Equal(left >= known.Length - 2 || left == control, Decodes(known.AsMemory(..left)));
        // And ten bytes of padding.
        for (var left = 1; left < indeterminate.Length; left++)
        {
            Assert.Equal(
                left >= indeterminate.Length - 12 || left == control, Decodes(indeterminate.AsMemory(..left)));
        }

        static bool Decodes(ReadOnlyMemory<byte> message) =>
            BinaryRequest.TryDecode(message, BinaryHttpLimits.Default, out _, out _);
    }

    [Fact]
    public void The_response_example_keeps_its_informational_responses()
    {
        var encoded = Example("ex-bini-response");
        Assert.True(BinaryResponse.TryDecode(encoded, BinaryHttpLimits.Default, out var response, out _));
        Assert.Equal([102, 103], response.Informational.Select(r => r.Status));
        Assert.Equal("\"sleep 15\"", response.Informational[0].Headers[0].Value);
        Assert.Equal(["link", "link"], response.Informational[1].Headers.Select(f => f.Name));
        Assert.Equal(200, response.Status);
        Assert.Equal(8, response.Headers.Count);
        Assert.Equal("Hello World! My content includes a trailing CRLF.\r\n",
            Encoding.ASCII.GetString(response.Content.Span));
        Assert.Equal(encoded, response.EncodeIndeterminate());
        Assert.True(BinaryResponse.TryDecode(response.Encode(), BinaryHttpLimits.Default, out var again, out _));
        Assert.Equal(encoded, again.EncodeIndeterminate());
    }

    [Fact]
    public void The_chunked_examples_decode_to_one_response()
    {
        var known = Example("ex-bink-chunked");
        var indeterminate = Extra("chunked indeterminate");
        foreach (var encoded in (byte[][])[known, indeterminate])
        {
            Assert.True(BinaryResponse.TryDecode(encoded, BinaryHttpLimits.Default, out var response, out _));
            Assert.Equal(200, response.Status);
            Assert.Equal(Text, response.Content.ToArray());
            Assert.Equal("trailer: text", $"{response.Trailers[0].Name}: {response.Trailers[0].Value}");
            Assert.Equal(known, response.Encode());
            Assert.Equal(indeterminate, response.EncodeIndeterminate());
        }
    }

    [Fact]
    public void Truncated_messages_of_other_implementations_decode()
    {
        Assert.True(BinaryRequest.TryDecode(Extra("tiny request"), BinaryHttpLimits.Default, out var request, out _));
        Assert.Equal("https://example.com/", $"{request.Scheme}://{request.Authority}{request.Path}");
        var tiny = Extra("tiny response");
        Assert.True(BinaryResponse.TryDecode(tiny, BinaryHttpLimits.Default, out var response, out _));
        Assert.Equal(200, response.Status);
        Assert.Equal(tiny.Concat(new byte[3]), response.Encode());
    }

    [Fact]
    public void Refuses_what_must_fail()
    {
        using var document = Vectors();
        var bad = document.RootElement.GetProperty("extra").EnumerateArray()
            .Where(e => e.TryGetProperty("valid", out var valid) && !valid.GetBoolean()).ToList();
        Assert.Equal(2, bad.Count);
        foreach (var vector in bad)
        {
            var message = Bytes(vector);
            Assert.False(BinaryRequest.TryDecode(message, BinaryHttpLimits.Default, out _, out var error));
            Assert.Equal(BinaryHttpError.Truncated, error);
            message[0] = 1;
            Assert.False(BinaryResponse.TryDecode(message, BinaryHttpLimits.Default, out _, out _));
        }
    }

    private static JsonDocument Vectors() => JsonDocument.Parse(File.ReadAllBytes(
        Path.Combine(AppContext.BaseDirectory, "vectors", "binary-http-rfc9292.json")));

    private static byte[] Example(string anchor)
    {
        using var document = Vectors();
        return Bytes(document.RootElement.GetProperty("rfc9292").EnumerateArray()
            .Single(e => e.GetProperty("anchor").GetString() == anchor));
    }

    private static byte[] Extra(string title)
    {
        using var document = Vectors();
        return Bytes(document.RootElement.GetProperty("extra").EnumerateArray()
            .Single(e => e.GetProperty("title").GetString()!.StartsWith(title, StringComparison.Ordinal)));
    }

    private static byte[] Bytes(JsonElement element) =>
        Convert.FromHexString(element.GetProperty("bhttp_hex").GetString()!);
}
