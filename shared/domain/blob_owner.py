"""Which document a blob belongs to, by its name, and how far a sweep over all blobs has come."""

from dataclasses import dataclass

from shared.domain.identifiers import ID, LocationId, MessageId


@dataclass(frozen=True, slots=True)
class OfMessage:
    """Body or file of a mail: the message's document names it."""

    location: LocationId
    message: MessageId


@dataclass(frozen=True, slots=True)
class OfSend:
    """Body or file of a mail that the CRM asked to send: the outbox entry names its folder."""

    location: LocationId
    entry: MessageId
    folder: str


@dataclass(frozen=True, slots=True)
class OfHeld:
    """A mail in quarantine, whole: its own document names it."""

    location: LocationId
    mail: str


Owner = OfMessage | OfSend | OfHeld


def owner_of(name: str) -> Owner | None:
    """Whose the blob is; None for a name that none of ours has, which is nobody's to judge."""
    match name.split("/"):
        case ["locations", location, "messages", message, _, *_] if _ids(location, message):
            return OfMessage(LocationId(location), MessageId(message))
        case ["locations", location, "outbox", entry, request, _, *_] if _ids(location, entry):
            folder = f"locations/{location}/outbox/{entry}/{request}"
            return OfSend(LocationId(location), MessageId(entry), folder)
        case ["quarantine", location, mail] if _ids(location, mail):
            return OfHeld(LocationId(location), mail)
        case _:
            return None


def _ids(*parts: str) -> bool:
    return all(map(ID.match, parts))


@dataclass(frozen=True, slots=True)
class Sweep:
    """How far the present round has come: names up to `after` were looked at."""

    after: str = ""
