"""A deadline for a whole conversation with a server, however slowly it drips."""

import smtplib
import socket
import threading
from types import TracebackType
from typing import Final, Self

AGAIN_SECONDS: Final = 1.0


class Watch:
    """Cuts the client's connection after `seconds`; whatever waits for it then fails as if the server had gone."""

    def __init__(self, client: smtplib.SMTP, seconds: float) -> None:
        self._client, self._seconds = client, seconds
        self._done = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()

    def _watch(self) -> None:
        """Cuts again until it is seen: during a handshake the socket is for a moment not to be had.

        The connection itself is cut, not its encryption: `SSLSocket.shutdown` would have the next write go out plain.
        """
        left = self._seconds
        while not self._done.wait(left):
            left = AGAIN_SECONDS
            sock = self._client.sock
            if sock is not None:
                try:
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
                except OSError:
                    continue
