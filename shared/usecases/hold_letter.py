"""Keeps an auto-BCC mail that was not filed, for its user to see and perhaps to file after all (R63)."""

from dataclasses import replace

from shared.domain import keys
from shared.domain.headers import decode_text
from shared.domain.identifiers import LocationId, UserId, digest
from shared.domain.message import milliseconds
from shared.domain.quarantine import KEPT, MOST, MOST_SHOWN, Quarantined, Reason
from shared.errors import Conflict
from shared.ports.store import Create, Delete, Query, Stored, Where
from shared.usecases.capture_letter import Letter
from shared.usecases.capturing import Capturing, Target

AT_ONCE = 5
LONGEST_SUBJECT = 300


def hold_letter(ports: Capturing, target: Target, letter: Letter, reason: Reason) -> None:
    """Keeps the mail under a name of its own, once; what is over, or beyond the newest of the user's, goes.

    Only a mail that may still be filed is kept whole: what others send to the address takes no room.
    """
    now, mail = ports.patience.now(), letter.mail
    held = Quarantined(
        id=digest("quarantine", target.user, letter.digest),
        user=target.user,
        address=target.address,
        reason=reason,
        received_ms=milliseconds(now),
        received_at=now,
        expires_at=now + KEPT,
        sender=mail.sender,
        to=mail.to[:MOST_SHOWN],
        subject=decode_text(mail.subject, longest=LONGEST_SUBJECT),
    )
    key = keys.quarantine(target.location).key(held.id)
    if ports.store.read(key).value(key):
        return
    if reason is Reason.NO_CONTACT:
        held = replace(held, blob=f"quarantine/{target.location}/{held.id}")
        ports.blobs.write(held.blob, [letter.raw])
    try:
        ports.store.commit([Create(key, held)])
    except Conflict:
        return
    _make_room(ports, target.location, target.user)


def drop_held(ports: Capturing, stored: Stored[Quarantined]) -> None:
    """No such mail any more, its bytes first: a repeat finds the document and ends what was begun."""
    if stored.value.blob:
        ports.blobs.delete(stored.value.blob)
    ports.store.commit([Delete(stored.key)])


def _make_room(ports: Capturing, location: LocationId, user: UserId) -> None:
    """Each mail that comes takes the places of some that are over, or of the oldest beyond `MOST`."""
    places, own = keys.quarantine(location), (Where("user", "==", user),)
    beyond = ports.store.count(places, own) - MOST
    for number, stored in enumerate(ports.store.find(Query(places, own, order_by="received_ms", limit=AT_ONCE))):
        if number < beyond or stored.value.over(ports.patience.now()):
            drop_held(ports, stored)
