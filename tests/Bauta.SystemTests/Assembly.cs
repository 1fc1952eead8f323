// Each test has a network of its own, and waits for it half of the time.
[assembly: Xunit.CollectionBehavior(MaxParallelThreads = 2)]
[assembly: Xunit.AssemblyFixture(typeof(Bauta.SystemTests.Originals))]
