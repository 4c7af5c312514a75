"""The standard library's client, which connects to no address inside our own network (T27)."""

import ipaddress
import smtplib
import socket
import time
from collections.abc import Sequence
from typing import Final

from shared.errors import Refused

MOST_ADDRESSES: Final = 8
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")


class Client(smtplib.SMTP):
    """Plain until STARTTLS; `anywhere` where the host may be inside."""

    anywhere = False

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """The library's hook. The addresses that were looked at are those that are connected to."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(where[0]) for *_, where in found))
        if not self.anywhere and not all(map(public, addresses)):
            raise Refused("inside", "not on the public internet")
        return _connected(addresses[:MOST_ADDRESSES], port, timeout)


class EncryptedClient(smtplib.SMTP_SSL, Client):
    """Encrypted from the first byte; the library's own class asks `Client` for the socket."""


def _connected(addresses: Sequence[str], port: int, timeout: float) -> socket.socket:
    """To the first address that answers, within the timeout for all of them: nobody can cut a connection short yet."""
    deadline = time.monotonic() + timeout
    for left in range(len(addresses) - 1, -1, -1):
        try:
            made = socket.create_connection((addresses[-1 - left], port), max(1.0, deadline - time.monotonic()))
        except OSError:
            if not left:
                raise
        else:
            made.settimeout(timeout)
            return made
    raise OSError("no address")


def public(address: str) -> bool:
    """Whether an IP address is somebody's on the internet, however it is written."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _TRANSLATED or ip.sixtofour or ip.teredo:
            return False
        ip = ip.ipv4_mapped or ip
    return ip.is_global and not ip.is_multicast
