"""What must hold after whatever befell the product; each check tells its breaches in one line."""

import base64
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from shared.domain import keys
from shared.domain.connection import ConnectionState
from shared.domain.identifiers import LocationId
from shared.domain.message import Direction, Message, Status
from shared.errors import Remedy
from shared.ports.store import Query
from shared.usecases.batch import Batch
from shared.usecases.conversation_home import at_home
from tests.faults.accounts import TOKEN
from tests.faults.plant import Plant, Post
from tests.rules.letters import Letter

INVARIANTS = {
    "I1": "each eligible mail is once in every conversation where it belongs, and is told of",
    "I2": "of an ineligible mail nothing is anywhere but its Gmail id and the rule, and its body was never asked for",
    "I3": "each accepted send is delivered at most once, and exactly once unless its user is told otherwise",
    "I4": "whatever was accepted is stored, refused with a reason, or parked where it can be seen",
    "I5": "a history cursor never goes back, and never passes mail that is neither stored nor parked",
    "I6": "nothing of one location is in another",
    "I7": "the sends that count are those that went out or may have",
    "I8": "when the faults stop the work ends: nothing held, nothing waiting, nothing going round in circles",
    "I9": "after a disconnect nothing more of the mailbox is stored or asked for",
    "I10": "no token is to be read anywhere",
}
CANARY = "canary"
IDLE_CALLS = 3
"""Gmail calls of an idle mailbox in two hours: a look an hour."""


def breaches(plant: Plant, limits: Callable[[Plant], Iterator[str]] | None = None) -> list[str]:
    """Every breach, once everything has settled; `limits` looks at I7 where more than a day has passed."""
    found = [
        *_complete(plant),
        *_private(plant),
        *_sent_once(plant),
        *_nothing_dropped(plant),
        *_connections_told(plant),
    ]
    found += [*_isolated(plant), *(limits or _limit)(plant), *_secret(plant), *plant.watched, *_quiet(plant)]
    return found


def _complete(plant: Plant) -> Iterator[str]:
    told = {event.id for event in plant.durable.queues.events}
    own = Batch(plant.durable.store)
    stored = {at: at_home(own, at, plant.messages(at)) for at in plant.locations.values()}
    for post in plant.posts:
        for at, messages in stored.items():
            there = [one for one in messages if one.subject == post.letter.subject]
            wanted = [post.places[at]] if at in post.places else []
            if [one.conversation for one in there] != wanted:
                yield f"I1 {post.letter.name} in {at}: {[one.conversation for one in there]}, not {wanted}"
            for one in there:
                if f"message.stored:{at}:{one.id}" not in told and one.sources:
                    yield f"I1 {post.letter.name} in {at}: nobody was told"
    for at, messages in stored.items():
        yield from _counted(plant, at, messages)


def _counted(plant: Plant, at: LocationId, messages: list[Message]) -> Iterator[str]:
    """A conversation's own figures are those of its messages."""
    shown = Counter(one.conversation for one in messages if one.conversation)
    unread = Counter(
        one.conversation for one in messages if one.conversation and not one.read and one.direction is Direction.INBOUND
    )
    for row in plant.durable.store.find(Query(keys.conversations(at), limit=1000)):
        have = row.value.message_count, row.value.unread
        there = shown[row.value.id], unread[row.value.id]
        if have != there:
            yield f"I1 conversation {row.value.id} in {at} counts {have}, has {there}"


def sinks(plant: Plant) -> Mapping[str, str]:
    """Everything that the product wrote or said, by where."""
    own = plant.durable
    return {
        "documents": repr(own.store.documents),
        "blobs": repr(own.blobs.contents),
        "topics": repr(own.queues.published) + repr(own.queues.waiting),
        "logs": plant.log.getvalue(),
        "answers": "\n".join(text for _, text in plant.answers),
    }


def _private(plant: Plant) -> Iterator[str]:
    for name, text in sinks(plant).items():
        if found := re.search(rf"(?<!{TOKEN[:7]}){CANARY}-(?!token|code)[\w.@-]*", text):
            yield f"I2 {found[0]} is in the {name}"
    asked = {
        (email, what)
        for email, account in plant.durable.accounts.accounts.items()
        for name, what in account.asked
        if name in {"full", "raw", "attachment"}
    }
    for post in plant.posts:
        if not post.places and not post.tempting:
            for email, gmail_id in plant.copies[post.letter.name].items():
                if (email, gmail_id) in asked:
                    yield f"I2 the body of {post.letter.name} was asked for"


def _sent_once(plant: Plant) -> Iterator[str]:
    copies = Counter(
        mail.raw.partition("Subject: ")[2].partition("\n")[0].strip()
        for email in plant.durable.accounts.accounts
        for mail in plant.ever_sent(email)
    )
    for name, subject in plant.sends.items():
        message = plant.sent_message(name)
        status = message.status if message else None
        out = copies[subject]
        allowed = {Status.SENT: {1}, Status.FAILED: {0}, Status.UNKNOWN: {0, 1}}.get(status or Status.QUEUED, set())
        if out not in allowed:
            yield f"I3 {subject} is {status}, and was sent {out} times"
    for subject, people in plant.runs.items():
        reached = _reached(plant, subject)
        for one, count in reached.items():
            if one in people and count > 1:
                yield f"I3 {one} got {subject} {count} times"
        for person in people:
            state = plant.line_state(subject, person)
            if (state == "sent") != (reached[person] == 1) and state != "unknown":
                yield f"I3 {person} of {subject} is {state}, and got it {reached[person]} times"


def _reached(plant: Plant, name: str) -> Counter[str]:
    """How often each recipient got that mail through the provider."""
    message = plant.sent_message(name)
    subject = f"Subject: {message.subject}\r\n".encode() if message else b"no mail"
    return Counter(one for taken in plant.durable.provider.taken if subject in taken.raw for one in taken.rcpt_to)


def _nothing_dropped(plant: Plant) -> Iterator[str]:
    for message in plant.durable.queues.waiting:
        yield f"I4 {message.topic} {message.content} still waits after {message.tries} tries"
    told = {event.id.rpartition(":")[2].partition(":")[0] for event in plant.durable.queues.events}
    ended = {
        str(event.details.get("message")) for event in plant.durable.queues.events if event.type.startswith("message.")
    }
    for name, subject in plant.sends.items():
        if name not in ended | told:
            yield f"I4 nobody was told what became of {subject}"


def _connections_told(plant: Plant) -> Iterator[str]:
    """Whoever is connected, and to which account, or was disconnected, and for which time: the CRM knows of it.

    Of a connection that is in trouble at least that is known.
    """
    told = {event.id for event in plant.durable.queues.events}
    for at in plant.locations.values():
        for row in plant.durable.store.find(Query(keys.connections(at), limit=1000)):
            one = row.value
            ways = [f"connection.disconnected:{at}:{one.user}:{one.epoch}"]
            if one.state is ConnectionState.CONNECTED:
                ways = [f"connection.connected:{at}:{one.user}:{one.mailbox}:"]
                ways += [f"connection.{remedy}:{at}:{one.mailbox}:" for remedy in Remedy]
            if not any(name.startswith(tuple(ways)) for name in told):
                yield f"I4 nobody was told that {one.user} is {one.state} in {at}"


def _delivered(plant: Plant) -> Iterator[str]:
    """Where the CRM has a receiver it got every event, and nothing waits any more."""
    taken = {name for name, _ in plant.durable.webhook.taken}
    for event in plant.durable.queues.events if plant.durable.queues.subscribed else ():
        if event.id not in taken:
            yield f"I4 the receiver never got {event.id}"


def _isolated(plant: Plant) -> Iterator[str]:
    for post in plant.posts:
        for at in plant.locations.values():
            if post.places and at not in post.places:
                held = [
                    path
                    for path, (fields, _) in plant.durable.store.documents.items()
                    if path.startswith(f"locations/{at}/") and post.letter.subject in repr(fields)
                ]
                if held:
                    yield f"I6 {post.letter.name} is in {held[0]}"


def _limit(plant: Plant) -> Iterator[str]:
    for email, account in plant.durable.accounts.accounts.items():
        mailbox = plant.known_mailbox(email)
        if mailbox is None:
            continue
        out = sum("SENT" in mail.labels for mail in account.mails.values())
        unsure = sum(1 for name in plant.sends if (one := plant.sent_message(name)) and one.status is Status.UNKNOWN)
        counted = sum(mailbox.sent.values())
        if not out <= counted <= out + unsure:
            yield f"I7 {email} counts {counted} sends; {out} went out, {unsure} are unknown"


def _secret(plant: Plant) -> Iterator[str]:
    for name, text in sinks(plant).items():
        for canary in (TOKEN, f"{CANARY}-code", base64.b64encode(TOKEN.encode()).decode()[:16]):
            if canary in text:
                yield f"I10 {canary} is in the {name}"


def _quiet(plant: Plant) -> Iterator[str]:
    now = plant.clock.now()
    for email, account in plant.durable.accounts.accounts.items():
        mailbox = plant.known_mailbox(email)
        if mailbox and mailbox.leased(now):
            yield f"I8 {email} is still held by {mailbox.holder}"
        if mailbox and mailbox.usable and mailbox.pending > mailbox.cursor:
            yield f"I8 {email} waits for {mailbox.pending}, is at {mailbox.cursor}"
        account.calls.clear()
    plant.minutes(12, each=timedelta(minutes=10))
    for email, account in plant.durable.accounts.accounts.items():
        if sum(account.calls.values()) > IDLE_CALLS:
            yield f"I8 an idle {email} calls Gmail: {dict(account.calls)}"


def private(name: str, *to: str, **more: object) -> Letter:
    """A mail that is nobody's business, full of canaries."""
    return Letter(
        name,
        f"{CANARY}-{name}@secret.example",
        to,
        subject=f"{CANARY}-subject-{name}",
        text=f"{CANARY}-body-{name}",
        **more,  # type: ignore[arg-type]
    )


__all__ = ["INVARIANTS", "Post", "breaches", "private", "sinks"]
