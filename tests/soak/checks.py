"""Compares the product with the book once it is at rest: nothing lost, doubled, leaked, left lying or sent twice."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta

from shared.domain import keys
from shared.domain.identifiers import GmailId, LocationId, MessageId
from shared.domain.message import Message, Origin
from shared.ports.store import Query
from tests.soak.account import NEVER
from tests.soak.book import CANARY, Letter, Send
from tests.soak.grounds import LIMIT, LIMITED, PLACES
from tests.soak.town import CALM, MINUTE, Town
from tests.unit.usecases.office import id_of

SWEEP = timedelta(minutes=65)
"""After that long whatever nobody was told of has been looked for."""
LONGEST = timedelta(hours=60)
PARKED, PATIENTLY = "with parked mail to try", timedelta(minutes=15)
"""What takes a day and more; the timer need not run every minute for it."""
ENDED = {"sent", "failed", "unknown"}
DAY = timedelta(hours=24)


def come_to_rest(town: Town) -> Iterator[str]:
    """I8: with nothing going wrong any more, all work ends."""
    before, town.storm = town.storm, CALM
    for email in town.emails:
        account = town.gmail_of(email)
        account.trouble_until = account.unwatchable_until = NEVER
    begun = town.clock.now()
    town.run_until(begun + SWEEP)
    while (left := list(busy(town))) and town.clock.now() - begun < LONGEST:
        town.pace = MINUTE if any(PARKED not in one for one in left) else PATIENTLY
        town.run_until(town.clock.now() + town.pace)
    town.storm, town.pace = before, MINUTE
    yield from (f"I8: {one}" for one in left)


def busy(town: Town) -> Iterator[str]:
    """What is not at rest."""
    now = town.clock.now()
    for email in town.emails:
        kept = town.store.documents.get(keys.mailbox(id_of(email)).path)
        one = kept[0] if kept else {}
        if not one.get("links"):
            continue
        states = {
            "held": one.get("holder") and one["lease_until"] > now,
            "paused": one.get("reads_paused_until"),
            "behind": one.get("pending", 0) > one.get("cursor", 0),
            "catching up": one.get("catch_up"),
            "in trouble": one.get("trouble"),
            PARKED: one.get("parked_due"),
            "due": one["wake_at"] <= now,
            "not watched": town.gmail_of(email).watched_until <= now,
        }
        yield from (f"{email} is {state}" for state, holds in states.items() if holds)
    for path in town.store.documents.under(keys.OUTBOX.path):
        entry = town.store.documents[path][0]
        if entry.get("settle_at") or entry["state"] not in ENDED:
            yield f"{path} is {entry['state']}"
    if town.store.documents.under(keys.ENDINGS.path):
        yield "a connection has not ended wholly"


def violations(town: Town) -> Iterator[str]:
    """Everything that is not as the book says. The town is at rest."""
    there = {place: _messages(town, place) for place in PLACES}
    for place in PLACES:
        yield from _received(town, place, there[place])
    for letter in town.book.letters:
        yield from _parked(town, letter)
    gone = {email: _gone(town, email) for email in town.emails}
    for send in town.book.sends:
        yield from _sent(town, send, gone[send.account][send.subject])
    yield from _limits(town)
    yield from _private(town)


def _messages(town: Town, place: LocationId) -> list[Message]:
    found = town.store.find(Query(keys.messages(place), limit=1_000_000))
    return [one.value for one in found if not one.value.alias_of]


def _received(town: Town, place: LocationId, messages: list[Message]) -> Iterator[str]:
    """I1, I2, I4, I6: once where it has to be, nowhere else, and told."""
    named: defaultdict[str, list[Message]] = defaultdict(list)
    for message in messages:
        if message.origin is Origin.GMAIL:
            named[(message.message_id or "").strip("<>").partition("@")[0]].append(message)
    for letter in town.book.letters:
        found = named.pop(letter.name, [])
        if place in letter.must and not letter.poison:
            yield from _as_it_should(town, letter, place, found)
        elif found and place not in letter.may and place not in letter.must:
            yield f"I2: {letter} is in {place}"
        elif len(found) > 1:
            yield f"I1: {letter} is {len(found)} times in {place}"
    unknown = {send.subject for send in town.book.sends if town.state(send.entry) == "unknown"}
    for name, found in named.items():
        if not (len(found) == 1 and found[0].subject in unknown):
            yield f"I6: nobody wrote {name}, but it is in {place}"


def _as_it_should(town: Town, letter: Letter, place: LocationId, found: list[Message]) -> Iterator[str]:
    if len(found) != 1:
        yield f"I1: {letter} is {len(found)} times in {place}"
        return
    (message,) = found
    if message.conversation != letter.contact.partition("@")[0]:
        yield f"I1: {letter} is in the conversation of {message.conversation}"
    if f"message.stored:{place}:{message.id}" not in town.told:
        yield f"I4: nobody was told of {letter} in {place}"
    for email in letter.must[place]:
        source = message.sources.get(id_of(email))
        flags = letter.flags.get(email)
        if source is None or source.gmail_id != letter.copies[email]:
            yield f"I1: {letter} in {place} does not name its copy in {email}"
        elif flags is not None and (source.read, source.starred) != ("UNREAD" not in flags, "STARRED" in flags):
            yield f"I1: {letter} in {place} has other flags than in {email}: {source}, {flags}"


def _parked(town: Town, letter: Letter) -> Iterator[str]:
    """I4: what cannot be had is parked, where it can be seen."""
    if letter.poison and letter.must:
        ((email, gmail_id),) = letter.copies.items()
        if keys.parked(id_of(email), GmailId(gmail_id)).path not in town.store.documents:
            yield f"I4: {letter} is neither stored nor parked"


def _gone(town: Town, email: str) -> Counter[str]:
    """How often each subject went out of an account."""
    sent = (mail.raw for mail in town.gmail_of(email).mails.values() if "SENT" in mail.labels)
    return Counter(
        found[1] for raw in sent if (found := re.search(r"^Subject: (Offer key-\d+)\r?$", raw, re.MULTILINE))
    )


def _sent(town: Town, send: Send, copies: int) -> Iterator[str]:
    """I3: once if it is shown as sent, never if it failed, and not twice whatever is shown."""
    state = town.state(send.entry)
    allowed = {"sent": {1}, "failed": {0}, "unknown": {0, 1}}.get(state, set())
    if copies not in allowed:
        yield f"I3: {send} is {state or 'not there'} and went out {copies} times"
    key = keys.message(LocationId(send.location), MessageId(send.entry))
    message = town.store.read(key).value(key)
    if message is None or message.status != state:
        yield f"I3: {send} is {state} and shown as {message and message.status}"
    if state in ENDED and not any(one.startswith(f"message.{state}:{send.entry}") for one in town.told):
        yield f"I4: nobody was told that {send} is {state}"


def _limits(town: Town) -> Iterator[str]:
    """I7: what an office with a limit of its own sends stays within it, all that the mailbox sent counted."""
    counted = [send for send in town.book.sends if town.state(send.entry) in {"sent", "unknown"}]
    for send in counted:
        before = [one for one in counted if one.account == send.account and timedelta() <= send.at - one.at < DAY]
        if send.location == LIMITED and len(before) > LIMIT:
            yield f"I7: {send} is number {len(before)} of a day"


def _private(town: Town) -> Iterator[str]:
    """I2: nothing of a mail that is nobody's business was asked for, kept, published, or said in an error."""
    asked = {email: _bodies_asked(town, email) for email in town.emails}
    for letter in town.book.letters:
        if letter.private and any(gmail_id in asked[email] for email, gmail_id in letter.copies.items()):
            yield f"I2: the body of {letter} was asked for"
    everything = {
        "documents": town.store.documents,
        "blobs": town.blobs.contents,
        "events": town.told,
        "outcomes": town.said,
    }
    for name, sink in everything.items():
        if found := re.search(f".{{80}}{CANARY}.{{80}}", repr(sink)):
            yield f"I2: in {name}: {found[0]}"


def _bodies_asked(town: Town, email: str) -> set[str]:
    return {what for name, what in town.gmail_of(email).asked if name in {"full", "attachment"}}


def tallied(town: Town) -> Counter[str]:
    """What happened, and how the sends ended."""
    ended = Counter(f"sends {town.state(send.entry)}" for send in town.book.sends)
    parked = len(town.store.documents.under(keys.PARKED.path))
    return town.book.tally + ended + Counter({"parked at the end": parked})
