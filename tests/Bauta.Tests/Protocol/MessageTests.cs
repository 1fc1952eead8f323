using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Xunit;

namespace Bauta.Tests.Protocol;

public class MessageTests
{
    private static readonly P256PrivateKey bank = P256PrivateKey.Generate();
    private static readonly P256PrivateKey releaseKey = P256PrivateKey.Generate();
    private static readonly byte[] maskedKey = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private static TransactionId Transaction => TransactionId.Of(releaseKey.PublicKey);

    private static LockNote Note(long expiresAt) => new(
        Transaction, UnixTime.FromSeconds(expiresAt), PolicyId.FromBytes(new byte[32]),
        KeyCommitment.To(Transaction, maskedKey));

    private static Signed<Release> ReleaseOf(P256PrivateKey key, byte[] masked) =>
        Signed<Release>.Sign(key, new Release(key.PublicKey.Spki, masked));

    [Theory]
    [InlineData("")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+")]
    [InlineData(" AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void An_identifier_has_one_text_form_only(string text) =>
        Assert.False(TransactionId.TryParse(text, out _));

    [Fact]
    public void An_identifier_survives_its_text_form()
    {
        var id = RequestId.Generate();
        Assert.Equal(id, RequestId.Parse(id.ToString()));
        Assert.NotEqual(id, RequestId.Generate());
    }

    [Fact]
    public void Amounts_refuse_to_leave_their_range()
    {
        var most = Amount.FromMinorUnits(Amount.Maximum);
        Assert.Throws<OverflowException>(() => most + Amount.FromMinorUnits(1));
        Assert.Throws<OverflowException>(() => Amount.Zero - Amount.FromMinorUnits(1));
        Assert.Throws<OverflowException>(() => Amount.FromMinorUnits(-1));
        Assert.Throws<OverflowException>(() => Amount.FromMinorUnits(long.MaxValue));
    }

    [Theory]
    [InlineData("2.50", 250)]
    [InlineData("2", 200)]
    [InlineData("0.01", 1)]
    [InlineData("10000000000000.00", Amount.Maximum)]
    public void Reads_amounts_as_people_write_them(string text, long minorUnits)
    {
        Assert.True(Currency.Create("EUR", 2).TryParseAmount(text, out var amount));
        Assert.Equal(minorUnits, amount.MinorUnits);
    }

    [Theory]
    [InlineData("2.505")]
    [InlineData("-1")]
    [InlineData("1e3")]
    [InlineData("1,000")]
    [InlineData(" 1")]
    [InlineData("10000000000000.01")]
    [InlineData("79228162514264337593543950335")]
    [InlineData("1.00000000000000000000000000000000001")]
    [InlineData("0.00000000000000000000000000000000001")]
    [InlineData("2.500")]
    [InlineData("2.")]
    [InlineData(".5")]
    [InlineData(".")]
    [InlineData("1.2.3")]
    [InlineData("\u0661")]
    [InlineData("")]
    [InlineData(null)]
    public void Refuses_amounts_that_are_not_exact(string? text) =>
        Assert.False(Currency.Create("EUR", 2).TryParseAmount(text, out _));

    [Fact]
    public void Every_amount_reads_back_exactly_as_it_is_written_and_one_digit_more_is_refused()
    {
        for (var decimals = 0; decimals <= 4; decimals++)
        {
            var currency = Currency.Create("EUR", decimals);
            for (var i = 0; i < 2_000; i++)
            {
                // As many small sums as large ones.
                var most = Amount.Maximum >> (i % 50);
                var units = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & long.MaxValue;
                var amount = Amount.FromMinorUnits(i == 0 ? Amount.Maximum : units % (most + 1));
                var text = currency.Format(amount)[..^4];
                Assert.True(currency.TryParseAmount(text, out var read), text);
                Assert.Equal(amount, read);
                Assert.False(currency.TryParseAmount(text + (decimals == 0 ? ".0" : "0"), out _), text);
            }

            var over = (Amount.Maximum + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
            Assert.False(currency.TryParseAmount(
                decimals == 0 ? over : over.Insert(over.Length - decimals, "."), out _));
        }
    }

    [Fact]
    public void A_denomination_that_is_no_power_of_two_or_too_large_is_refused()
    {
        var key = Bauta.Crypto.BlindRsa.RsaPrivateKey.FromPkcs8Pem(File.ReadAllText(
            Path.Combine(AppContext.BaseDirectory, "Bank", "Keys", "denomination-01.pem"))).PublicKey.Spki;
        var at = UnixTime.FromSeconds(1_800_000_000);
        // Signed<T>.TryParse refuses a statement that is not well formed.
        bool Reads(long value) => new Denomination(
            "bank.example", "EUR", 2, Amount.FromMinorUnits(value), key, at, at.AddSeconds(1), at.AddSeconds(2),
            at.AddSeconds(3)).IsWellFormed();
        for (var exponent = 0; exponent <= Denomination.MaxExponent; exponent++)
            Assert.True(Reads(1L << exponent));
        Assert.All(
            [0, 3, 5, 6, 7, 9, 100, (1L << 20) + 1, (1L << 20) - 1, 1L << 41], value => Assert.False(Reads(value)));
    }

    [Theory]
    [InlineData("{\"type\":\"\\ud800\"}")]
    [InlineData("{\"\\ud800\":\"x\",\"type\":\"\\udc00\\ud800\"}")]
    [InlineData("{\"type\":1}")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("")]
    public void An_answer_that_cannot_be_read_is_no_refusal_of_a_key(string body) =>
        Assert.False(Bauta.Protocol.Relay.MaskChain.IsUnknownKey(422, Encoding.UTF8.GetBytes(body)));

    [Theory]
    [InlineData("photo\u202egpj.exe")]
    [InlineData("a\u2066b\u2069")]
    [InlineData("a\u200fb")]
    [InlineData("a\u200bb")]
    [InlineData("a\u200db")]
    [InlineData("a\u00adb")]
    [InlineData("\ufeffa")]
    [InlineData("a\u2028b")]
    [InlineData("a\u2029b")]
    [InlineData("a\U000e0041b")]
    [InlineData("a\nb")]
    [InlineData("a\u0085b")]
    public void A_title_or_a_file_name_shows_what_it_is(string text)
    {
        Assert.True(OfferOf("A file", "file.bin").IsWellFormed());
        Assert.False(OfferOf(text, "file.bin").IsWellFormed());
        Assert.False(OfferOf("A file", text).IsWellFormed());
        Assert.False(Names.IsLine(text, 200));
        var isForText = text.Contains('\n', StringComparison.Ordinal)
            || text.Contains('\u200d', StringComparison.Ordinal);
        Assert.Equal(isForText, OfferOf("A file", "file.bin", text).IsWellFormed());
    }

    [Theory]
    [InlineData("Zwölf – “Lieder” & more")]
    [InlineData("\u0645\u0631\u062d\u0628\u0627")]
    [InlineData("\u65e5\u672c \U0001f3b5 e\u0301")]
    public void A_title_may_be_in_any_script(string text) =>
        Assert.True(OfferOf(text, text + ".bin", text).IsWellFormed());

    private static OfferTerms OfferOf(string title, string fileName, string description = "") => new(
        OfferId.FromBytes(new byte[32]), title, description, Amount.FromMinorUnits(1), "EUR", fileName, 1,
        new byte[32]);

    [Fact]
    public void A_member_that_is_null_is_left_out_and_may_be_absent()
    {
        Survives(new DecisionAnswer(), ProtocolJson.Default.DecisionAnswer);
        Survives(new PaymentAnswer(), ProtocolJson.Default.PaymentAnswer);
        Survives(new RefreshAnswer(Amount.FromMinorUnits(5)), ProtocolJson.Default.RefreshAnswer);
        Survives(new TakeInAnswer(TakeInAnswer.Pending), ProtocolJson.Default.TakeInAnswer);
        var bytes = StrictJson.Write(new OfferList([]), ProtocolJson.Default.OfferList);
        Assert.True(StrictJson.TryRead(bytes, ProtocolJson.Default.OfferList, out var list));
        Assert.Null(list.Next);
    }

    private static void Survives<T>(T message, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json)
        where T : class
    {
        var bytes = StrictJson.Write(message, json);
        Assert.DoesNotContain("null", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
        Assert.True(StrictJson.TryRead(bytes, json, out var read));
        Assert.Equal(message, read);
    }

    [Fact]
    public void A_recoup_carries_the_closing_note_of_another_bank_or_has_no_such_member()
    {
        var note = Signed<ClosingNote>.Sign(bank, new ClosingNote(
            new string('b', 64), new byte[32], new byte[32], Amount.FromMinorUnits(Amount.Maximum)));
        var order = new RecoupOrder(
            new byte[354], releaseKey.PublicKey.Spki, new byte[32], ReserveId.FromBytes(new byte[32]), note);
        var signed = Signed<RecoupOrder>.Sign(releaseKey, order);
        Assert.True(Signed<RecoupOrder>.TryParse(signed.Text, out var read));
        Assert.Equal(note.Text, read.Content.Closing!.Text);
        var bare = StrictJson.Write(order with { Closing = null }, ProtocolJson.Default.RecoupOrder);
        Assert.DoesNotContain("closing", Encoding.UTF8.GetString(bare), StringComparison.Ordinal);
        // A note of another type, or one that is not well formed, is no note.
        var json = Encoding.UTF8.GetString(StrictJson.Write(order, ProtocolJson.Default.RecoupOrder));
        var other = Signed<LockNote>.Sign(bank, Note(100)).Text;
        Assert.False(StrictJson.TryRead(
            Encoding.UTF8.GetBytes(json.Replace(note.Text, other, StringComparison.Ordinal)),
            ProtocolJson.Default.RecoupOrder, out _));
        foreach (var wrong in (ClosingNote[])
        [
            note.Content with { Amount = Amount.Zero }, note.Content with { Serial = new byte[31] },
            note.Content with { TokenKeyId = new byte[33] }, note.Content with { Issuer = "B" },
        ])
            Assert.False(Signed<ClosingNote>.TryParse(
                Jws.Sign(bank, ClosingNote.Typ, StrictJson.Write(wrong, ProtocolJson.Default.ClosingNote)), out _));
    }

    [Fact]
    public void A_statement_is_verified_over_the_text_that_was_signed()
    {
        var signed = Signed<LockNote>.Sign(bank, Note(100));
        Assert.True(Signed<LockNote>.TryParse(signed.Text, bank.PublicKey, out var read));
        Assert.Equal(signed.Text, read.Text);
        Assert.Equal(Note(100), read.Content);
        Assert.False(Signed<LockNote>.TryParse(signed.Text, releaseKey.PublicKey, out _));
    }

    [Fact]
    public void A_statement_of_one_type_is_not_read_as_another()
    {
        var note = Signed<LockNote>.Sign(bank, Note(100));
        Assert.False(Signed<PaymentNote>.TryParse(note.Text, out _));
        var payload = StrictJson.Write(Note(100), ProtocolJson.Default.LockNote);
        var wrongTyp = Jws.Sign(bank, PaymentNote.Typ, payload);
        Assert.False(Signed<LockNote>.TryParse(wrongTyp, out _));
    }

    [Theory]
    [InlineData("""{"transaction":"T","transaction":"T","expiresAt":1,"archive":"T","commitment":"T"}""")]
    [InlineData("""{"transaction":"T","expiresAt":1,"archive":"T","commitment":"T","more":1}""")]
    [InlineData("""{"transaction":"T","expiresAt":1,"archive":"T"}""")]
    [InlineData("""{"transaction":"T","expiresAt":null,"archive":"T","commitment":"T"}""")]
    [InlineData("""{"transaction":null,"expiresAt":1,"archive":"T","commitment":"T"}""")]
    [InlineData("""{"Transaction":"T","expiresAt":1,"archive":"T","commitment":"T"}""")]
    [InlineData("""{"transaction":"T","expiresAt":1.5,"archive":"T","commitment":"T"}""")]
    [InlineData("""{"transaction":"T","expiresAt":"1","archive":"T","commitment":"T"}""")]
    [InlineData("""{"transaction":"T","expiresAt":-1,"archive":"T","commitment":"T"}""")]
    [InlineData("""{"transaction":"T","expiresAt":1,"archive":"T","commitment":"T"} {}""")]
    [InlineData("""{"transaction":"T","expiresAt":1,"archive":"T","commitment":"T",}""")]
    [InlineData("null")]
    public void JSON_is_read_strictly(string json)
    {
        var id = Transaction.ToString();
        var text = Jws.Sign(
            bank, LockNote.Typ, Encoding.UTF8.GetBytes(json.Replace("\"T\"", $"\"{id}\"", StringComparison.Ordinal)));
        Assert.False(Signed<LockNote>.TryParse(text, out _));
    }

    [Fact]
    public void The_same_JSON_without_the_fault_is_read()
    {
        var id = Transaction.ToString();
        var json = $$"""{"transaction":"{{id}}","expiresAt":1,"archive":"{{id}}","commitment":"{{id}}"}""";
        Assert.True(Signed<LockNote>.TryParse(Jws.Sign(bank, LockNote.Typ, Encoding.UTF8.GetBytes(json)), out _));
    }

    [Fact]
    public void A_commitment_is_the_hash_of_transaction_and_masked_key()
    {
        var commitment = KeyCommitment.To(Transaction, maskedKey);
        Assert.Equal(SHA256.HashData([.. Transaction.Bytes, .. maskedKey]), commitment.ToArray());
        Assert.Throws<ArgumentException>(() => KeyCommitment.To(Transaction, maskedKey.AsSpan(1)));
    }

    [Fact]
    public void A_release_matches_only_its_own_transaction_and_commitment()
    {
        Assert.True(Release.Matches(ReleaseOf(releaseKey, maskedKey), Note(100)));
        Assert.False(Release.Matches(ReleaseOf(releaseKey, new byte[32]), Note(100)));
        Assert.False(Release.Matches(ReleaseOf(bank, maskedKey), Note(100)));
        var forged = Signed<Release>.Sign(bank, new Release(releaseKey.PublicKey.Spki, maskedKey));
        Assert.False(Release.Matches(forged, Note(100)));
    }

    [Theory]
    [InlineData(99, true)]
    [InlineData(100, false)]
    [InlineData(101, false)]
    public void A_commit_stands_before_expiry_and_an_abort_from_it_on(long at, bool commits)
    {
        var note = Signed<LockNote>.Sign(bank, Note(100));
        var commit = new LogEntry(
            LogEntry.Commit, UnixTime.FromSeconds(at), note, ReleaseOf(releaseKey, maskedKey));
        var abort = new LogEntry(LogEntry.Abort, UnixTime.FromSeconds(at), note);
        Assert.Equal(commits, LogEntry.TryParse(commit.ToLeaf(), out _));
        Assert.Equal(!commits, LogEntry.TryParse(abort.ToLeaf(), out _));
        Assert.True(LogEntry.TryParseAtAnyTime(commit.ToLeaf(), out _));
        Assert.True(LogEntry.TryParseAtAnyTime(abort.ToLeaf(), out _));
    }

    [Fact]
    public void A_leaf_with_members_of_another_kind_is_refused()
    {
        var note = Signed<LockNote>.Sign(bank, Note(100));
        var release = ReleaseOf(releaseKey, maskedKey);
        var at = UnixTime.FromSeconds(100);
        Assert.False(LogEntry.TryParse(new LogEntry(LogEntry.Abort, at, note, release).ToLeaf(), out _));
        Assert.False(LogEntry.TryParse(new LogEntry(LogEntry.Bank, at, note).ToLeaf(), out _));
        Assert.False(LogEntry.TryParse(new LogEntry("other", at, note).ToLeaf(), out _));
        Assert.False(LogEntry.TryParse(new LogEntry(LogEntry.Denomination, at, Statement: note.Text).ToLeaf(), out _));
    }

    [Fact]
    public void A_leaf_is_signed_by_the_bank_it_names()
    {
        var note = Signed<LockNote>.Sign(bank, Note(100));
        var entry = new LogEntry(
            LogEntry.Commit, UnixTime.FromSeconds(99), note, ReleaseOf(releaseKey, maskedKey));
        Assert.True(entry.IsSignedBy(bank.PublicKey));
        Assert.False(entry.IsSignedBy(releaseKey.PublicKey));
        var registration = Signed<BankRegistration>.Sign(
            bank, new BankRegistration("bank.example", bank.PublicKey.Spki));
        var leaf = new LogEntry(LogEntry.Bank, UnixTime.FromSeconds(1), Statement: registration.Text);
        Assert.True(LogEntry.TryParse(leaf.ToLeaf(), out var read));
        Assert.True(read.IsSignedBy(bank.PublicKey));
        Assert.Equal(bank.PublicKey.Thumbprint, read.SignerId);
    }

    [Fact]
    public void An_authorization_adds_up_and_names_each_token_once()
    {
        var token = new TokenSpend(new byte[354], new byte[91], Amount.FromMinorUnits(4));
        var other = token with { Token = [1, .. new byte[353]] };
        var good = AuthorizationOf(8, token, other);
        Assert.True(good.IsWellFormed());
        Assert.False(AuthorizationOf(9, token, other).IsWellFormed());
        Assert.False(AuthorizationOf(8, token, token).IsWellFormed());
        Assert.False(AuthorizationOf(0, token with { Amount = Amount.Zero }).IsWellFormed());
        Assert.False(AuthorizationOf(8).IsWellFormed());
        Assert.False(AuthorizationOf(
            4 * 65, [.. Enumerable.Range(0, 65).Select(i => token with { Token = [(byte)i, .. new byte[353]] })])
            .IsWellFormed());
    }

    [Fact]
    public void An_authorization_needs_every_token_key_once_and_no_other()
    {
        using var first = P256PrivateKey.Generate();
        using var second = P256PrivateKey.Generate();
        var authorization = AuthorizationOf(
            3,
            new TokenSpend([1, .. new byte[353]], first.PublicKey.Spki, Amount.FromMinorUnits(1)),
            new TokenSpend([2, .. new byte[353]], second.PublicKey.Spki, Amount.FromMinorUnits(1)),
            new TokenSpend([3, .. new byte[353]], first.PublicKey.Spki, Amount.FromMinorUnits(1)));
        Assert.True(SignedAuthorization.Sign(authorization, [first, second]).IsSignedByItsTokenKeys());
        Assert.False(SignedAuthorization.Sign(authorization, [second, first]).IsSignedByItsTokenKeys());
        Assert.False(SignedAuthorization.Sign(authorization, [first]).IsSignedByItsTokenKeys());
        Assert.False(SignedAuthorization.Sign(authorization, [first, second, bank]).IsSignedByItsTokenKeys());
        Assert.False(SignedAuthorization.Sign(authorization, [first, bank]).IsSignedByItsTokenKeys());
    }

    [Fact]
    public void Every_refusal_has_a_code_a_status_and_a_meaning()
    {
        Check<BankError>();
        Check<ArchiveError>();
        Check<WitnessError>();
        Check<MerchantError>();
        Check<AcquirerError>();
        Assert.Equal("reserve-too-small", Refusals<BankError>.Code(BankError.ReserveTooSmall));

        static void Check<TError>()
            where TError : struct, Enum
        {
            foreach (var (value, code, about) in Refusals<TError>.All)
            {
                Assert.InRange(about.Status, 400, 599);
                Assert.EndsWith(".", about.Meaning, StringComparison.Ordinal);
                Assert.True(Refusals<TError>.TryParse(code, out var read));
                Assert.Equal(value, read);
            }
        }
    }

    [Fact]
    public void A_chunk_survives_its_binary_form_and_refuses_every_cut()
    {
        var chunk = new GoodsChunk([new byte[32], maskedKey], new byte[40]);
        var bytes = chunk.Encode();
        Assert.True(GoodsChunk.TryDecode(bytes, out var read));
        Assert.Equal(chunk.Path, read.Path);
        Assert.Equal(chunk.Ciphertext, read.Ciphertext);
        for (var length = 0; length < 1 + 64 + 16; length++)
            Assert.False(GoodsChunk.TryDecode(bytes.AsSpan(0, length), out _));
        Assert.False(GoodsChunk.TryDecode([41, .. new byte[41 * 32], .. new byte[16]], out _));
    }

    [Fact]
    public void A_card_number_does_not_show_in_text()
    {
        var request = new TakeInRequest(
            RequestId.Generate(), "4242424242424242", "bank.example", ReserveId.Generate(), "EUR",
            Amount.FromMinorUnits(5));
        Assert.DoesNotContain("4242", request.ToString(), StringComparison.Ordinal);
    }

    private static Authorization AuthorizationOf(long amount, params TokenSpend[] tokens) => new(
        Transaction, UnixTime.FromSeconds(100), AccountId.Generate(), PolicyId.Generate(),
        KeyCommitment.Generate(), "EUR", Amount.FromMinorUnits(amount), tokens);
}
