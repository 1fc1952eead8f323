using System.Text.Encodings.Web;
using System.Text.Json;

namespace Bauta.Host.Init;

/// <summary>Writes a configuration with a comment above every line that an operator may want to change.</summary>
internal static class ConfigText
{
    private static readonly JsonSerializerOptions relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Of(NewRole role) => $$"""
        // Configuration of a {{role.Role}}. JSON with comments; paths are relative to this file.
        // Start it with: bauta serve {{role.Role}} --config {{Path.GetFileName(role.ConfigPath)}}
        {
          // The party's name: a-z, 0-9, dot and hyphen. It stands in statements; do not change it later.
          "name": {{Text(role.Name)}},

          // Address and port to listen on. Others know this party by the address in its party file:
          // {{role.Url.OriginalString}}
          "listen": {{Text(role.Listen ?? $"127.0.0.1:{role.Url.Port}")}},

          // PEM files; with them the port speaks TLS.
          // "certificate": "certificate.pem",
          // "certificateKey": "certificate-key.pem",

          // Private keys, mode 0600. Back them up; without them the party cannot go on.
          "keys": "keys",

          // Source addresses without a limit of requests: the masks and parties of this network.
          "unlimitedSources": {{Texts(role.UnlimitedSources)}},

          // A collector of your own that takes OpenTelemetry's OTLP over HTTP. It gets sums every five minutes, never
          // anything about one request. Share it with no other party.
          // "telemetry": "http://127.0.0.1:4318",

        {{Body(role)}}
        }

        """;

    private static string Body(NewRole role) => role.Role switch
    {
        PartyRoles.Mask => Mask(role),
        PartyRoles.Bank => Bank(role),
        PartyRoles.Archive => Archive(role),
        PartyRoles.Witness => Witness(role),
        PartyRoles.Acquirer => Acquirer(role),
        PartyRoles.Merchant => Merchant(role),
        _ => throw new HostException(ExitCode.Usage, $"There is no role {role.Role}."),
    };

    private static string Mask(NewRole role) => $$"""
          // As a first mask: the party file of the second mask, which must be another operator's.
          {{(role.Next is null ? "// \"next\": \"mask.party.json\"" : $"\"next\": {Text(role.Next)}")}},

          // As a second mask: the origins of the parties that it forwards to; anything else is refused.
          "targets": {{Texts(role.Targets)}},

          // Hold requests until the end of a period this long and let them go in random order, against observers that
          // join by time. At most 3,000, which hides best where few are about; 0 sends at once and hides nothing.
          "batchMilliseconds": {{role.BatchMilliseconds}}
        """;

    private static string Bank(NewRole role) => $$"""
        {{Database(role)}}
          // Three capital letters and the decimals of the minor unit.
          "currency": {{Text(role.Currency)}},

          // One denomination of 2^e minor units for each exponent e. Few are enough: a wallet pays with several tokens.
          "exponents": [{{string.Join(", ", Enumerable.Range(0, role.MaxExponent + 1))}}],

          // Party files of the archives whose decisions this bank acts on; the first one's log carries its
          // denominations.
          "archives": {{Texts([role.Archive ?? NewRole.PartyFileOf(PartyRoles.Archive)])}},

          // Party file of the acquirer, whose signed notices fund reserves and who pays out.
          "acquirer": {{Text(role.Acquirer ?? NewRole.PartyFileOf(PartyRoles.Acquirer))}},

          // Party files of other banks whose refreshed tokens this one takes over.
          "funders": [],

          // Issuing and locking by two operators: at the bank that locks, the party file of the one that issues; at the
          // one that issues, that of the bank that locks. Without them one bank does both.
          // "issuer": "issuer.party.json",
          // "spentAt": "bank.party.json",

          // The bank as its own archive, in one process (FIG. 6 and 7): the configuration of that archive, whose party
          // file stands among "archives" above. Start it with bauta serve bank, and the archive not by itself.
          // "joint": "archive.json",

          // A key signs this long; then its tokens can be spent, and then refreshed, this much longer. The next key is
          // announced this long before the present one stops.
          "withdrawDays": 30,
          "spendDays": 180,
          "refreshDays": 90,
          "overlapDays": 2,

          // The range of times from lock to expiry.
          "minExpirySeconds": 10,
          "maxExpirySeconds": 604800,

          // How long a settled sum waits before it can be paid out, and can be disputed.
          "disputeWindowSeconds": {{role.DisputeWindowSeconds}},

          // Who decides disputes, how long a merchant has to answer one, and how long the arbiter has then. Without an
          // arbiter's card (bauta dispute init) none are taken in.
          // "arbiter": "../arbiter/arbiter.card",
          "disputeAnswerSeconds": 259200,
          "disputeRulingSeconds": 1209600,

          // Holds how often value moved and only moves forward, so that a database put back to an older state is
          // noticed at the next start. Best on another disk, and never in a backup.
          "secondPlace": "second-place"
        """;

    private static string Archive(NewRole role) => $$"""
        {{Database(role)}}
          // Party files of the witnesses, and how many of them must cosign before anybody acts on a decision. Changing
          // them makes another policy: hand out a new party file (bauta init archive) and let the others follow.
          "witnesses": {{Texts(role.Witnesses)}},
          "quorum": {{role.Quorum ?? Math.Max(1, role.Witnesses.Count)}},

          // Party files of the banks that are admitted.
          "banks": {{Texts([role.Bank ?? NewRole.PartyFileOf(PartyRoles.Bank)])}},

          // Party files of banks and merchants that are told of decisions as they are published, so that they need not
          // ask: a bank of those on its own locks, a merchant of all, since which are its own is not for you to know.
          "push": [],

          // Holds the latest checkpoint and only moves forward, so that a database put back to an older state is
          // noticed. Best on another disk.
          "secondPlace": "second-place",

          // Goods made to order that a customer did not sign for are kept as ciphertext, so that the purchase can be
          // completed without it: the largest in bytes (0: none), all together, and how many days after the expiry.
          "maxKeptBytes": 16777216,
          "maxKeptBytesInAll": 17179869184,
          "keepGoodsDays": 30
        """;

    private static string Witness(NewRole role) => $$"""
        {{Database(role)}}
          // Party file of the archive whose log this witness reads and cosigns.
          "archive": {{Text(role.Archive ?? NewRole.PartyFileOf(PartyRoles.Archive))}},

          // What was cosigned last; only moves forward. Best on another disk.
          "secondPlace": "second-place"
        """;

    private static string Acquirer(NewRole role) => $$"""
        {{Database(role)}}
          // Party files of the banks that it serves. This is a sandbox: it moves no real money.
          "banks": {{Texts([role.Bank ?? NewRole.PartyFileOf(PartyRoles.Bank)])}},

          // How long the delayed test card stays pending.
          "delaySeconds": 5
        """;

    private static string Merchant(NewRole role) => $$"""
        {{Database(role)}}
          // Party file of the bank that locks and settles.
          "bank": {{Text(role.Bank ?? NewRole.PartyFileOf(PartyRoles.Bank))}},

          // Party files of the archives that it sells under.
          "archives": {{Texts([role.Archive ?? NewRole.PartyFileOf(PartyRoles.Archive)])}},

          // Where the acquirer pays out to. The sandbox takes what begins with "sandbox:".
          "payee": {{Text(role.Payee)}},

          // Files on sale are copied here, so that they cannot change under a sale.
          "goods": "goods",

          // Where bauta shop reaches the running shop: unix:PATH or http://127.0.0.1:PORT. Never reachable from
          // outside.
          "desk": {{Text(role.Desk)}},

          // Who must be able to prove what was delivered: "one-sided", the customer; "two-sided", the shop as well: it
          // then sells only to customers who sign that the goods arrived, under a key of their choice.
          "proof": "one-sided",

          // Ways to release a key that you take when a customer asks, each at your own risk. "early": before you have
          // seen a lock, where the bank is its own archive. "at-once": to the customer together with the archive; where
          // the archive fails, the customer has the goods and keeps the money.
          "releases": [],

          // How long a purchase of a small file stays open, and how long before its end payment is refused.
          "lifetimeSeconds": 900,
          "payMarginSeconds": 10,

          // How long a purchase that nobody paid for is kept after its expiry.
          "graceSeconds": 3600,

          // How long the copy of a file that is sold no more is kept: after it was stored, after its offer was
          // withdrawn, and after the expiry of each purchase. At least the bank's dispute window.
          "keepGoodsDays": 30,

          // How long a session lasts in which items are sold one by one; at most what the bank allows.
          "sessionSeconds": 3600,

          // A program that makes goods to order once their price is locked: what it writes to its output is sold.
          // "make": "make-goods",

          // How long such a purchase stays open, at most what the bank allows; and how long the customer may take to
          // sign for the goods before the shop completes it through the archive.
          "orderSeconds": 3600,
          "orderWaitSeconds": 300

          // A web site or API that is sold by the request, as bauta pay-proxy does.
          // , "payProxy": { "upstream": "http://127.0.0.1:8000", "price": "0.01", "per": "item" }
        """;

    private static string Database(NewRole role) => $$"""
          // A file for SQLite, or "Host=...;Database=...;Username=..." for PostgreSQL.
          "database": {{Text(role.Database ?? $"{role.Role}.db")}},

        """;

    private static string Text(string value) => JsonSerializer.Serialize(value, relaxed);

    private static string Texts(IReadOnlyList<string> values) => $"[{string.Join(", ", values.Select(Text))}]";
}
