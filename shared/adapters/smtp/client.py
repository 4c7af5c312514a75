"""The standard library's client, which connects to no address inside our own network (T27)."""

import smtplib
import socket
import time
from collections.abc import Sequence

from shared.domain.internet import reachable


class Client(smtplib.SMTP):
    """Plain until STARTTLS; `anywhere` where the host may be inside."""

    anywhere = False

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """The library's hook. The addresses that were looked at are those that are connected to."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = reachable((str(where[0]) for *_, where in found), anywhere=self.anywhere)
        return _connected(addresses, port, timeout)


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
