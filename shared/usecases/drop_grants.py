"""Gives back to Google what nobody uses: consents that were never completed, grants of connections that ended (R03)."""

from collections.abc import Mapping

from shared.ports.store import Store
from shared.ports.world import Topics
from shared.usecases.contended import Patience
from shared.usecases.drop_consents import drop_consents
from shared.usecases.finish_ending import finish_endings
from shared.usecases.grants import Google


def drop_grants(*, store: Store, google: Google, topics: Topics, patience: Patience) -> Mapping[str, int]:
    """How many consents were ended, and how many endings finished, in one run. Raises `Transient`."""
    endings = finish_endings(store=store, google=google, topics=topics, patience=patience)
    consents = drop_consents(store=store, grants=google.grants, sealer=google.sealer, patience=patience)
    return {"consents": consents, "endings": endings}
