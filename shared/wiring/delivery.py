"""All that a delivery may touch."""

from functools import cache

from shared.usecases.contended import Patience
from shared.usecases.delivery import Delivery
from shared.wiring import google, state
from shared.wiring.blobs import blobs
from shared.wiring.instance import stopping
from shared.wiring.provider import default_provider, providers
from shared.wiring.topics import topics


@cache
def delivery() -> Delivery:
    """The ports of `deliver_email`."""
    return Delivery(
        store=state.store(),
        topics=topics(),
        blobs=blobs(),
        gmail=google.gmail_access(),
        sealer=google.sealer(),
        patience=Patience(state.clock(), state.Random()),
        providers=providers(),
        default=default_provider(),
        stopping=stopping,
    )
