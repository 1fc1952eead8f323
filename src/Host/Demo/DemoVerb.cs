using System.CommandLine;
using Bauta.Host.Roles;
using Bauta.Host.Terminal;

namespace Bauta.Host.Demo;

/// <summary><c>bauta demo</c>: a whole network on loopback, and one purchase in it from beginning to end.</summary>
internal sealed class DemoVerb : DoingVerb
{
    private readonly Option<string?> sell = new("--sell") { Description = "The file to sell; a letter otherwise." };
    private readonly Option<string> price = new("--price")
    {
        Description = "Its price in EUR.",
        DefaultValueFactory = _ => "2.50",
    };

    private readonly Option<bool> once = new("--once") { Description = "End after the purchase." };
    private readonly Option<bool> direct = new("--direct")
    {
        Description = "Buy without masks; it says what that gives away.",
    };

    private readonly Option<string> data = new("--data")
    {
        Description = "Where keys, databases and the wallet go; used again by the next demo.",
        DefaultValueFactory = _ => Path.Combine("data", "demo"),
    };

    private readonly Option<int?> portBase = new("--port-base")
    {
        Description = $"The roles listen on the nine ports after this one; {DemoPlaces.DefaultPortBase}.",
    };

    public DemoVerb()
        : base("demo", "Runs a whole network on this machine and buys a file in it, step by step: two masks, bank,\n"
            + "archive, two witnesses, sandbox acquirer, shop. Shows what each party received. No real money.",
            "bauta demo --sell letter.txt --price 2.50 --once")
    {
        Add(sell);
        Add(price);
        Add(once);
        Add(direct);
        Add(data);
        Add(portBase);
        portBase.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1024 or > 65_500)
                result.AddError("--port-base lies between 1024 and 65500.");
        });
    }

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        if (parsed.GetValue(sell) is { } path && !File.Exists(path))
            throw new HostException(ExitCode.NotFound, $"{path} is missing. Name the file to sell with --sell.");
        var places = DemoPlaces.Prepare(parsed.GetRequiredValue(data), parsed.GetValue(portBase), time);
        var goods = parsed.GetValue(sell) is { } chosen ? new FileInfo(chosen) : DemoGoods.Make(places.Folder);
        var eyes = new DemoEyes(DemoStory.Customer, parsed.GetValue(direct));
        await using var network = await output.BarAsync("starting eight roles", _ => DemoNetwork.StartAsync(
            places, new RoleEnvironment(time, Saw: eyes.Saw), cancellation));
        output.Line("A private network on this machine; no real money moves.");
        foreach (var role in network.Roles)
            output.Line($"  {role.Name,-16} {role.Address}");
        output.Line();

        var story = new DemoStory(places, output, eyes, parsed.GetValue(direct), time, start);
        var code = await story.TellAsync(goods, parsed.GetRequiredValue(price), cancellation);
        eyes.Close();
        if (parsed.GetValue(once) || code != ExitCode.Ok)
            return code;
        foreach (var line in DemoStory.WhatNext(places))
            output.Line(line);
        var stopped = Task.Delay(Timeout.Infinite, cancellation);
        var failed = network.FailureAsync();
        if (await Task.WhenAny(stopped, failed) == stopped)
            return ExitCode.Ok;
        var (broken, failure) = await failed;
        throw new HostException(ExitCode.Unexpected, $"{broken.Name} cannot go on: {failure.Message}", failure);
    }
}
