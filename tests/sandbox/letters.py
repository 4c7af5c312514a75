"""The mails that a demonstration plays, and beside each file, if there is one, what should become of it."""

import email.utils
import json
from dataclasses import dataclass
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path

from tests.sandbox.trouble import TroubleError

# What Gmail takes at most for one mail.
MAX_BYTES = 36_700_160


@dataclass(frozen=True, slots=True)
class Letter:
    """One file. `expected` is empty where nothing is said about it."""

    path: Path
    raw: bytes
    expected: dict[str, object]

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    def sender(self) -> str | None:
        """The one address in From, lower-cased; None where there is none or more than one."""
        fields = BytesHeaderParser(policy=policy.compat32).parsebytes(self.raw).get_all("From", [])
        found = {address.lower() for _, address in email.utils.getaddresses([str(one) for one in fields])}
        (address,) = found if len(found) == 1 else {""}
        return address if address.count("@") == 1 and not address.startswith("@") else None


def read(path: Path) -> list[Letter]:
    """The mail in a file, or those in a folder's *.eml files, by name; TroubleError where there is none to be had."""
    if path.is_dir():
        files = sorted(path.glob("*.eml"))
        if not files:
            raise TroubleError(f"There is no mail in {path}: no file there is named *.eml.")
        return [_letter(file) for file in files]
    return [_letter(path)]


def _letter(path: Path) -> Letter:
    try:
        raw = path.read_bytes()
        beside = path.with_suffix(".json")
        expected = json.loads(beside.read_text()) if beside.is_file() and path.suffix == ".eml" else {}
    except OSError as error:
        raise TroubleError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise TroubleError(f"{path.with_suffix('.json')} is not JSON: {error}.") from error
    if not raw.strip():
        raise TroubleError(f"{path} is empty: there is no mail in it.")
    if len(raw) > MAX_BYTES:
        raise TroubleError(f"{path} has {len(raw)} bytes, and Gmail takes no mail of more than {MAX_BYTES}.")
    return Letter(path, raw, expected)
