"""What the product does, each in a few acts whose every operation may be the one at which something breaks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.faults.connections import connecting, disconnecting, filed, filing, leaving, left, updating
from tests.faults.incoming import history_expires, keeping_records, mail_comes, parking, reconciling, renewing
from tests.faults.outgoing import claiming, doubting, running, sending, settled, telling
from tests.faults.plant import Plant
from tests.faults.worlds import connected, connected_twice, shared, staffed, subscribed


@dataclass(frozen=True)
class Scenario:
    """`prepare` makes the world in which `act` happens; `expect` looks at what came of it, once all has settled.

    The operations of `act` alone are counted and struck.
    """

    name: str
    prepare: Callable[[Plant], None]
    act: Callable[[Plant], None]
    expect: Callable[[Plant], list[str]] = lambda _: []
    settings: tuple[tuple[str, Any], ...] = ()


SCENARIOS = (
    Scenario("connect", staffed, connecting),
    Scenario("sync", connected, mail_comes),
    Scenario("catch-up", connected, history_expires),
    Scenario("send", connected, sending),
    Scenario("renew", connected, renewing),
    Scenario("reconcile", connected, reconciling),
    Scenario("update", connected, updating),
    Scenario("disconnect", connected_twice, disconnecting),
    Scenario("leave", connected, leaving, left),
    Scenario("auto-BCC", connected, filing, filed),
    Scenario("bulk", staffed, running),
    Scenario("doubt", connected, doubting, settled),
    Scenario("park", connected, parking),
    Scenario("events", subscribed, telling),
    Scenario("claim", shared, claiming),
    Scenario("records", connected, keeping_records),
)
