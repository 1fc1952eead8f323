using Xunit;

namespace Bauta.Tests;

public class SmokeTests
{
    [Fact]
    public void Published_vectors_lie_beside_the_tests() =>
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "vectors"), "*.json"));
}
