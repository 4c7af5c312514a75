"""The end of a schedule: everything heals, time passes, and what is there must be what is expected."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec

from shared.domain import keys
from shared.domain.identifiers import LocationId
from shared.domain.message import Status
from shared.domain.send_window import BUCKET_SECONDS, WINDOW
from shared.domain.session import Role
from shared.ports.store import Query
from tests.faults.invariants import breaches
from tests.faults.schedule.cast import ACCOUNTS, SEATS
from tests.faults.schedule.copies import LOCATIONS
from tests.faults.schedule.play import Play
from tests.unit.usecases.office import ANN, id_of

EXPLAINED = 4
"""Mails of which each user asks what became of them."""
SLACK = timedelta(minutes=10)


def ended(play: Play) -> list[str]:
    """Every breach, once all that was broken works again and everything had its time."""
    heal(play)
    play.plant.settle()
    _retry_parked(play)
    play.looks()
    play.posts_at_last()
    found = [*breaches(play.plant, lambda _: limits(play)), *play.expected.unfinished(), *_twice(play)]
    return [*found, *_flags(play), *_reads(play)]


def heal(play: Play) -> None:
    """Gmail and the provider are what they should be; only a grant that was lost stays so."""
    play.plant.strikes.disarm()
    play.poisoned.clear()
    play.trouble.clear()
    for email, mail in play.hidden:
        play.account(email).mails[mail.id] = mail
    play.hidden.clear()
    for email in ACCOUNTS:
        account, sender = play.account(email), play.sender(email)
        account.lag, account.page, account.odd_history = 0, 100, lambda _, page: page
        account.tokens.clear()
        sender.cut_at, sender.after, sender.forgets = None, lambda _: None, False
    play.plant.durable.provider.faults.clear()


def _retry_parked(play: Play) -> None:
    for _ in range(8):
        parked = play.plant.durable.store.find(Query(keys.PARKED, limit=1000))
        due = [one.value.retry_at for one in parked if one.value.retry_at and _alive(play, one.value.mailbox)]
        if not due:
            return
        play.plant.clock.time = max(play.plant.clock.time, min(due))
        for email in ACCOUNTS:
            play.account(email).tokens.clear()
        play.plant.minutes(3)


def _alive(play: Play, mailbox: str) -> bool:
    return any(id_of(email) == mailbox and _usable(play, email) for email in ACCOUNTS)


def _usable(play: Play, email: str) -> bool:
    mailbox = play.plant.known_mailbox(email)
    return bool(mailbox and mailbox.usable)


def _twice(play: Play) -> Iterator[str]:
    """A location has what it must have, and nothing besides."""
    for at in LOCATIONS:
        have = Counter(one.subject for one in play.plant.messages(at) if not one.subject.startswith("sent-b"))
        letters = {one.letter.name: one.letter.subject for one in play.expected.copies} | play.filed_subjects
        due = Counter(letters[name] for name, where in play.expected.placed if where == at)
        due += Counter(one.subject for one in play.sent.values() if one.at == at)
        due += Counter(subject for where, subject in play.provided if where == at)
        if due - have or have - due - _unrecognised(play, at):
            yield f"I1 {at} has {dict(have - due)} too much, lacks {dict(due - have)}"


def _unrecognised(play: Play, at: LocationId) -> Counter[str]:
    """Sends that nobody saw succeed, where Gmail keeps no marker: their copies are like any mail from Gmail."""
    sent = [one for one in play.sent.values() if one.at == at and not play.sender(one.account).keeps_marker]
    found = [(one, play.plant.sent_message(one.id)) for one in sent]
    return Counter(one.subject for one, message in found if message and id_of(one.account) not in message.sources)


def limits(play: Play) -> Iterator[str]:
    """What counts are the sends of the last day, but for those at its edge and those of unknown fate (I7)."""
    now = play.plant.clock.now()
    for email in ACCOUNTS:
        mailbox = play.plant.known_mailbox(email)
        if mailbox is None or not mailbox.links:
            continue
        counted = sum(
            count
            for bucket, count in mailbox.sent.items()
            if datetime.fromtimestamp((int(bucket) + 1) * BUCKET_SECONDS, now.tzinfo) + WINDOW > now
        )
        since = max(link.connected_at for link in mailbox.links.values())
        first = min(now, since) - WINDOW if since > now - WINDOW - SLACK else now - WINDOW
        sends = [play.plant.sent_message(one.id) for one in play.sent.values() if one.account == email]
        unsure = sum(1 for one in sends if one and one.status is Status.UNKNOWN)
        queued_for_long = [one for one in sends if one and one.status is Status.SENT]
        most = sum(one.at > first - SLACK for one in play.plant.ever_sent(email)) + unsure
        if counted > most:
            yield f"I7 {email} counts {counted} sends, but at most {most} went out or may have"
        least = sum(bool(one.at and one.at > max(now - WINDOW + SLACK, since)) for one in queued_for_long)
        if counted < least:
            yield f"I7 {email} counts {counted} sends, but {least} of the CRM's went out"


def _flags(play: Play) -> Iterator[str]:
    """The last change of a flag counts, wherever it was made."""
    for copy in play.expected.copies:
        alone = sum(one.post is copy.post for one in play.expected.copies) == 1
        for at in LOCATIONS:
            mail = play.account(copy.account).mails.get(copy.gmail_id)
            placed = (copy.letter.name, at) in play.expected.placed
            if not (alone and placed and mail and copy.flags_sure and _in_use(play, copy.account, at)):
                continue
            wanted = play.flags.get((copy.letter.name, at), ("UNREAD" not in mail.labels, "STARRED" in mail.labels))
            shown = next(one for one in play.plant.messages(at) if one.subject == copy.letter.subject)
            if (shown.read, shown.starred) != wanted:
                yield f"R17 {copy.letter.name} in {at} is {shown.read, shown.starred}, not {wanted}"


def _in_use(play: Play, email: str, at: LocationId) -> bool:
    return _usable(play, email) and play.expected.connection_of(at, email) is not None


def _reads(play: Play) -> Iterator[str]:
    """What the CRM is shown is what is stored."""
    for at in LOCATIONS:
        for row in _pages(play, at, "/conversations"):
            name = row["id"]
            there = [one["subject"] for one in _pages(play, at, f"/conversations/{name}/messages")]
            stored = [
                one.subject
                for one in play.plant.messages(at)
                if play.expected.homed(at, one.conversation) == name or name in _references(play, at, one)
            ]
            if Counter(there) != Counter(stored):
                yield f"I1 conversation {name} of {at} shows {sorted(there)}, has {sorted(stored)}"
    yield from _explained(play)


def _references(play: Play, at: LocationId, message: Any) -> set[str]:
    return {play.expected.homed(at, one) for one in message.referenced_by}


def _explained(play: Play) -> Iterator[str]:
    for at, user in SEATS:
        email = play.connected(at, user)
        if email is None or not _usable(play, email) or user != ANN:
            continue
        own = [one for one in play.expected.copies if one.account == email and not one.open]
        for copy in own[-EXPLAINED:]:
            path = f"/explain?gmail_id={copy.gmail_id}"
            answer = play.plant.insist("conversations", "GET", path, user=user, location=at)
            assert answer.status_code == 200, (path, answer.get_data(as_text=True))
            told = [one["decision"] for one in msgspec.json.decode(answer.get_data()).get("items", [])]
            placed = (copy.letter.name, at) in play.expected.placed
            known = play.expected.known(copy)
            stored = bool(known and at in known.get("messages", {}))
            if told != ["stored"] and stored:
                yield f"R70 {copy.letter.name} in {at} is explained as {told}, but is stored ({placed})"
            if told == ["stored"] and not stored:
                yield f"R70 {copy.letter.name} in {at} is explained as stored, and is not"


def _pages(play: Play, at: LocationId, path: str) -> Iterator[dict[str, Any]]:
    query = {"limit": "3"}
    while True:
        asked = f"{path}?{urlencode(query)}"
        answer = play.plant.insist("conversations", "GET", asked, location=at, role=Role.ADMIN)
        assert answer.status_code == 200, (path, answer.get_data(as_text=True))
        page = msgspec.json.decode(answer.get_data())
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        query = {"limit": "3", "cursor": page["next_cursor"]}
