"""The faults that the product must survive, in our own words, and the tests that prove each, by ids in their names."""

from pathlib import PurePath
from typing import Final

from tests.proofs import Book, Proof

BOOK: Final[dict[str, str]] = {
    "F01": "The same push comes again and again: one copy is stored, and a push costs one look at the history at most.",
    "F02": "Pushes come late and in another order: the cursor never goes back, and nothing is told anew.",
    "F03": "A push never comes: the timer finds the mail within its hour.",
    "F04": "Gmail drops notifications within a second: the one that comes brings all the mail.",
    "F05": "Many pushes for one mailbox at once: one worker, the others leave it theirs, nothing twice.",
    "F06": "A worker stands still beyond its lease and goes on: what it then writes is refused.",
    "F07": "The process dies anywhere between reading the history and moving the cursor: nothing lost, nothing twice.",
    "F08": "A write is done, but its answer is an error: the next try finds its own work.",
    "F09": "Gmail forgot the cursor: what came since the connection is listed, and the history goes on from there.",
    "F10": "Mail arrives during that list, or the history is forgotten again: nothing falls between the two.",
    "F11": "The history does not show yet what the push announced: looked for again soon, then by the timer.",
    "F12": "Pages without records, repeated or expired page tokens: gone on from the kept cursor, nothing skipped.",
    "F13": "Trouble on one of many pages: the pages before it are neither read nor told again.",
    "F14": "One mail in many records of many kinds: handled once.",
    "F15": "A mail is deleted before it is read: it ends as gone, and holds up nothing.",
    "F16": "Gmail does not have a mail, and a little later it does: asked for once more before it counts as gone.",
    "F17": "Labels change and drafts are saved meanwhile: the labels of now decide, and a sent draft is stored once.",
    "F18": "Gmail's rate limit, in any of its forms: the wait is kept, durably, for that mailbox alone.",
    "F19": "Gmail refuses access: only what the user can mend asks the user to reconnect.",
    "F20": "Broken, slow, cut and false answers: cut off in time, reads repeated, none ever taken for mail.",
    "F21": "Access tokens expire, and two instances renew at once: the work goes on, no newer grant is touched.",
    "F22": "The grant ends in the midst of a batch: what is stored stays, one notice, no more calls.",
    "F23": "Google renews without refresh token, with less than was granted, for somebody else: kept, shown, refused.",
    "F24": "Google's token endpoint is in trouble: the mailbox waits, and stays connected.",
    "F25": "The store is contended for longer than we are patient: the push comes again, and nothing is half written.",
    "F26": "The store is down, or takes no writes: nothing is acknowledged that is not kept.",
    "F27": "Mail too large for a document, more writes than a batch takes, one counter for all: split, none contended.",
    "F28": "A file is kept and its message is not, or the reverse: swept up; no message names what is not there.",
    "F29": "A mail raises, hangs or kills the process: tries are counted first, it is parked, the rest flows.",
    "F30": "Parked work cannot be kept: the push is not acknowledged and the trouble is told.",
    "F31": "Clocks jump, and differ among instances: leases go by the store's time, tokens allow a minute at most.",
    "F32": "A watch lapsed for days: found and renewed, and the gap is caught up.",
    "F33": "The renewal dies halfway, or some mailboxes always fail: each is met by a later run, and none starves.",
    "F34": "Gmail may not publish, or another project has the watch: nothing that the user is blamed for.",
    "F35": "A user switches accounts while mail is fetched: what the old one brings is dropped, never the new one's.",
    "F36": "Disconnected, removed or deleted while mail is fetched: nothing more is stored.",
    "F37": "Connected again after a disconnect: the time between stays out, and nothing is doubled.",
    "F38": "One mailbox in two locations: mail once in each, one watch, and one's end leaves the other working.",
    "F39": "A reply to what a location's CRM began: in that location alone.",
    "F40": "Contacts come, go, merge, change hands or turn colleagues while mail is fetched: decided on one state.",
    "F41": "Ten thousand mails at once: all taken in within Gmail's quota, in bounded memory.",
    "F42": "Many mailboxes, one of them enormous: the others do not wait for it.",
    "F43": "Threads of thousands, mail to thousands: constant cost a mail, no document that grows without end.",
    "F44": "Mail and files at and beyond every limit: shown, with what is missing, and never tried for ever.",
    "F45": "Time runs out, or the instance is stopped: what is done is kept, and the mailbox is free.",
    "F46": "Two versions of the code at once: each reads what the other wrote, and neither erases it.",
    "F47": "Pushes that say nothing, or nothing of ours: acknowledged, counted, and never repeated.",
    "F48": "History ids of any size: compared as the integers that they are.",
    "F49": "The CRM's receiver of events is down, moved, gone or slow: tried for days, and given up where it says so.",
    "F50": "Nobody can say who an address is: nothing is decided, the mailbox waits, and all is made up for.",
    "F51": "A client repeats a send, at once or after a day: one mail, the same answer; another mail is refused.",
    "F52": "The process dies anywhere around a send: never two mails, and its state is found out or shown.",
    "F53": "The answer to a send is lost: nobody repeats it; evidence settles it, or the user does.",
    "F54": "Gmail takes no more mail for now: it waits with the time shown, and does not count as sent.",
    "F55": "Sends at the limit, all at once, from two locations: never more than the limit, in any 24 hours.",
    "F56": "A mail that can never be sent: it has failed, says why, and names no other mailbox's thread.",
    "F57": "The grant ends at a send: the mail is kept, its user is told, and it never goes another way by itself.",
    "F58": "The sync sees the sent copy before the send's answer, or never: one message all the same.",
    "F59": "The user deletes the sent copy at once, or changes the sender: never sent again on a guess.",
    "F60": "The provider loses answers, greylists, refuses, offers no TLS or hangs up: each recipient once at most.",
    "F61": "A bulk run dies in its midst: it goes on behind, and nobody gets the mail twice.",
    "F62": "A mail comes by auto-BCC and by the sync: one message, with both ways noted.",
    "F63": "Auto-BCC mail with strangers, several contacts, colleagues only, forwarded or bounced: as the rules say.",
    "F64": "Our own notices, automatic replies and reports come back: marked or left, never answered, nobody created.",
    "F65": "Auto-BCC mail is taken and the process dies: it was kept before it was acknowledged, and nothing bounces.",
}
"""Every fault is one sentence: what happens, and what must come of it."""
_PLACES: Final = {
    "tests/e2e": "processes",
    "tests/sandbox_tests": "processes",
    "tests/contract": "emulators",
    "tests/simulator": "emulators",
}


def where(proof: Proof) -> str:
    """Whether a test runs in memory, with emulators and servers behind the adapters, or on the product's processes."""
    file = PurePath(proof.file)
    for folder, place in _PLACES.items():
        if file.is_relative_to(folder):
            return place
    return "in memory"


FAULTS: Final = Book("F", BOOK, ("Fault", "What happens, and what must come of it"), sorted_by=where)
