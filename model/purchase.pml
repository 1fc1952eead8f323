/* One purchase, or one session of purchases, between a wallet, a bank, a merchant and an archive. See README.md.

   Terms select the variant; the defaults are FIG. 4 with proof for the customer alone.
     TWO_SIDED  1: the customer's signature on P1 goes with P3
     LOCK_FIRST 1: FIG. 5, the goods are made after the lock; forced commit
     JOINT      1: FIG. 6, one party is bank and archive; 2: FIG. 7, the merchant releases without a lock note
     ITEMS      n: FIG. 8, a session of up to n items; 0: one purchase
     TO_BOTH    1: section 5.6, the release goes to the archive and to the customer at once
     CHEAT      1: the customer shows the merchant notes that the bank did not sign
   The terms that bound the search:
     LIVE       1: messages are lost and doubled and parties crash, LOSSES, COPIES and CRASHES times in all, and what
                   gets no answer is sent again; 0: a message that was sent may arrive at any later time, any number of
                   times or never, and every party may crash at any time
     CALM       1: the bank does not lie, and the clocks pass expiry one after the other, wallet first; 0: any order */

#ifndef TWO_SIDED
#define TWO_SIDED 0
#endif
#ifndef LOCK_FIRST
#define LOCK_FIRST 0
#endif
#ifndef JOINT
#define JOINT 0
#endif
#ifndef ITEMS
#define ITEMS 0
#endif
#ifndef TO_BOTH
#define TO_BOTH 0
#endif
#ifndef CHEAT
#define CHEAT 0
#endif
#ifndef LIVE
#define LIVE 0
#endif
#ifndef CALM
#define CALM LIVE
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#ifndef COPIES
#define COPIES 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif

/* The mistakes that can be seeded. */
#define NONE 0
#define POLLER_MARKS_FAILED 1
#define UNLOCK_ON_BANK_CLOCK 2
#define ARCHIVE_REPLIES_FIRST 3
#define BANK_REPLIES_FIRST 4
#define MERCHANT_SENDS_FIRST 5
#define WALLET_SENDS_FIRST 6
#define REFUSAL_BELIEVED 7
#define ABORT_BEFORE_EXPIRY 8
#define COMMIT_AFTER_EXPIRY 9
#define NO_MARGIN 10
#define TIME_AFTER_QUESTION 11
#define KEY_BEFORE_CHECK 12
#define BANK_NEVER_ASKS 13
#define P2_SENT_ONCE 14
#define RELEASE_WITHOUT_SIGNATURE 15
#define SIGNATURE_STORED_LATER 16
#define FORCED_WITHOUT_GOODS 17
#define ACKNOWLEDGED_BEFORE_STORED 18
#define DECISION_AND_MONEY_APART 19
#define COMMIT_WITHOUT_LOCK 20
#define OLD_TOTAL_SETTLED 21
#define KEY_BEFORE_ACKNOWLEDGEMENT_STORED 22
#define KEY_AFTER_RELEASE 23
#define ACKNOWLEDGED_WITHOUT_KEY 24
#define ACKNOWLEDGED_BEFORE_WRITTEN 25
#define SECOND_COMMIT 26
#define ABORT_NOT_BROUGHT 27
#define DEMAND_IGNORED 28

/* Which of them, and which property is checked (0: all), is said to the compiled checker by the environment, so that
   the model that is found sound and the one that is found wrong are the same program. */
c_decl {
static int seeded, only;
static int number(const char *name) { const char *text = getenv(name); return text ? atoi(text) : 0; }
__attribute__((constructor)) static void read_choice(void) { seeded = number("BUG"); only = number("ONLY"); }
}
#define BUG c_expr { seeded }
#define ONLY c_expr { only }

#define COMMIT 1
#define ABORT 2
#define BIT(i) (1 << (i))

/* ---- What is durable ---- */

/* Wallet: src/Wallet/Purchase. GONE: ended, its tokens count as free. */
#define W_START 0
#define W_FETCHED 1
#define W_AUTHORIZED 2
#define W_DENIED 3
#define W_LOCKED 4
#define W_COMMITTED 5
#define W_ABORTED 6
#define W_OPENED 7
#define W_RETURNED 8
#define W_GONE 9
byte wallet = W_START;
bool walletHasGoods;      /* LOCK_FIRST: the ciphertext of E4 */
byte walletAcknowledged;  /* session: the highest item acknowledged */
byte walletKeys;          /* session: items 1 to this one can be read */

/* Bank: src/Bank/Lock, src/Bank/Settle. */
#define NO_LOCK 0
#define LOCKED 1
#define SETTLED 2
#define UNLOCKED 3
byte bank = NO_LOCK;
byte credited;

/* Merchant: src/Merchant/Purchase, src/Merchant/Pay. HELD: has the notes and no release yet. */
#define M_NONE 0
#define M_OPEN 1
#define M_HELD 2
#define M_RELEASED 3
#define M_TO_SETTLE 4
#define M_TO_UNLOCK 5
#define M_SETTLED 6
#define M_UNLOCKED 7
#define M_DROPPED 8
byte merchant = M_NONE;
bool merchantHasSignature;  /* TWO_SIDED: S_q(P1); LOCK_FIRST: S_q(E4) */
byte merchantTotal;         /* session: the highest item whose acknowledgement is stored */
byte merchantReleased;      /* what P4 commits: an item of the session, 1 for a single purchase */

/* Archive: the leaf in its log. */
byte leaf;
byte leafItem;
bool archiveHasGoods;  /* LOCK_FIRST: E4 with the archive's acknowledgement, published with a forced commit */

/* ---- What is in memory only: a crash loses it ---- */

byte walletMemory;    /* 1: P2 signed; 2: E4 received; 3: an item received */
byte bankMemory;      /* 1: notes signed */
byte merchantMemory;  /* 1: notes checked, P4 signed; 2: the same, and no signature of the customer; 3: an item's
                         acknowledgement received */
bool pollerMemory;    /* the poller has read that the purchase is open and expired */
byte archiveMemory;   /* COMMIT or ABORT: ordered, not yet durable */
byte archiveItem;

/* ---- Clocks: each passes expiry when it likes; the last one a margin later than the archive's ---- */

bool archiveExpired, bankExpired, merchantExpired, walletExpired, walletPastMargin;

/* With a joint bank-archive they have one clock. */
#if JOINT
#define BANK_EXPIRED archiveExpired
#else
#define BANK_EXPIRED bankExpired
#endif

/* ---- Messages on their way: a set, so no order is kept ---- */

bool order, p1, noSale;                      /* wallet, merchant */
bool p2, p3, refusal;                        /* wallet, bank */
bool notes, bareNotes, forgedNotes;          /* P3 to the merchant: with the signature on P1, without, forged */
byte p4;                                     /* merchant to archive, by item */
bool key;                                    /* TO_BOTH: merchant to customer */
bool ask, askLate;                           /* wallet to archive: what was decided? before, past the margin */
bool demandW, demandM, demandB;              /* to the archive: decide, on this lock note */
bool commitW, abortW, undecided, undecidedLate;  /* archive to wallet */
bool commitM, abortM, expiredM;                  /* archive to merchant */
bool commitB, abortB;                            /* archive to bank */
bool tellCommit, tellAbort, told;            /* merchant to bank and back */
bool bringAbort, unlocked;                   /* wallet to bank and back */
bool e4, e5;                                 /* LOCK_FIRST */
byte goods, acknowledgement, itemKey;        /* session: sets of items */

/* ---- What is only observed ---- */

byte saidCommit;      /* every commit that left the archive, by item */
bool saidAbort;
bool committedLate;
byte keysGiven;       /* session: the highest item whose key left the merchant */

#if LIVE
byte losses = LOSSES;
byte copies = COPIES;
byte crashes = CRASHES;
bool p2Sent;
/* What was received is gone, or a copy of it comes later. */
#define GET(m) if :: m = false :: copies > 0 -> copies-- fi
#define GET_OF(set, i) if :: set = set & ~BIT(i) :: copies > 0 -> copies-- fi
#define CRASH crashes > 0 -> crashes--
#else
#define GET(m) skip
#define GET_OF(set, i) skip
#define CRASH true -> skip
#endif

#if LIVE
#define MAY_SEND_P2 (!p2Sent)
#define NOTE_P2 p2Sent = (BUG == P2_SENT_ONCE)
#else
#define MAY_SEND_P2 (true)
#define NOTE_P2 skip
#endif

/* ---- The parties: each step is atomic; a crash comes between any two ---- */

active proctype Wallet() {
end:
  do
  /* P1. Until P2 is signed, giving up costs nothing. */
  :: atomic { wallet == W_START && !order && !p1 && !noSale -> order = true }
  :: atomic { wallet == W_START && noSale -> GET(noSale); wallet = W_GONE }
  :: atomic { wallet == W_START && p1 -> GET(p1); wallet = W_FETCHED }
  :: atomic { wallet == W_FETCHED && walletMemory == 0 -> wallet = W_GONE }

  /* P2: signed and written with the tokens set aside, then sent until there is an answer. */
  :: atomic { wallet == W_FETCHED && walletMemory == 0 -> walletMemory = 1 }
  :: atomic { wallet == W_FETCHED && walletMemory == 1 -> wallet = W_AUTHORIZED; walletMemory = 0 }
  :: atomic { (wallet == W_AUTHORIZED || (BUG == WALLET_SENDS_FIRST && walletMemory == 1)) &&
        !p2 && !p3 && !refusal && MAY_SEND_P2 -> p2 = true; NOTE_P2 }
  :: atomic { wallet == W_AUTHORIZED && p3 -> GET(p3); wallet = W_LOCKED }
  :: atomic { wallet == W_AUTHORIZED && refusal -> GET(refusal);
        if
        :: BUG == REFUSAL_BELIEVED -> wallet = W_GONE
        :: else -> wallet = W_DENIED
        fi }

  /* P3 to the merchant; a customer who cheats shows forged notes, or keeps its signature to itself. */
  :: atomic { wallet == W_LOCKED && !walletExpired && !notes && JOINT != 2 -> notes = true }
  :: atomic { CHEAT && wallet != W_START && !forgedNotes && !LIVE -> forgedNotes = true }
  :: atomic { CHEAT && wallet == W_LOCKED && !bareNotes && !LIVE -> bareNotes = true }

  /* The archive is asked; after expiry whoever has a lock note demands the decision. */
  :: atomic { ((!CALM && wallet == W_AUTHORIZED && p2 && !p3 && !refusal && !(JOINT == 2 && walletExpired)) ||
        (wallet == W_DENIED && !walletPastMargin) || (wallet == W_LOCKED && !walletExpired)) &&
        !ask && !undecided && !commitW && !abortW -> ask = true }
  :: atomic { wallet == W_DENIED && (walletPastMargin || (BUG == NO_MARGIN && walletExpired)) &&
        !askLate && !undecidedLate && !commitW && !abortW -> askLate = true }
  :: atomic { (wallet == W_LOCKED || (JOINT == 2 && wallet == W_AUTHORIZED)) && walletExpired &&
        !demandW && !commitW && !abortW -> demandW = true }

  /* Only a decision ends what was authorized, or its absence when none can come any more. */
  :: atomic { (wallet == W_AUTHORIZED || wallet == W_DENIED || wallet == W_LOCKED) && commitW ->
        GET(commitW); wallet = W_COMMITTED }
  :: atomic { (wallet == W_AUTHORIZED || wallet == W_DENIED || wallet == W_LOCKED) && abortW ->
        GET(abortW); wallet = W_ABORTED }
  :: atomic { wallet == W_DENIED && undecidedLate -> GET(undecidedLate); wallet = W_GONE }
  :: atomic { BUG == TIME_AFTER_QUESTION && wallet == W_DENIED && walletPastMargin && undecided ->
        wallet = W_GONE }
  :: atomic { wallet == W_COMMITTED && (!LOCK_FIRST || walletHasGoods || archiveHasGoods) -> wallet = W_OPENED }
  :: atomic { wallet == W_ABORTED && !bringAbort && !unlocked && BUG != ABORT_NOT_BROUGHT -> bringAbort = true }
  :: atomic { wallet == W_ABORTED && unlocked -> GET(unlocked); wallet = W_RETURNED }

  /* FIG. 5: the goods are stored before they are acknowledged. */
  :: atomic { LOCK_FIRST && wallet == W_LOCKED && e4 && !walletHasGoods && walletMemory == 0 ->
        GET(e4); walletMemory = 2 }
  :: atomic { LOCK_FIRST && walletMemory == 2 -> walletHasGoods = true; walletMemory = 0 }
  :: atomic { LOCK_FIRST && !e5 && ((walletHasGoods && e4) ||
        (BUG == ACKNOWLEDGED_BEFORE_STORED && walletMemory == 2)) -> e5 = true }

  /* FIG. 8: item i + 1 is acknowledged only when items 1 to i can be read, and written before it is sent. */
#if ITEMS
  :: atomic { wallet == W_LOCKED && walletMemory == 0 && walletAcknowledged < ITEMS &&
        (walletKeys == walletAcknowledged || BUG == ACKNOWLEDGED_WITHOUT_KEY) &&
        (goods & BIT(walletAcknowledged + 1)) -> GET_OF(goods, walletAcknowledged + 1); walletMemory = 3 }
  :: atomic { walletMemory == 3 -> walletAcknowledged++; walletMemory = 0 }
  :: atomic { BUG == ACKNOWLEDGED_BEFORE_WRITTEN && walletMemory == 3 ->
        acknowledgement = acknowledgement | BIT(walletAcknowledged + 1) }
  :: atomic { wallet == W_LOCKED && walletAcknowledged > walletKeys && !walletExpired &&
        !(acknowledgement & BIT(walletAcknowledged)) && !(itemKey & BIT(walletAcknowledged)) ->
        acknowledgement = acknowledgement | BIT(walletAcknowledged) }
  :: atomic { wallet >= W_LOCKED && walletKeys < walletAcknowledged && (itemKey & BIT(walletKeys + 1)) ->
        GET_OF(itemKey, walletKeys + 1); walletKeys++ }
#endif

  :: atomic { walletMemory != 0 && CRASH; walletMemory = 0 }
  od
}

active proctype Bank() {
end:
  do
  /* P2 to P3: the lock is durable before the notes leave; the same answer for ever. */
  :: atomic { p2 && bank == NO_LOCK && bankMemory == 0 && !BANK_EXPIRED -> bankMemory = 1 }
  :: atomic { bankMemory == 1 && bank == NO_LOCK && !(JOINT && leaf) -> bank = LOCKED; bankMemory = 0 }
  :: atomic { p2 && (bank != NO_LOCK || (BUG == BANK_REPLIES_FIRST && bankMemory == 1)) && !p3 && JOINT != 2 ->
        GET(p2); p3 = true }
  /* It refuses, rightly or not, and may give the notes to the merchant itself. */
  :: atomic { p2 && !refusal && (JOINT != 2 || bank == NO_LOCK) && (!CALM || (bank == NO_LOCK && BANK_EXPIRED)) ->
        GET(p2); refusal = true }
  :: atomic { bank == LOCKED && !bareNotes && JOINT != 2 && !CALM -> bareNotes = true }

  /* P5: the archive's decision moves the value, once; past expiry the bank asks for it. */
#if !JOINT
  :: atomic { bank == LOCKED && bankExpired && BUG != BANK_NEVER_ASKS &&
        !demandB && !commitB && !abortB -> demandB = true }
  :: atomic { bank == LOCKED && (commitB || tellCommit) -> bank = SETTLED;
        if
        :: BUG == OLD_TOTAL_SETTLED -> credited = 1
        :: else -> credited = leafItem
        fi }
  :: atomic { bank == LOCKED && (abortB || tellAbort || bringAbort) -> bank = UNLOCKED }
  :: atomic { BUG == UNLOCK_ON_BANK_CLOCK && bank == LOCKED && bankExpired -> bank = UNLOCKED }
#else
  :: atomic { bank == LOCKED && archiveExpired && !leaf && !archiveMemory -> archiveMemory = ABORT }
  :: atomic { BUG == DECISION_AND_MONEY_APART && bank == LOCKED && leaf == COMMIT ->
        bank = SETTLED; credited = leafItem }
  :: atomic { BUG == DECISION_AND_MONEY_APART && bank == LOCKED && archiveExpired -> bank = UNLOCKED }
#endif
  :: atomic { tellCommit && bank == SETTLED && !told -> GET(tellCommit); told = true }
  :: atomic { tellAbort && (bank == UNLOCKED || (JOINT && leaf == ABORT && bank == NO_LOCK)) && !told ->
        GET(tellAbort); told = true }
  :: atomic { bringAbort && (bank == UNLOCKED || (JOINT && leaf == ABORT && bank == NO_LOCK)) && !unlocked ->
        GET(bringAbort); unlocked = true }

  :: atomic { bankMemory != 0 && CRASH; bankMemory = 0 }
  od
}

#define NOTES_COME (JOINT == 2 || notes || (bareNotes && !TWO_SIDED))

active proctype Merchant() {
end:
  do
  /* P1: the purchase is stored, then shown. */
  :: atomic { order && merchant == M_NONE && !merchantExpired -> merchant = M_OPEN }
  :: atomic { order && merchant != M_NONE && merchant != M_DROPPED && !p1 -> GET(order); p1 = true }
  :: atomic { order && (merchant == M_DROPPED || (merchant == M_NONE && merchantExpired)) && !noSale ->
        GET(order); noSale = true }

  /* P3: the notes are checked in memory; one write takes the purchase from the open ones and stores P4. */
  :: atomic { merchant == M_OPEN && merchantMemory == 0 && !merchantExpired && NOTES_COME -> merchantMemory = 1 }
  :: atomic { merchant == M_OPEN && merchantMemory == 0 && !merchantExpired && TWO_SIDED &&
        BUG == RELEASE_WITHOUT_SIGNATURE && bareNotes -> merchantMemory = 2 }
  :: atomic { (merchantMemory == 1 || merchantMemory == 2) && merchant == M_OPEN ->
        if
        :: LOCK_FIRST || ITEMS -> merchant = M_HELD
        :: else -> merchant = M_RELEASED; merchantReleased = 1;
            if
            :: merchantMemory == 1 && BUG != SIGNATURE_STORED_LATER -> merchantHasSignature = TWO_SIDED
            :: else
            fi
        fi;
        merchantMemory = 0 }
  :: atomic { BUG == SIGNATURE_STORED_LATER && merchant == M_RELEASED && notes && !merchantHasSignature ->
        merchantHasSignature = true }
  :: atomic { (merchantMemory == 1 || merchantMemory == 2) && merchant != M_OPEN -> merchantMemory = 0 }
  :: atomic { BUG == KEY_BEFORE_CHECK && forgedNotes && merchant == M_OPEN -> key = true }

  /* What nobody paid is dropped after expiry: looked up and dropped in one write. */
  :: atomic { BUG != POLLER_MARKS_FAILED && merchant == M_OPEN && merchantExpired -> merchant = M_DROPPED }
  :: atomic { BUG == POLLER_MARKS_FAILED && merchant == M_OPEN && merchantExpired && !pollerMemory ->
        pollerMemory = true }
  :: atomic { BUG == POLLER_MARKS_FAILED && pollerMemory -> merchant = M_DROPPED; pollerMemory = false }

  /* FIG. 5: goods after the lock; released with the customer's acknowledgement, or forced without. */
  :: atomic { LOCK_FIRST && merchant == M_HELD && !e4 && !e5 -> e4 = true }
  :: atomic { LOCK_FIRST && merchant == M_HELD && e5 && !merchantExpired ->
        GET(e5); merchant = M_RELEASED; merchantReleased = 1; merchantHasSignature = true }
  :: atomic { LOCK_FIRST && merchant == M_HELD && !merchantExpired -> merchant = M_RELEASED; merchantReleased = 1 }

  /* FIG. 8: an item's key leaves after its acknowledgement is stored, and none after the release. */
#if ITEMS
  :: atomic { merchant == M_HELD && merchantTotal < ITEMS && !(goods & BIT(merchantTotal + 1)) &&
        !(acknowledgement & BIT(merchantTotal + 1)) && !merchantExpired ->
        goods = goods | BIT(merchantTotal + 1) }
  :: atomic { (merchant == M_HELD ||
        ((BUG == KEY_AFTER_RELEASE || BUG == SECOND_COMMIT) && merchant == M_RELEASED)) &&
        merchantMemory == 0 && merchantTotal < ITEMS && (acknowledgement & BIT(merchantTotal + 1)) ->
        merchantMemory = 3 }
  :: atomic { BUG == KEY_BEFORE_ACKNOWLEDGEMENT_STORED && merchantMemory == 3 ->
        itemKey = itemKey | BIT(merchantTotal + 1);
        keysGiven = (keysGiven > merchantTotal + 1 -> keysGiven : merchantTotal + 1) }
  :: atomic { merchantMemory == 3 ->
        merchantMemory = 0;
        if
        :: merchant == M_HELD || BUG == KEY_AFTER_RELEASE || BUG == SECOND_COMMIT -> merchantTotal++
        :: else
        fi }
  :: atomic { merchantTotal > 0 && (acknowledgement & BIT(merchantTotal)) && !(itemKey & BIT(merchantTotal)) ->
        GET_OF(acknowledgement, merchantTotal);
        itemKey = itemKey | BIT(merchantTotal);
        keysGiven = (keysGiven > merchantTotal -> keysGiven : merchantTotal) }
  :: atomic { LIVE && merchantTotal > 1 && (acknowledgement & (BIT(merchantTotal) - 1)) ->
        acknowledgement = acknowledgement & ~(BIT(merchantTotal) - 1) }
  :: atomic { merchant == M_HELD && merchantTotal > 0 && merchantMemory != 3 ->
        merchant = M_RELEASED; merchantReleased = merchantTotal }
  :: atomic { BUG == SECOND_COMMIT && merchant == M_RELEASED && merchantReleased < merchantTotal ->
        merchantReleased = merchantTotal }
#endif

  /* P4: sent until the archive has decided; after expiry the abort is demanded. */
  :: atomic { (merchant == M_RELEASED || (BUG == MERCHANT_SENDS_FIRST && merchantMemory == 1)) &&
        !(p4 & BIT((merchantReleased > 0 -> merchantReleased : 1))) && !commitM && !abortM && !expiredM ->
        p4 = p4 | BIT((merchantReleased > 0 -> merchantReleased : 1)) }
  :: atomic { TO_BOTH && merchant == M_RELEASED && !key -> key = true }
  :: atomic { (merchant == M_RELEASED || merchant == M_HELD) && (expiredM || merchantExpired) &&
        !demandM && !commitM && !abortM ->
        if
        :: expiredM && LIVE -> GET(expiredM)
        :: else
        fi;
        demandM = true }
  :: atomic { (merchant == M_RELEASED || merchant == M_HELD) && commitM -> GET(commitM); merchant = M_TO_SETTLE }
  :: atomic { (merchant == M_RELEASED || merchant == M_HELD) && abortM -> GET(abortM); merchant = M_TO_UNLOCK }

  /* The bank is told; the customer who asks is shown the decision. */
  :: atomic { merchant == M_TO_SETTLE && !tellCommit && !told -> tellCommit = true }
  :: atomic { merchant == M_TO_UNLOCK && !tellAbort && !told -> tellAbort = true }
  :: atomic { merchant == M_TO_SETTLE && told -> GET(told); merchant = M_SETTLED }
  :: atomic { merchant == M_TO_UNLOCK && told -> GET(told); merchant = M_UNLOCKED }
  :: atomic { (merchant == M_TO_SETTLE || merchant == M_SETTLED) && notes && !commitW ->
        GET(notes); commitW = true }

  :: atomic { (merchantMemory != 0 || pollerMemory) && CRASH;
        merchantMemory = 0; pollerMemory = false }
  od
}

/* What the archive answers once there is a decision; the leaf is durable first. */
#define DECIDED (BUG == ARCHIVE_REPLIES_FIRST && leaf == 0 -> archiveMemory : leaf)
#define SAY(toCommit, toAbort) \
  if \
  :: DECIDED == COMMIT -> toCommit = true; \
     saidCommit = saidCommit | BIT(leaf == 0 -> archiveItem : leafItem) \
  :: DECIDED == ABORT -> toAbort = true; saidAbort = true \
  fi
#define MAY_COMMIT ((!archiveExpired || BUG == COMMIT_AFTER_EXPIRY) \
  && (JOINT != 2 || bank == LOCKED || BUG == COMMIT_WITHOUT_LOCK))
#define ARCHIVE_FREE (leaf == 0 && archiveMemory == 0)

active proctype Archive() {
end:
  do
  /* By its own clock: a commit before expiry, an abort after. The first that is ordered stands. */
  :: atomic { p4 && ARCHIVE_FREE && MAY_COMMIT ->
        committedLate = archiveExpired; archiveMemory = COMMIT;
        if
        :: p4 & BIT(1) -> archiveItem = 1
        :: p4 & BIT(2) -> archiveItem = 2
        :: p4 & BIT(3) -> archiveItem = 3
        fi }
  :: atomic { (demandW || demandM || demandB) && ARCHIVE_FREE &&
        (archiveExpired || BUG == ABORT_BEFORE_EXPIRY) && BUG != DEMAND_IGNORED -> archiveMemory = ABORT }
  :: atomic { BUG == DEMAND_IGNORED && demandB && ARCHIVE_FREE && archiveExpired -> demandB = false }
  :: atomic { archiveMemory != 0 && leaf == 0 ->
        leaf = archiveMemory;
        if
        :: leaf == COMMIT -> leafItem = archiveItem;
            archiveHasGoods = LOCK_FIRST && !merchantHasSignature && BUG != FORCED_WITHOUT_GOODS
        :: else
        fi;
#if JOINT
        if
        :: BUG == DECISION_AND_MONEY_APART
        :: BUG != DECISION_AND_MONEY_APART && bank == LOCKED && leaf == COMMIT -> bank = SETTLED; credited = leafItem
        :: BUG != DECISION_AND_MONEY_APART && bank == LOCKED && leaf == ABORT -> bank = UNLOCKED
        :: else
        fi;
#endif
        archiveMemory = 0; archiveItem = 0 }
  :: atomic { BUG == SECOND_COMMIT && leaf == COMMIT && (p4 >> (leafItem + 1)) -> leafItem++ }

  /* Answers. */
  :: atomic { p4 && DECIDED && !commitM && !abortM -> p4 = (LIVE -> 0 : p4); SAY(commitM, abortM) }
  :: atomic { demandM && DECIDED && !commitM && !abortM -> GET(demandM); SAY(commitM, abortM) }
  :: atomic { demandB && DECIDED && !commitB && !abortB -> GET(demandB); SAY(commitB, abortB) }
  :: atomic { demandW && DECIDED && !commitW && !abortW -> GET(demandW); SAY(commitW, abortW) }
  :: atomic { ask && DECIDED && !commitW && !abortW -> GET(ask); SAY(commitW, abortW) }
  :: atomic { askLate && DECIDED && !commitW && !abortW -> GET(askLate); SAY(commitW, abortW) }
  /* An answer that only says not yet changes nothing, so the question waits; past the margin it says something. */
  :: atomic { !LIVE && ask && leaf == 0 && !undecided -> undecided = true }
  :: atomic { askLate && leaf == 0 && !undecidedLate -> GET(askLate); undecidedLate = true }
  :: atomic { p4 && ARCHIVE_FREE && archiveExpired && !expiredM -> p4 = (LIVE -> 0 : p4); expiredM = true }

  :: atomic { (archiveMemory != 0 || (JOINT && bankMemory != 0)) && CRASH;
        archiveMemory = 0; archiveItem = 0; committedLate = (leaf == COMMIT && committedLate);
        if
        :: JOINT -> bankMemory = 0
        :: else
        fi }
  od
}

/* Clocks that differ by any amount, but for the wallet's margin: what the archive has ordered by expiry is durable,
   or lost, before a minute past expiry by the wallet's clock. */
active proctype Clocks() {
end:
  do
  :: atomic { !walletExpired -> walletExpired = true }
  :: atomic { !archiveExpired && (walletExpired || !CALM) -> archiveExpired = true }
  :: atomic { !merchantExpired && (archiveExpired || !CALM) -> merchantExpired = true }
  :: atomic { !JOINT && !bankExpired && (merchantExpired || !CALM) -> bankExpired = true }
  :: atomic { !walletPastMargin && walletExpired && archiveExpired && archiveMemory != COMMIT ->
        walletPastMargin = true }
  od
}

#if LIVE
#define LOSE(m) atomic { losses > 0 && m -> losses--; m = 0 }
active proctype Network() {
end:
  do
  :: LOSE(order) :: LOSE(p1) :: LOSE(noSale) :: LOSE(p2) :: LOSE(p3) :: LOSE(refusal) :: LOSE(notes)
  :: LOSE(p4) :: LOSE(ask) :: LOSE(askLate) :: LOSE(demandW) :: LOSE(demandM) :: LOSE(demandB)
  :: LOSE(commitW) :: LOSE(abortW) :: LOSE(undecided) :: LOSE(undecidedLate)
  :: LOSE(commitM) :: LOSE(abortM) :: LOSE(expiredM) :: LOSE(commitB) :: LOSE(abortB)
  :: LOSE(tellCommit) :: LOSE(tellAbort) :: LOSE(told) :: LOSE(bringAbort) :: LOSE(unlocked)
  :: LOSE(e4) :: LOSE(e5) :: LOSE(goods) :: LOSE(acknowledgement) :: LOSE(itemKey)
  od
}
#endif

/* ---- The properties ---- */

#define CHECK(number, bad) (ONLY == 0 || ONLY == number) && (bad) -> assert(!(bad))

#define MORE_THAN_ONE(set) ((set) & ((set) - 1))
#define WALLET_ENDED (wallet == W_OPENED || wallet == W_RETURNED || wallet == W_GONE)
#define MERCHANT_ENDED \
  (merchant == M_NONE || merchant == M_DROPPED || merchant == M_SETTLED || merchant == M_UNLOCKED)
#define MERCHANT_GAVE_RELEASE (merchant == M_RELEASED || merchant == M_TO_SETTLE || merchant == M_SETTLED)
#define ENDED (WALLET_ENDED && MERCHANT_ENDED && bank != LOCKED)

/* 1 never both outcomes, never two commits */
#define BOTH ((saidCommit && saidAbort) || MORE_THAN_ONE(saidCommit))
/* 2 the key can be read only with a commit; in a session an item's key only with its stored acknowledgement; where the
     release goes to both, only after a release on a true lock */
#define KEY_OUT_BEFORE ((saidCommit || key) && leaf != COMMIT)
#if TO_BOTH
#define KEY_OUT ((saidCommit && leaf != COMMIT) || (key && (bank == NO_LOCK || merchantReleased == 0)))
#else
#define KEY_OUT (KEY_OUT_BEFORE || keysGiven > merchantTotal)
#endif
/* 3 the merchant is credited only with the commit, and what it says */
#define CREDIT (bank == SETTLED && (leaf != COMMIT || credited != leafItem))
/* 4 with the commit the value is there: locked or paid, never lost or given back */
#define VALUE (leaf == COMMIT && bank != LOCKED && bank != SETTLED)
/* 5 the wallet ends as the archive decided */
#define WALLET_WRONG (((wallet == W_GONE || wallet == W_ABORTED || wallet == W_RETURNED) && leaf == COMMIT) \
  || ((wallet == W_COMMITTED || wallet == W_OPENED) && leaf != COMMIT))
/* 6 the merchant too */
#define MERCHANT_WRONG \
  (((merchant == M_DROPPED || merchant == M_TO_UNLOCK || merchant == M_UNLOCKED) && leaf == COMMIT) \
  || ((merchant == M_TO_SETTLE || merchant == M_SETTLED) && leaf != COMMIT))
/* 7 no commit after expiry, no abort before */
#define TIME_WRONG ((leaf == COMMIT && committedLate) || (leaf == ABORT && !archiveExpired))
/* 8 two-sided: no release without the customer's signature stored */
#define NO_PROOF (TWO_SIDED && MERCHANT_GAVE_RELEASE && !merchantHasSignature)
/* 9 who pays can read: the goods are at the wallet or published; in a session the keys of all items before the last */
#define NO_GOODS (leaf == COMMIT && ((LOCK_FIRST && !walletHasGoods && !archiveHasGoods) \
  || (ITEMS && leafItem > walletKeys + 1)))
/* 10 session: nothing is paid that was not acknowledged, and nothing that was read is left out of a commit */
#define TOTAL_WRONG (ITEMS && leaf == COMMIT && (leafItem > walletAcknowledged || keysGiven > leafItem))
/* 11 when nothing can happen any more everybody is at an end */

/* What must be reachable, or the properties above would hold for a model in which nothing happens. */
#define BOUGHT (wallet == W_OPENED && bank == SETTLED && merchant == M_SETTLED)
#define GIVEN_BACK (wallet == W_RETURNED && bank == UNLOCKED && merchant == M_UNLOCKED)
#define BOUGHT_AFTER_A_LIE (wallet == W_OPENED && refusal && !p3)
#define GONE_AND_UNLOCKED (wallet == W_GONE && bank == UNLOCKED)
#define FORCED (wallet == W_OPENED && !walletHasGoods && archiveHasGoods)
#define WHOLE_SESSION (BOUGHT && credited == ITEMS && walletKeys == ITEMS)
#define PART_OF_SESSION (BOUGHT && credited == 1 && walletAcknowledged == 2)
#define REACH(number, good) (ONLY == number) && (good) -> assert(!(good))

active proctype Monitor() {
end:
  do
  :: atomic { CHECK(1, BOTH) }
  :: atomic { CHECK(2, KEY_OUT) }
  :: atomic { CHECK(3, CREDIT) }
  :: atomic { CHECK(4, VALUE) }
  :: atomic { CHECK(5, WALLET_WRONG) }
  :: atomic { CHECK(6, MERCHANT_WRONG) }
  :: atomic { CHECK(7, TIME_WRONG) }
  :: atomic { CHECK(8, NO_PROOF) }
  :: atomic { CHECK(9, NO_GOODS) }
  :: atomic { CHECK(10, TOTAL_WRONG) }
  :: atomic { REACH(20, KEY_OUT_BEFORE) }
  :: atomic { REACH(21, BOUGHT) }
  :: atomic { REACH(22, GIVEN_BACK) }
  :: atomic { REACH(23, BOUGHT_AFTER_A_LIE) }
  :: atomic { REACH(24, GONE_AND_UNLOCKED) }
  :: atomic { REACH(25, FORCED) }
  :: atomic { REACH(26, WHOLE_SESSION) }
  :: atomic { REACH(27, PART_OF_SESSION) }
  :: atomic { timeout && (ONLY == 0 || ONLY == 11) -> assert(ENDED); break }
  od
}
