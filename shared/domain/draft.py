"""What a caller asks to send, checked: nothing in it can end a header early or reach more people than allowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from shared.domain.addresses import Person, normalise
from shared.domain.header_encoding import unsafe
from shared.domain.identifiers import ID_PATTERN, digest
from shared.domain.json_fields import given_twice
from shared.errors import Rejected

MOST_RECIPIENTS: Final = 100
MOST_OF_A_BULK: Final = 1_000
LONGEST_SUBJECT: Final = 900
LONGEST_NAME: Final = 200
Id = Annotated[str, msgspec.Meta(pattern=f"^{ID_PATTERN}")]


class Recipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Somebody to send to."""

    address: str
    name: str | None = None


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The `mail` part of a send, as the contract has it."""

    to: list[Recipient]
    subject: str
    kind: Literal["individual", "bulk", "workflow"] = "individual"
    cc: list[Recipient] = []
    bcc: list[Recipient] = []
    sender: str | None = msgspec.field(default=None, name="from")
    text: str | None = None
    html: str | None = None
    reply_to: Id | None = None
    contact: Id | None = None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that came with the draft and is kept as a blob."""

    filename: str
    content_type: str
    size: int
    sha256: str
    blob: str
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Recipients:
    """Everybody who gets the mail, in the order given, each once."""

    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    bcc: tuple[Person, ...]

    @property
    def everybody(self) -> tuple[Person, ...]:
        """To, Cc, Bcc."""
        return self.to + self.cc + self.bcc


def draft_of(content: bytes) -> Draft:
    """The draft that JSON says. Raises `Rejected` (`invalid_request`)."""
    try:
        draft = msgspec.json.decode(content, type=Draft)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejected("invalid_request", f"The part `mail` is not as described: {error}.") from error
    if (twice := given_twice(content)) is not None:
        raise Rejected("invalid_request", f"The part `mail` has the field {twice[:40]} twice.")
    return draft


def request_digest(draft: Draft, files: Sequence[Uploaded]) -> str:
    """The same for the same mail and files, however they were written (F51)."""
    parts = [msgspec.json.encode(draft, order="sorted").decode()]
    for file in files:
        parts += [file.filename, file.content_type, file.content_id or "", str(file.size), file.sha256]
    return digest(*parts)


def recipients(draft: Draft) -> Recipients:
    """Everybody, with strict addresses (R35). Raises `Rejected`: `invalid_request`, `too_many_recipients` (R53)."""
    total = len(draft.to) + len(draft.cc) + len(draft.bcc)
    most = MOST_OF_A_BULK if draft.kind == "bulk" else MOST_RECIPIENTS
    if total > most:
        raise Rejected(
            "too_many_recipients",
            f"{total} recipients; the limit is {most}.",
            action="Split the list." if draft.kind == "bulk" else "",
            details={"recipients": total, "limit": most},
        )
    if draft.kind == "bulk":
        _check_bulk(draft)
    if not total:
        raise Rejected("invalid_request", "The mail has no recipients.")
    seen: set[str] = set()
    return Recipients(
        to=_people("to", draft.to, seen), cc=_people("cc", draft.cc, seen), bcc=_people("bcc", draft.bcc, seen)
    )


def _check_bulk(draft: Draft) -> None:
    """Each recipient gets a mail of their own, in a conversation of their own."""
    if draft.cc or draft.bcc:
        raise Rejected("invalid_request", "A bulk mail goes to each recipient in `to` alone: it has no cc and no bcc.")
    if draft.reply_to or draft.contact:
        raise Rejected("invalid_request", "A bulk mail has no reply_to and no contact: each recipient has their own.")


def _people(name: str, given: Sequence[Recipient], seen: set[str]) -> tuple[Person, ...]:
    people = []
    for at, one in enumerate(given):
        address = normalise(one.address)
        if address is None:
            raise Rejected("invalid_request", f"{name}[{at}].address is not one valid address.")
        shown = line(f"{name}[{at}].name", one.name or "", longest=LONGEST_NAME)
        if address not in seen:
            seen.add(address)
            people.append(Person(shown, address))
    return tuple(people)


def line(name: str, text: str, *, longest: int) -> str:
    """Text for a header: trimmed, one line. Raises `Rejected` for what could become more than that (T15)."""
    if unsafe(text):
        raise Rejected("invalid_request", f"{name} has control characters or line breaks.")
    if len(text) > longest:
        raise Rejected("invalid_request", f"{name} is longer than {longest} characters.")
    return text.strip()
