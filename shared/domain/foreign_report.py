"""Reports of mail servers that keep to no standard: whom they name, by their headers or their known ways to write."""

from email.message import Message
from typing import Final

from shared.domain.addresses import Address, normalise, read_addresses
from shared.domain.headers import Headers

LONGEST: Final = 20_000
"""Characters of its text that are looked at."""
MOST: Final = 100


def named_without_form(headers: Headers, text: str) -> tuple[Address, ...]:
    """The recipients whom a report without machine-readable part says were not reached.

    Exim and Gmail name them in `X-Failed-Recipients`; the forms of others are those that Mailman's own library knows.
    """
    told = [person.address for value in headers.all("x-failed-recipients") for person in read_addresses(value).people]
    return tuple(dict.fromkeys(told or _scanned(headers, text)))[:MOST]


def _scanned(headers: Headers, text: str) -> list[Address]:
    from flufl.bounce import scan_message  # noqa: PLC0415 - its many patterns take long to load, and few reports need them

    made = Message()
    for name in ("From", "Subject"):
        made[name] = " ".join((headers.first(name) or "").split())
    made.set_payload(text[:LONGEST])
    try:
        found = scan_message(made)
    except Exception:  # noqa: BLE001 - a form that its reader stumbles over names nobody
        return []
    read = (normalise(one.decode("ascii", "replace").strip().strip("<>")) for one in found)
    return sorted(one for one in read if one)
