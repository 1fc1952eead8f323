using Bauta.Wallet.Recovery;
using Xunit;

namespace Bauta.Tests.Wallet;

public class RecoveryPhraseTests
{
    private const string Zeros = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
        + "abandon about";

    // The vectors published with BIP-39 for 128 bits.
    [Theory]
    [InlineData("00000000000000000000000000000000", Zeros)]
    [InlineData("7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
        "legal winner thank year wave sausage worth useful legal winner thank yellow")]
    [InlineData("80808080808080808080808080808080",
        "letter advice cage absurd amount doctor acoustic avoid letter advice cage above")]
    [InlineData("ffffffffffffffffffffffffffffffff", "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong")]
    public void Entropy_is_written_as_the_words_of_BIP_39(string entropy, string phrase)
    {
        Assert.Equal(phrase, RecoveryPhrase.Encode(Convert.FromHexString(entropy)));
        Assert.True(RecoveryPhrase.TryReadSeed(phrase, out _));
    }

    [Fact]
    public void A_phrase_leads_to_the_seed_of_BIP_39_without_passphrase()
    {
        Assert.True(RecoveryPhrase.TryReadSeed(Zeros, out var seed));
        Assert.Equal(
            "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1"
            + "9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4",
            Convert.ToHexStringLower(seed));
    }

    [Fact]
    public void Case_and_spaces_do_not_matter()
    {
        Assert.True(RecoveryPhrase.TryReadSeed(Zeros, out var seed));
        Assert.True(RecoveryPhrase.TryReadSeed(
            "  " + Zeros.ToUpperInvariant().Replace(" ", " \t\n ", StringComparison.Ordinal) + "\n", out var same));
        Assert.Equal(seed, same);
    }

    [Theory]
    [InlineData("")]
    [InlineData("abandon")]
    [InlineData("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon")]
    [InlineData("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon ability")]
    [InlineData("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about")]
    [InlineData("about abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon")]
    [InlineData("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon aboutt")]
    [InlineData(Zeros + " abandon")]
    public void Refuses_what_is_no_phrase(string phrase)
    {
        Assert.False(RecoveryPhrase.TryReadSeed(phrase, out var seed));
        Assert.Empty(seed);
    }

    [Fact]
    public void A_new_phrase_reads_and_is_never_the_same()
    {
        var phrases = Enumerable.Range(0, 20).Select(_ => RecoveryPhrase.Generate()).ToArray();
        Assert.All(phrases, phrase => Assert.True(RecoveryPhrase.TryReadSeed(phrase, out _)));
        Assert.Equal(phrases.Length, phrases.Distinct().Count());
    }

    [Fact]
    public void Any_one_word_exchanged_is_noticed_unless_the_checksum_happens_to_hold()
    {
        var words = Zeros.Split(' ');
        var noticed = 0;
        for (var at = 0; at < words.Length; at++)
        {
            var other = (string[])words.Clone();
            other[at] = "zebra";
            noticed += RecoveryPhrase.TryReadSeed(string.Join(' ', other), out _) ? 0 : 1;
        }

        Assert.True(noticed >= 10, $"{noticed} of 12 were noticed.");
    }
}
