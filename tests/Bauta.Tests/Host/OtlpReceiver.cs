using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Bauta.Tests.Host;

/// <summary>What one role sent to the collector: the head of the request, and the protobuf.</summary>
internal sealed record OtlpReport(string Head, byte[] Body);

/// <summary>One set of labels of a metric.</summary>
/// <param name="Labels">The labels.</param>
/// <param name="Fields">Which fields of the data point are there, by number.</param>
/// <param name="Sum">With a histogram: the sum.</param>
internal sealed record OtlpPoint(IReadOnlyDictionary<string, string> Labels, IReadOnlySet<int> Fields, double? Sum);

/// <summary>
/// A collector's side of OTLP over HTTP (opentelemetry-proto 1.x), one path for each role, with all that came kept.
/// </summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Role, OtlpReport Report)> reports = new();
    private readonly WebApplication app;

    private OtlpReceiver()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.UseRouting();
        app.MapPost("/{role}/v1/metrics", (RequestDelegate)TakeAsync);
    }

    public static async Task<OtlpReceiver> StartAsync()
    {
        var receiver = new OtlpReceiver();
        await receiver.app.StartAsync();
        return receiver;
    }

    /// <summary>The <c>telemetry</c> of a role.</summary>
    public string AddressFor(string role) => $"{app.Urls.First()}/{role}";

    public IReadOnlyList<OtlpReport> ReportsOf(string role) =>
        [.. reports.Where(one => one.Role == role).Select(one => one.Report)];

    public ValueTask DisposeAsync() => app.DisposeAsync();

    /// <summary>What the resource says of its sender.</summary>
    public static IReadOnlyDictionary<string, string> SenderOf(OtlpReport report) => LabelsOf(
        Inside(Fields(report.Body), 1).SelectMany(all => Inside(all, 1)).SelectMany(resource => resource)
            .Where(field => field.Number == 1));

    /// <summary>Each metric with its data points.</summary>
    public static ILookup<string, OtlpPoint> MetricsOf(OtlpReport report) =>
        // resource_metrics = 1, scope_metrics = 2, metrics = 2; name = 1, gauge = 5, sum = 7, histogram = 9.
        Inside(Fields(report.Body), 1).SelectMany(all => Inside(all, 2)).SelectMany(scope => Inside(scope, 2))
            .SelectMany(metric => metric.Where(field => field.Number is 5 or 7 or 9).SelectMany(data =>
                Fields(data.Bytes).Where(point => point is { Number: 1, Wire: 2 }).Select(point => (
                    Name: Encoding.UTF8.GetString(metric.Single(field => field.Number == 1).Bytes.Span),
                    Point: PointOf(point.Bytes, data.Number == 9)))))
            .ToLookup(one => one.Name, one => one.Point);

    /// <summary>The fields of each message that stands in a field of this number.</summary>
    private static IEnumerable<Field[]> Inside(IEnumerable<Field> fields, int number) =>
        fields.Where(field => field.Number == number).Select(field => Fields(field.Bytes).ToArray());

    private static OtlpPoint PointOf(ReadOnlyMemory<byte> message, bool isHistogram)
    {
        var fields = Fields(message).ToArray();
        var sum = fields.Where(field => isHistogram && field.Number == 5)
            .Select(field => (double?)BitConverter.UInt64BitsToDouble(field.Value)).FirstOrDefault();
        return new(
            LabelsOf(fields.Where(field => field.Number == (isHistogram ? 9 : 7))),
            fields.Select(field => field.Number).ToHashSet(), sum);
    }

    // KeyValue: key = 1, value = 2; AnyValue: string_value = 1, int_value = 3.
    private static Dictionary<string, string> LabelsOf(IEnumerable<Field> pairs) => pairs.Select(pair =>
    {
        var parts = Fields(pair.Bytes).ToArray();
        var value = Fields(parts.Single(part => part.Number == 2).Bytes).Single();
        return (Key: Encoding.UTF8.GetString(parts.Single(part => part.Number == 1).Bytes.Span),
            Value: value.Number == 1 ? Encoding.UTF8.GetString(value.Bytes.Span) : $"{value.Value}");
    }).ToDictionary(label => label.Key, label => label.Value);

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (context.Request.ContentType != "application/x-protobuf")
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        var head = string.Join('\n', context.Request.Headers.Select(field => $"{field.Key}: {field.Value}"));
        reports.Enqueue(((string)context.Request.RouteValues["role"]!, new OtlpReport(head, body.ToArray())));
        context.Response.ContentType = "application/x-protobuf";
    }

    private readonly record struct Field(int Number, int Wire, ulong Value, ReadOnlyMemory<byte> Bytes);

    // Protocol Buffers: a tag, then a varint (0), eight bytes (1), a length and bytes (2), or four bytes (5).
    private static IEnumerable<Field> Fields(ReadOnlyMemory<byte> message)
    {
        while (!message.IsEmpty)
        {
            var tag = Varint(ref message);
            var (number, wire) = ((int)(tag >> 3), (int)(tag & 7));
            var value = wire switch
            {
                0 or 2 => Varint(ref message),
                1 => BinaryPrimitives.ReadUInt64LittleEndian(message.Span),
                5 => BinaryPrimitives.ReadUInt32LittleEndian(message.Span),
                _ => throw new InvalidDataException($"No protobuf: wire type {wire}."),
            };
            var length = wire switch { 1 => 8, 2 => checked((int)value), 5 => 4, _ => 0 };
            yield return new Field(number, wire, value, message[..length]);
            message = message[length..];
        }
    }

    private static ulong Varint(ref ReadOnlyMemory<byte> message)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = message.Span[0];
            message = message[1..];
            value |= unchecked((ulong)(next & 0x7f) << shift);
            if (next < 0x80)
                return value;
        }
    }
}
