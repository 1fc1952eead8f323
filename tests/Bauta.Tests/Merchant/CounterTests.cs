using Bauta.Crypto.Jose;
using Bauta.Host.Terminal;
using Bauta.Merchant.HandOvers;
using Bauta.Protocol;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Storage;
using Bauta.Tests.Bank;
using Bauta.Tests.Judge;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Merchant;

/// <summary>A counter without a network: who gets the honey, and who does not.</summary>
public sealed class CounterTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly P256PrivateKey customer = P256PrivateKey.Generate();
    private readonly Dispute sale = new();
    private readonly HandClock clock = new();
    private readonly Counter counter;

    public CounterTests() => counter = NewCounter("corner");

    public void Dispose()
    {
        counter.Dispose();
        sale.Dispose();
        customer.Dispose();
        directory.Dispose();
    }

    [Fact]
    public void It_is_handed_over_once_for_the_answer_of_the_key_that_owns_the_receipt()
    {
        var (paid, asked) = (Paid(), counter.Ask());
        clock.Advance(Counter.ChallengeSeconds);
        var answer = Answer(paid, asked);
        var entry = counter.Check(paid, answer).Value;
        // To check gives nothing out.
        Assert.True(counter.Check(paid, answer).IsOk);
        Assert.True(counter.HandOut(entry).IsOk);
        Refused(CounterError.HandedOver, counter.HandOut(entry));
        Refused(CounterError.HandedOver, counter.Check(paid, answer));
        Refused(CounterError.HandedOver, counter.Check(paid, Answer(paid, counter.Ask())));
        using var again = Counter.Open(directory.File("corner"), clock);
        Refused(CounterError.HandedOver, again!.Check(paid, Answer(paid, again.Ask())));
        var kept = Assert.Single(again.HandedOver());
        Assert.Equal((answer.Text, entry.HandedAt, null), (kept.Answer.Text, kept.HandedAt, kept.Shop));
        again.Note(kept, CounterEntry.Known);
        Assert.Equal(CounterEntry.Known, Assert.Single(counter.HandedOver()).Shop);
    }

    [Fact]
    public async Task Of_many_clerks_at_once_one_hands_it_over()
    {
        var paid = Paid();
        var entry = counter.Check(paid, Answer(paid, counter.Ask())).Value;
        var handed = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => counter.HandOut(entry))));
        Assert.Single(handed, one => one.IsOk);
    }

    [Fact]
    public void Nobody_gets_it_without_the_key_that_owns_the_receipt()
    {
        var paid = Paid();
        Refused(CounterError.BadAnswer, counter.Check(paid, Answer(paid, counter.Ask(), sale.Stranger)));
        var other = Signed<HandOver>.Sign(
            customer, new HandOver(paid.Receipt.Content.Transaction, new byte[32], counter.Ask().Text));
        Refused(CounterError.BadAnswer, counter.Check(paid, other));
        using var another = new Dispute();
        var foreign = Paid(another, sale.Shop);
        Refused(CounterError.BadAnswer, counter.Check(paid, Answer(foreign, counter.Ask())));
    }

    [Fact]
    public void A_receipt_that_was_not_paid_or_is_not_the_shops_or_was_changed_is_worth_nothing()
    {
        var paid = Paid();
        Refused(CounterError.NotPaid, Check(paid with { MaskedKey = new byte[32] }));
        Refused(CounterError.ForeignReceipt, Check(Paid(sale, sale.Stranger)));
        var inTheNameOf = paid.Receipt.Text[..(paid.Receipt.Text.LastIndexOf('.') + 1)]
            + Paid(sale, sale.Stranger).Receipt.Text.Split('.')[2];
        Assert.True(Signed<Receipt>.TryParse(inTheNameOf, out var forged));
        Refused(CounterError.ForeignReceipt, Check(paid with { Receipt = forged }));
        // No character of it can be changed.
        var (text, parsed) = (paid.Text, 0);
        for (var at = 0; at < text.Length; at++)
        {
            var changed = text[..at] + (text[at] == 'A' ? 'B' : 'A') + text[(at + 1)..];
            if (!PaidReceipt.TryParse(changed, out var altered))
                continue;
            parsed++;
            Assert.False(Check(altered).IsOk, $"at {at}");
        }

        Assert.True(parsed > 100, $"{parsed} could be read.");
    }

    [Fact]
    public void A_challenge_is_the_counters_own_and_young()
    {
        var paid = Paid();
        using var next = NewCounter("next");
        using var impostor = NewCounter("corner", "impostor");
        Refused(CounterError.ForeignChallenge, counter.Check(paid, Answer(paid, next.Ask())));
        Refused(CounterError.ForeignChallenge, counter.Check(paid, Answer(paid, impostor.Ask())));
        var asked = counter.Ask();
        var later = asked.Text.Replace(
            $":{asked.At.Seconds}:", $":{asked.At.Seconds + 1}:", StringComparison.Ordinal);
        Assert.True(CounterChallenge.TryParse(later, out var redated));
        Refused(CounterError.ForeignChallenge, counter.Check(paid, Answer(paid, redated)));
        clock.Advance(Counter.ChallengeSeconds + 1);
        Refused(CounterError.OldChallenge, counter.Check(paid, Answer(paid, asked)));
        clock.Advance(-2 * Counter.ChallengeSeconds);
        Refused(CounterError.OldChallenge, counter.Check(paid, Answer(paid, asked)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("bauta-counter:corner:1000:AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("bauta-counter:Corner:1000:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("bauta-counter:corner:01000:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("bauta-counter:corner:-1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("bauta-counter:corner:253402300800:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("bauta-counter:corner:1000:AAAAAAAAAAAAAAAAAAAAAB:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("bauta-counter:corner:1000:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:")]
    public void Only_the_one_form_of_a_challenge_reads(string text) =>
        Assert.False(CounterChallenge.TryParse(text, out _));

    [Fact]
    public void The_archives_proof_goes_with_the_receipt_and_counts_only_for_it()
    {
        var note = sale.SignedNote();
        var paid = Paid();
        var file = new ReceiptFile(ReceiptFile.CurrentFormat, paid.Receipt, sale.Commit(note));
        Assert.True(ReceiptFile.TryParse(file.ToBytes(), out var read));
        Assert.Equal(paid.Text, read.PaidUnder(sale.Log.Policy)!.Text);
        using var other = new Dispute();
        Assert.Null(file.PaidUnder(other.Log.Policy));
        Assert.Null((file with { Receipt = Paid(other, sale.Shop).Receipt }).PaidUnder(sale.Log.Policy));
        Assert.Null((file with { Decision = sale.Abort(note) }).PaidUnder(sale.Log.Policy));
        Assert.Null((file with { Decision = file.Decision with { Entry = [.. file.Decision.Entry, 32] } })
            .PaidUnder(sale.Log.Policy));
    }

    [Fact]
    public void A_receipt_fits_into_a_QR_code_whatever_it_is_for()
    {
        var usual = Paid().Text;
        Assert.InRange(usual.Length, 400, 750);
        var longest = Paid(title: new string('\u00e9', OfferTerms.MaxTitleLength)).Text;
        Assert.True(PaidReceipt.TryParse(longest, out _));
        Assert.InRange(longest.Length, 2000, 2953);
        Assert.True(PaidReceipt.MaxLength <= 2953);
        // Version 18 has 89 modules on a side, the largest (40) has 177.
        Assert.InRange(QrCode.WritePng(directory.File("usual.png"), usual), 21, 97);
        Assert.InRange(QrCode.WritePng(directory.File("longest.png"), longest), 21, 177);
        Assert.InRange(QrCode.WritePng(directory.File("asked.png"), counter.Ask().Text), 21, 57);
        Assert.Equal([0x89, 0x50, 0x4e, 0x47], File.ReadAllBytes(directory.File("usual.png"))[..4]);
        Assert.True(QrCode.Lines(usual).Count() > 40);
    }

    [Fact]
    public void A_counter_is_made_once_and_keeps_its_key_to_itself()
    {
        Assert.Throws<StorageException>(() => NewCounter("corner"));
        Assert.Null(Counter.Open(directory.File("none"), clock));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(Path.Combine(directory.File("corner"), "counter.key")));
    }

    private Result<CounterEntry, CounterError> Check(PaidReceipt paid) =>
        counter.Check(paid, Answer(paid, counter.Ask()));

    private PaidReceipt Paid(Dispute? of = null, ISigner? by = null, string title = "Two jars of honey") => new(
        Signed<Receipt>.Sign(by ?? sale.Shop, new Receipt(
            (of ?? sale).Transaction, (of ?? sale).Promise.Commitment, title, customer.PublicKey.Spki)),
        (of ?? sale).MaskedKey);

    private Signed<HandOver> Answer(PaidReceipt paid, CounterChallenge asked, ISigner? by = null) =>
        Signed<HandOver>.Sign(by ?? customer, HandOver.Of(paid.Receipt, asked));

    private Counter NewCounter(string name, string? folder = null)
    {
        Counter.Create(directory.File(folder ?? name), new CounterPlace(name, sale.Locked().MerchantCard));
        return Counter.Open(directory.File(folder ?? name), clock)!;
    }

    private static void Refused(CounterError expected, Result<CounterEntry, CounterError> result) =>
        Assert.Equal(expected, result.Error);
}
