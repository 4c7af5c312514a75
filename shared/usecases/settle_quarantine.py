"""Files or drops a mail that is held for its user (R63)."""

from dataclasses import replace

from shared.domain import keys
from shared.domain.filing import Dropped, Held
from shared.domain.identifiers import LocationId, MessageId, UserId
from shared.domain.quarantine import WHY, Quarantined, Reason
from shared.errors import Gone, Rejected
from shared.ports.inbound_mail import Arrival
from shared.ports.store import Stored
from shared.usecases.absence import found, nothing_here
from shared.usecases.capture_letter import Letter, read_letter
from shared.usecases.capturing import Capturing, Target
from shared.usecases.file_letter import file_letter
from shared.usecases.hold_letter import drop_held

PROVED = "; dmarc=pass"
"""Only mail whose sender our receiver had proved is held so that it may be filed."""


def drop_quarantined(ports: Capturing, location: LocationId, user: UserId, name: str) -> None:
    """No such mail any more. Raises `Rejected` (`not_found`), also where it is another user's."""
    drop_held(ports, _own(ports, location, user, name))


def file_quarantined(ports: Capturing, location: LocationId, user: UserId, name: str) -> MessageId:
    """The message that it became, by the rules as they are by now; then it is held no longer.

    Raises `Rejected`: `not_found`; `not_retryable` with the reason that no act of the user changes; `no_contact` while
    still none of its people is a contact.
    """
    stored = _own(ports, location, user, name)
    held = stored.value
    if held.reason is not Reason.NO_CONTACT:
        action = "Drop it if you did not write it; else send it again from an address of yours."
        raise Rejected("not_retryable", WHY[held.reason], action=action)
    done = file_letter(ports, Target(location, user, held.address), _letter(ports, held))
    if isinstance(done, Held) and done.reason is not Reason.NO_CONTACT:
        raise Rejected("not_retryable", WHY[done.reason], action="Drop the mail.")
    if isinstance(done, Held):
        raise Rejected("no_contact", WHY[done.reason], action="Make one of its recipients a contact, then file it.")
    if isinstance(done, Dropped):
        raise Rejected("not_retryable", _DROPPED.get(done.rule, _DROPPED[""]), action="Drop the mail.")
    drop_held(ports, stored)
    return done


_DROPPED = {
    "R22": "Everybody on the mail is one of the location's own people.",
    "R24": "Somebody on the mail is excluded by the location or by you.",
    "": "Mail of this kind is not filed.",
}


def _own(ports: Capturing, location: LocationId, user: UserId, name: str) -> Stored[Quarantined]:
    place, key = keys.location(location), keys.quarantine(location).key(name)
    reading = ports.store.read(place, key)
    found(reading.value(place))
    stored = found(reading.stored(key))
    if stored.value.user != user or stored.value.over(ports.patience.now()):
        raise nothing_here()
    return stored


def _letter(ports: Capturing, held: Quarantined) -> Letter:
    try:
        raw = b"".join(ports.blobs.read(held.blob))
    except Gone:
        raise nothing_here() from None
    server = "held"
    arrival = Arrival(held.id, str(held.sender.address) if held.sender else "", (), raw, server, server + PROVED)
    return replace(read_letter(arrival, now=ports.patience.now()), at=held.received_at)
