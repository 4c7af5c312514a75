"""Which document a blob belongs to, by its name, and how far a sweep over all blobs has come."""

from dataclasses import dataclass

from shared.domain.identifiers import ID, LocationId, MessageId, digest


@dataclass(frozen=True, slots=True)
class OfMessage:
    """Body or file of a mail: the document of one of its names names it (`message`, or `own` beside another mail's)."""

    location: LocationId
    message: MessageId
    own: MessageId | None = None


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


def folder_of(location: LocationId, message: MessageId, own: MessageId, copy: str) -> str:
    """Where the blobs of one copy of a mail are kept, apart from those of every other mail.

    `message` is the mail's id as far as is known before it is stored, `own` the one that it has if another mail with
    its Message-ID is stored first: its document may come to be either's.
    """
    return f"locations/{location}/messages/{message}/{own}/{digest('copy', copy)[:12]}"


def owner_of(name: str) -> Owner | None:
    """Whose the blob is; None for a name that none of ours has, which is nobody's to judge."""
    match name.split("/"):
        case ["locations", location, "messages", message, own, _, _, *_] if _ids(location, message, own):
            return OfMessage(LocationId(location), MessageId(message), MessageId(own))
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
