"""A mail provider: the SMTP server by which a location's bulk and workflow mail leaves (R50 to R52)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.domain.addresses import LONGEST_NAME, Person, normalise
from shared.domain.header_encoding import unsafe
from shared.domain.identifiers import LocationId
from shared.errors import Rejected

SECRET_PREFIX: Final = "smtp-"  # noqa: S105 - what the names of such secrets begin with
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_USERNAME: Final = re.compile(r"[ -~]{1,320}")
_LAST_PORT: Final = 65_535


class Security(StrEnum):
    """How the connection is encrypted: from its first byte, or from STARTTLS on. There is no third way."""

    TLS = "tls"
    STARTTLS = "starttls"


@dataclass(frozen=True, slots=True)
class Provider:
    """Where mail is handed over, and `sender`, the address that the provider sends for.

    `password_secret` names the secret with the password; with a `username` but no such name it is the deployment's own.
    """

    host: str
    port: int
    security: Security
    sender: Person
    username: str = ""
    password_secret: str = ""


def sender_of(address: str, name: str) -> Person:
    """The provider's own sender. Raises `Rejected` (`invalid_request`)."""
    known = normalise(address.strip())
    if known is None:
        raise _invalid("from.address is not one valid address")
    if unsafe(name) or len(name) > LONGEST_NAME:
        raise _invalid(f"from.name is one line of at most {LONGEST_NAME} characters")
    return Person(name.strip(), known)


def secret_of(location: LocationId) -> str:
    """The one secret that a location's provider may name: no location sends another one's password anywhere (T13)."""
    return f"{SECRET_PREFIX}{location}"


def checked(provider: Provider, location: LocationId) -> Provider:
    """The provider of the location, as its record has it. Raises `Rejected` (`invalid_request`)."""
    if not _HOST.fullmatch(provider.host):
        raise _invalid("host is the name of a server")
    if not 0 < provider.port <= _LAST_PORT:
        raise _invalid(f"port is a number from 1 to {_LAST_PORT}")
    if bool(provider.username) != bool(provider.password_secret):
        raise _invalid("username and password_secret are given together or not at all")
    if provider.username and not _USERNAME.fullmatch(provider.username):
        raise _invalid("username is at most 320 visible ASCII characters")
    if provider.password_secret and provider.password_secret != secret_of(location):
        raise _invalid(f"password_secret is the name of the location's own secret, {secret_of(location)}")
    return provider


def _invalid(reason: str) -> Rejected:
    return Rejected("invalid_request", f"provider: {reason}.")
