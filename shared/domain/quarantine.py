"""Auto-BCC mail that was not filed, kept for its user to see why (R63)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.addresses import Address, Person
from shared.domain.identifiers import UserId

KEPT: Final = timedelta(days=30)
MOST: Final = 200
"""Mails of one user that are kept, the newest: nobody can fill the store by writing to an address."""
MOST_SHOWN: Final = 20
"""Recipients of a mail that are kept with it."""


class Reason(StrEnum):
    """Why a mail was not filed."""

    NOT_AUTHENTICATED = "not_authenticated"
    NOT_YOUR_ADDRESS = "not_your_address"
    NO_CONTACT = "no_contact"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"


WHY: Final = {
    Reason.NOT_AUTHENTICATED: "It could not be proved that the mail came from the address that it names as its sender.",
    Reason.NOT_YOUR_ADDRESS: "The mail's sender is not exactly one address of yours.",
    Reason.NO_CONTACT: "None of the mail's recipients is a contact, and none may be made of them.",
    Reason.UNREADABLE: "The mail could not be read.",
    Reason.TOO_LARGE: "The mail is larger than 36,700,160 bytes.",
}


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One mail, which came to `address`; `blob` has its bytes where it may still be filed: for `no_contact` only."""

    id: str
    user: UserId
    address: Address
    reason: Reason
    received_ms: int
    received_at: datetime
    expires_at: datetime
    sender: Person | None = None
    to: tuple[Person, ...] = ()
    subject: str = ""
    blob: str = ""

    def over(self, now: datetime) -> bool:
        """Whether its time has come: the store deletes it some time after that."""
        return now >= self.expires_at
