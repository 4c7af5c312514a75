"""The mails that a demonstration plays, and beside each file, if there is one, what should become of it."""

import email.utils
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path

import msgspec

from tests.sandbox.expectation import Expectation
from tests.sandbox.trouble import TroubleError

# What Gmail takes at most for one mail.
MAX_BYTES = 36_700_160


@dataclass(frozen=True, slots=True)
class Letter:
    """One file, and what is expected of it where that is said."""

    path: Path
    raw: bytes
    expected: Expectation | None = None

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    def sender(self) -> str | None:
        """The one address in From, lower-cased; None where there is none or more than one."""
        fields = BytesHeaderParser(policy=policy.compat32).parsebytes(self.raw).get_all("From", [])
        found = {address.lower() for _, address in email.utils.getaddresses([str(one) for one in fields])}
        address = found.pop() if len(found) == 1 else ""
        return address if address.count("@") == 1 and not address.startswith("@") else None


def read(path: Path, *, told: bool = False) -> list[Letter]:
    """The mail in a file, or those in a folder's *.eml files, by name; TroubleError where there is none to be had.

    `told`: what should become of each must be said; otherwise a file beside it that does not say so means nothing.
    A mail that, by its expectation, comes after another one comes directly behind it.
    """
    if not path.is_dir():
        return [_letter(path, told=told)]
    files = sorted(path.glob("*.eml"))
    if not files:
        raise TroubleError(f"There is no mail in {path}: no file there is named *.eml.")
    return _in_order([_letter(file, told=told) for file in files])


def _in_order(letters: Sequence[Letter]) -> list[Letter]:
    names = {letter.name for letter in letters}
    ordered: list[Letter] = []

    def add(before: str | None) -> None:
        for letter in letters:
            after = letter.expected.after if letter.expected else None
            if (after if after in names else None) == before:
                ordered.append(letter)
                add(letter.name)

    add(None)
    return ordered


def _letter(path: Path, *, told: bool) -> Letter:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TroubleError(f"{path} cannot be read: {error.strerror}.") from error
    if not raw.strip():
        raise TroubleError(f"{path} is empty: there is no mail in it.")
    if len(raw) > MAX_BYTES:
        raise TroubleError(f"{path} has {len(raw)} bytes, and Gmail takes no mail of more than {MAX_BYTES}.")
    return Letter(path, raw, _expectation(path.with_suffix(".json"), told=told))


def _expectation(path: Path, *, told: bool) -> Expectation | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Expectation)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        if told:
            raise TroubleError(f"{path} does not say what should become of the mail beside it: {error}.") from error
        return None
