"""Where events go: an address that is good for it, and connections to nothing but what it may mean (T27)."""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from shared.domain.internet import reachable

PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver's address, taken apart; `inside` is true on this very machine, where TLS may be left out."""

    secure: bool
    host: str
    port: int
    path: str
    inside: bool = False

    @property
    def name(self) -> str:
        """What the header Host says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS["https" if self.secure else "http"] else f"{host}:{self.port}"


def target_of(url: str, *, local: bool = False) -> Target:
    """The target that a URL names: HTTPS on port 443, without credentials.

    `local` is true where the receiver may be on this machine, with any port and without TLS. Raises `ValueError`.
    """
    parts = urlsplit(url)
    if not (url.isascii() and url.isprintable() and " " not in url and parts.scheme in PORTS and parts.hostname):
        raise ValueError("a webhook's address begins with https:// and a host")
    if "@" in parts.netloc or parts.fragment:
        raise ValueError("a webhook's address has neither credentials nor a fragment")
    secure, inside = parts.scheme == "https", local and _is_loopback(parts.hostname)
    port = parts.port or PORTS[parts.scheme]
    if not inside and not (secure and port == PORTS["https"]):
        raise ValueError("a webhook's address is https on port 443")
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Target(secure, parts.hostname, port, path, inside)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def connect(target: Target, *, seconds: float) -> socket.socket:
    """A connection to the first of the target's addresses that answers, all of which were looked at.

    Raises `Refused` (`inside`), and `OSError` as sockets do.
    """
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = reachable((str(where[0]) for *_, where in found), anywhere=target.inside)
    error: OSError = OSError("no address")
    for address in addresses:
        try:
            made = socket.create_connection((address, target.port), seconds / len(addresses))
        except OSError as failed:
            error = failed
            continue
        made.settimeout(seconds)
        return made
    raise error
