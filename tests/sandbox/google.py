"""The simulated Google as the rest of the stack sees it: a server, a key to sign with, a gate for pushes, a clock."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from tests.sandbox.gmail_simulator.behaviour import Behaviour, Excess
from tests.sandbox.gmail_simulator.grants import Client
from tests.sandbox.gmail_simulator.simulator import build_simulator
from tests.sandbox.gmail_simulator.world import Outside
from tests.sandbox.plan import PROJECT, Plan
from tests.sandbox.relay import Admit, Sign
from tests.sandbox.settings import CLIENT_ID, CLIENT_SECRET


@dataclass(frozen=True, slots=True)
class Google:
    """`now`: the stack's time in seconds since 1970, `shown`: with what it was before it was moved a moment ago.

    `send_outside`: who takes mail for those without an account.
    """

    app: web.Application
    sign: Sign
    admit: Admit
    now: Callable[[], float]
    shown: Callable[[], list[float]]
    send_outside: Callable[[Outside], None]


def build_google(plan: Plan) -> Google:
    """A simulator with this stack's OAuth client, which publishes to this stack's Pub/Sub.

    Notifications beyond one a second come late here instead of never, so that whoever tries things need not wait for
    the timer; `POST /control/behaviour {"excess_notifications": "drop"}` makes it as hard as Gmail itself.
    """
    behaviour = Behaviour(excess_notifications=Excess.DELAY)
    redirect = (f"{plan.url('oauth_callback')}/",) if "oauth_callback" in plan.ports else ()
    client = Client(CLIENT_ID, CLIENT_SECRET, redirect, PROJECT)
    simulator = build_simulator(pubsub_url=plan.url("pubsub"), clients=[client], behaviour=behaviour)

    def send_outside(exchange: Outside) -> None:
        simulator.world.outside = exchange

    gate, clock = simulator.push_gate.admit, simulator.clock
    return Google(simulator.app(), simulator.identity.sign, gate, clock.now, clock.shown, send_outside)
