"""Which port each part of a stack listens on: free ones, or a row of them from a given one on."""

import random
import socket
from collections.abc import Sequence

from tests.sandbox.trouble import TroubleError

# Below the range from which systems take ports for outgoing connections, so that none of those can take one of ours.
FREE = range(20_000, 32_000)


def choose(names: Sequence[str], base: int | None = None) -> dict[str, int]:
    """A port for each name: `base`, `base + 1`, … in order, or free ones. TroubleError names a port that is taken."""
    if base is not None:
        ports = {name: base + n for n, name in enumerate(names)}
        for name, port in ports.items():
            if not is_free(port):
                raise TroubleError(
                    f"Port {port} ({name}) is taken: end what listens there,"
                    " or give another first port with PORT_BASE= (make) or --port-base."
                )
        return ports
    # At random, so that two stacks that start together rarely meet.
    candidates = iter(random.sample(FREE, len(FREE)))
    return {name: next(port for port in candidates if is_free(port)) for name in names}


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback interface now."""
    if not 0 < port < 65_536:
        raise TroubleError(f"{port} is no port: give --port-base a number from 1024 to 65000.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
