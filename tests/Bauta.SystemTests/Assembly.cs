// Each test starts a network of its own; two at a time would only slow each other down on a small machine.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
