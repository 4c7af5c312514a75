"""One try to hand an event over: one request, no redirect, and an end to it however slow the other side is."""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from shared.adapters.webhooks.target import Target, connect
from shared.domain.webhook_signature import signed_headers
from shared.errors import Refused
from shared.ports.webhooks import Reply, Verdict

SECONDS: Final = 15.0
_TAKEN, _GONE = range(200, 300), 410
_LONGEST_WISH_DIGITS: Final = 6


class HttpWebhook:
    """The receiver at `target`; every request is signed with each of `keys`, and takes `seconds` at most."""

    def __init__(
        self, target: Target, keys: Sequence[bytes], *, tls: ssl.SSLContext | None = None, seconds: float = SECONDS
    ) -> None:
        self._target, self._keys, self._seconds = target, keys, seconds
        self._tls = tls or ssl.create_default_context()
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2

    def deliver(self, name: str, body: bytes, *, at: datetime) -> Reply:
        """Hands an event over; see the port. Not even a name server that is silent holds it up for longer."""
        headers = {
            "Host": self._target.name,
            "Content-Type": "application/json",
            "User-Agent": "gmail-two-way-sync",
            "Connection": "close",
            **signed_headers(self._keys, name, body, at=at),
        }
        exchange = _Exchange(self._target, self._tls, self._seconds)
        worker = threading.Thread(target=exchange.run, args=(headers, body), daemon=True)
        worker.start()
        worker.join(self._seconds)
        return exchange.cut() if worker.is_alive() else exchange.reply


class _Exchange:
    """A request and its answer, of which the status is read and no more than one header."""

    def __init__(self, target: Target, tls: ssl.SSLContext, seconds: float) -> None:
        self._target, self._tls, self._seconds = target, tls, seconds
        self._lock, self._over = threading.Lock(), False
        self._made: socket.socket | None = None
        self.reply = Reply(Verdict.FAILED, "broken")

    def run(self, headers: Mapping[str, str], body: bytes) -> None:
        """Leaves what came of it in `reply`."""
        try:
            self.reply = self._answered(headers, body)
        except Refused as error:
            self.reply = Reply(Verdict.FAILED, error.reason)
        except socket.gaierror:
            self.reply = Reply(Verdict.FAILED, "no such host")
        except ssl.SSLError:
            self.reply = Reply(Verdict.FAILED, "tls")
        except TimeoutError:
            self.reply = Reply(Verdict.FAILED, "timeout")
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.reply = Reply(Verdict.FAILED, type(error).__name__)
        finally:
            if self._made:
                self._made.close()

    def cut(self) -> Reply:
        """Ends it from outside: whatever still waits for the other side fails.

        The connection itself is cut, not its encryption, so that nothing more is written in the clear.
        """
        with self._lock:
            self._over = True
            if self._made:
                with suppress(OSError):
                    socket.socket.shutdown(self._made, socket.SHUT_RDWR)
        return Reply(Verdict.FAILED, "timeout")

    def _answered(self, headers: Mapping[str, str], body: bytes) -> Reply:
        connection = http.client.HTTPConnection(self._target.host, self._target.port)
        connection.sock = self._connected()
        connection.request("POST", self._target.path, body=body, headers=headers)
        with connection.getresponse() as answer:
            return _heard(answer.status, answer.headers.get("Retry-After", ""))

    def _connected(self) -> socket.socket:
        made = connect(self._target, seconds=self._seconds)
        if self._target.secure:
            made = self._tls.wrap_socket(made, server_hostname=self._target.host, do_handshake_on_connect=False)
        with self._lock:
            self._made = made
            if self._over:
                raise TimeoutError
        return made


def _heard(status: int, retry_after: str) -> Reply:
    """What a status means; of `Retry-After` only the form in seconds counts."""
    if status in _TAKEN:
        return Reply(Verdict.TAKEN)
    if status == _GONE:
        return Reply(Verdict.GONE, f"status {status}")
    known = retry_after.isascii() and retry_after.isdigit() and len(retry_after) <= _LONGEST_WISH_DIGITS
    return Reply(Verdict.FAILED, f"status {status}", timedelta(seconds=int(retry_after)) if known else None)
