"""Mail that a receiver of ours took in for the auto-BCC addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

LARGEST_REQUEST = 40_000_000
"""Octets of a request; the platform lets fewer through."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail as its receiver proved to have brought it; the same `name` each time that it brings it.

    `sender` and `recipients` are the envelope's; the sender is empty for mail of machines. What the receiver found out
    about the sender is in `results`, as Authentication-Results writes it, or else in the mail's own such fields that
    name the receiver, `server`.
    """

    name: str
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    server: str
    results: str | None = None


class InboundFormat(Protocol):
    """One receiver's way to bring mail."""

    def open(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Arrival:
        """The mail of a request; header names in lower case.

        Raises `Rejected`: `unauthenticated` where the request is not proved to be the receiver's, `invalid_request`
        where it is, but cannot be understood in one way only.
        """
        ...
