"""Mail providers: SMTP servers to which mail is handed over, never without TLS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared.domain.addresses import Address
from shared.domain.provider import Provider
from shared.ports.gmail import MailStream


class Verdict(StrEnum):
    """What a server says to one recipient of a mail."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict, and the server's own words, in one short line."""

    verdict: Verdict
    said: str = ""


class MailSession(Protocol):
    """A connection over which one mail after the other is handed over. Nothing is ever repeated by itself."""

    def send(self, sender: Address, recipients: Sequence[Address], mail: MailStream) -> Mapping[Address, Answer]:
        """One mail for some recipients, the answer for each.

        Raises `Transient` where certainly nobody got it, `Refused` where the server does not take mail from the sender,
        and `Doubtful` where it was cut off once the mail was whole. After any of these the session is of no more use.
        """
        ...

    def close(self) -> None:
        """Says goodbye, if anybody still listens."""
        ...


class MailProvider(Protocol):
    """Opens sessions at providers."""

    def open(self, provider: Provider) -> MailSession:
        """A session over verified TLS, signed in if there is a user name.

        Raises `Transient`, and `Refused` (`tls`, `no_tls`, `password`) where that will not change by itself.
        """
        ...
