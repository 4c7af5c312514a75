"""All that filing auto-BCC mail may touch."""

from functools import cache

from shared.usecases.capturing import Capturing
from shared.usecases.contended import Patience
from shared.wiring.auto_bcc import capture_domain
from shared.wiring.blobs import blobs
from shared.wiring.state import Random, clock, store
from shared.wiring.topics import topics


@cache
def capturing() -> Capturing:
    """The ports, for the instance's life."""
    return Capturing(store(), blobs(), topics(), Patience(clock(), Random()), capture_domain())
