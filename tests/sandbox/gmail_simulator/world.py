"""Everything the simulator knows, in one value that its parts are given."""

import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from tests.sandbox.gmail_simulator.accounts import Account, Alias, Directory
from tests.sandbox.gmail_simulator.behaviour import Behaviour
from tests.sandbox.gmail_simulator.calls import Calls
from tests.sandbox.gmail_simulator.clock import Clock
from tests.sandbox.gmail_simulator.faults import Faults
from tests.sandbox.gmail_simulator.grants import Client, Grants
from tests.sandbox.gmail_simulator.pushes import PushGate
from tests.sandbox.gmail_simulator.quota import Quota
from tests.sandbox.gmail_simulator.rendering import Renderer
from tests.sandbox.gmail_simulator.watches import Watches
from tests.sandbox.google_identity import GoogleIdentity

Outside = Callable[[str, Sequence[str], bytes, bool], None]
"""Takes mail for addresses that have no account here: envelope sender and recipients, the mail, whether the sender may
call itself what From says."""


def _nowhere(_sender: str, _recipients: Sequence[str], _raw: bytes, _own: bool) -> None:
    """Where there is no other mail exchange, such mail is gone."""


SANDBOX_CLIENT = Client("sandbox-client", "sandbox-secret")


class World:
    """State in memory; the same seed gives the same ids at the same times."""

    def __init__(
        self, *, seed: int, clients: Iterable[Client], behaviour: Behaviour, identity: GoogleIdentity, clock: Clock
    ) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self.clock = clock
        self.identity = identity
        self.clients = {client.id: client for client in clients}
        self.directory = Directory(self.chance, self.clock)
        self.grants = Grants(self.chance, self.clock)
        self.quota = Quota(self.clock)
        self.faults = Faults(self.clock)
        self.calls = Calls()
        self.push_gate = PushGate()
        self.outside: Outside = _nowhere
        self.watches = Watches(self.clock, lambda: self.behaviour)
        self.behaviour = behaviour
        self.renderer = Renderer(behaviour, self.chance)

    def behave(self, behaviour: Behaviour) -> None:
        """Switches to another behaviour."""
        self.behaviour = behaviour
        self.renderer = Renderer(behaviour, self.chance)

    def add_account(
        self, email: str, *, name: str = "", hosted_domain: str | None = None, aliases: Iterable[Alias] = ()
    ) -> Account:
        """A new Google account with a mailbox; KeyError if the address has one already."""
        account = self.directory.add(email, name, hosted_domain, list(aliases))
        account.mailbox.watcher = partial(self.watches.changed, account)
        return account
