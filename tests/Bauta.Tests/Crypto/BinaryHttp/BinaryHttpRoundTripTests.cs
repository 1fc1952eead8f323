using Bauta.Crypto.BinaryHttp;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Bauta.Tests.Crypto.BinaryHttp;

public class BinaryHttpRoundTripTests
{
    private const string NameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
    private const string PathCharacters = "abcXYZ0189-._~!$&'()*+,;=:@/?%[]";

    private static readonly Gen<BinaryField> Field =
        from name in Text(NameCharacters, 1, 70)
        from value in Gen.Choose(0, 80).SelectMany(n => Gen.Choose(0x20, 0xff).ArrayOf(n))
        select BinaryField.Create(
            "x" + name, new string([.. value.Where(v => v != 0x7f).Select(v => (char)v)]).Trim(' '));

    private static readonly Gen<BinaryField[]> Fields = Gen.Choose(0, 12).SelectMany(n => Field.ArrayOf(n));

    private static readonly Gen<byte[]> Content =
        from size in Gen.Frequency((3, Gen.Choose(0, 100)), (1, Gen.Choose(60, 70)), (1, Gen.Choose(16_000, 17_000)))
        from seed in Gen.Choose(0, 255)
        select Enumerable.Range(0, size).Select(i => unchecked((byte)(i * 31 + seed))).ToArray();

    private static readonly Gen<BinaryRequest> Request =
        from method in Text("ABCDEFGHabcdefgh", 1, 10)
        from authority in Text("abc019-.:[]", 0, 70)
        from path in Text(PathCharacters, 0, 200)
        from headers in Fields
        from content in Content
        from trailers in Fields
        select new BinaryRequest(method, "https", authority, "/" + path, headers, content, trailers);

    private static readonly Gen<InformationalResponse[]> Informational =
        from count in Gen.Choose(0, 4)
        from early in (
            from status in Gen.Choose(100, 199)
            from headers in Fields
            select new InformationalResponse(status, headers)).ArrayOf(count)
        select early;

    private static readonly Gen<BinaryResponse> Response =
        from status in Gen.Choose(200, 599)
        from informational in Informational
        from headers in Fields
        from content in Content
        from trailers in Fields
        select new BinaryResponse(status, headers, content, trailers, informational);

    [Fact]
    public void Requests_survive_both_encodings_any_padding_and_any_chunking() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            Request.ToArbitrary(), Gen.Choose(1, 5000).ToArbitrary(), (request, size) =>
            {
                var padded = request.Encode(request.EncodedSize + size);
                foreach (var encoded in (byte[][])[request.Encode(), padded, request.EncodeIndeterminate(size)])
                {
                    Assert.True(BinaryRequest.TryDecode(encoded, BinaryHttpLimits.Default, out var again, out _));
                    Assert.Equal(
                        (request.Method, request.Scheme, request.Authority, request.Path),
                        (again.Method, again.Scheme, again.Authority, again.Path));
                    Assert.Equal(request.Headers, again.Headers);
                    Assert.True(request.Content.Span.SequenceEqual(again.Content.Span));
                    Assert.Equal(request.Trailers, again.Trailers);
                }

                Assert.Equal(request.EncodedSize, request.Encode().Length);
            }));

    [Fact]
    public void Responses_survive_both_encodings_any_padding_and_any_chunking() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            Response.ToArbitrary(), Gen.Choose(1, 5000).ToArbitrary(), (response, size) =>
            {
                var padded = response.Encode(response.EncodedSize + size);
                foreach (var encoded in (byte[][])[response.Encode(), padded, response.EncodeIndeterminate(size)])
                {
                    Assert.True(BinaryResponse.TryDecode(encoded, BinaryHttpLimits.Default, out var again, out _));
                    Assert.Equal(response.Status, again.Status);
                    Assert.Equal(response.Headers, again.Headers);
                    Assert.True(response.Content.Span.SequenceEqual(again.Content.Span));
                    Assert.Equal(response.Trailers, again.Trailers);
                    Assert.Equal(response.Informational.Count, again.Informational.Count);
                    foreach (var (one, other) in response.Informational.Zip(again.Informational))
                    {
                        Assert.Equal(one.Status, other.Status);
                        Assert.Equal(one.Headers, other.Headers);
                    }
                }
            }));

    [Fact]
    public void Bytes_at_random_or_flipped_never_do_more_than_be_refused() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            Request.ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(), (request, place) =>
            {
                var encoded = request.Encode();
                encoded[place % encoded.Length] ^= (byte)(1 + place % 255);
                if (BinaryRequest.TryDecode(encoded, BinaryHttpLimits.Default, out var again, out _))
                    Assert.True(BinaryRequest.TryDecode(again.Encode(), BinaryHttpLimits.Default, out _, out _));
                BinaryResponse.TryDecode(encoded, BinaryHttpLimits.Default, out _, out _);
                var cut = encoded.AsMemory(0, place % encoded.Length);
                BinaryRequest.TryDecode(cut, BinaryHttpLimits.Default, out _, out _);
            }));

    private static Gen<string> Text(string characters, int min, int max) =>
        from size in Gen.Choose(min, max)
        from text in Gen.Elements(characters.ToCharArray()).ArrayOf(size)
        select new string(text);
}
