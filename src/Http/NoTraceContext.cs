using System.Diagnostics;

namespace Bauta.Http;

/// <summary>
/// Neither takes nor gives a trace context. One that a customer's program, or a party before this one, sends along is
/// an identifier of the request: continued, it would join what the parties on the way each know of it.
/// </summary>
internal sealed class NoTraceContext : DistributedContextPropagator
{
    public override IReadOnlyCollection<string> Fields => [];

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
    {
    }

    public override void ExtractTraceIdAndState(
        object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
        (traceId, traceState) = (null, null);

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(
        object? carrier, PropagatorGetterCallback? getter) => null;
}
