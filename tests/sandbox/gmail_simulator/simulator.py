"""The simulator as a library: build it, host its application, tell it where to publish."""

from collections.abc import AsyncIterator, Iterable

import aiohttp
from aiohttp import web

from tests.sandbox.gmail_simulator.behaviour import Behaviour
from tests.sandbox.gmail_simulator.clock import Clock
from tests.sandbox.gmail_simulator.grants import Client
from tests.sandbox.gmail_simulator.pushes import PushGate
from tests.sandbox.gmail_simulator.server import Server
from tests.sandbox.gmail_simulator.watches import pubsub_body
from tests.sandbox.gmail_simulator.world import SANDBOX_CLIENT, World
from tests.sandbox.google_identity import GoogleIdentity


class Simulator:
    """One simulated Gmail: a world and the server in front of it."""

    def __init__(self, world: World, pubsub_url: str | None) -> None:
        self.world = world
        self._pubsub_url = pubsub_url
        self._server = Server(world)

    @property
    def identity(self) -> GoogleIdentity:
        """The key that id tokens, and the stack's push tokens, are signed with."""
        return self.world.identity

    @property
    def push_gate(self) -> PushGate:
        """Where the stack's relay lets pushes of the Gmail topic pass."""
        return self.world.push_gate

    @property
    def clock(self) -> Clock:
        """The stack's clock."""
        return self.world.clock

    def app(self) -> web.Application:
        """The application; while it runs, notifications go to Pub/Sub if its URL is known."""
        app = self._server.app()
        app.cleanup_ctx.append(self._publishing)
        app.on_shutdown.append(self._give_up)
        return app

    def publish_to(self, pubsub_url: str) -> None:
        """Names the Pub/Sub emulator, before the application starts."""
        self._pubsub_url = pubsub_url

    async def _give_up(self, app: web.Application) -> None:
        self.world.watches.close()
        self.world.push_gate.close()

    async def _publishing(self, app: web.Application) -> AsyncIterator[None]:
        if self._pubsub_url is None:
            yield
            return
        url = self._pubsub_url.rstrip("/")
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:

            async def publish(topic: str, data: bytes) -> int:
                try:
                    where, kind = f"{url}/v1/{topic}:publish", {"Content-Type": "application/json"}
                    async with session.post(where, data=pubsub_body(data), headers=kind) as response:
                        return response.status
                except (aiohttp.ClientError, OSError):
                    return 0

            self.world.watches.publish = publish
            yield


def build_simulator(
    *,
    pubsub_url: str | None = None,
    clients: Iterable[Client] = (SANDBOX_CLIENT,),
    behaviour: Behaviour | None = None,
    identity: GoogleIdentity | None = None,
    seed: int = 1,
    clock: Clock | None = None,
) -> Simulator:
    """A simulator without accounts. `clients` are the registered OAuth clients; `seed` decides ids and gaps."""
    world = World(
        seed=seed,
        clients=clients,
        behaviour=behaviour or Behaviour(),
        identity=identity or GoogleIdentity(),
        clock=clock or Clock(),
    )
    return Simulator(world, pubsub_url)
