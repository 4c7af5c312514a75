"""The plan of one stack, which all of its processes read: where everything is and what it is told."""

import json
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.ports import choose
from tests.sandbox.table import Table

REPOSITORY = Path(__file__).parents[2]
SERVERS = ("gmail", "issuer", "crm", "provider", "smtp", "events", "relay", "mx")
EMULATORS = ("firestore", "pubsub")
FRONTS = ("firestore", "gmail", "pubsub")
GATE = "store-gate"
PROJECT = "demo-gmail-sync"


@dataclass(frozen=True, slots=True)
class Plan:
    """`root`: the repository whose functions run; `ports` by part and function; `changed`: settings given by hand.

    Where the plan is `fronted`, the functions see the outside through proxies that can break (`fronts`).
    """

    root: Path
    run_dir: Path
    ports: dict[str, int]
    changed: dict[str, str]
    table: Table
    fronted: bool = False

    @classmethod
    def make(
        cls, *, root: Path, run_dir: Path, port_base: int | None, changed: dict[str, str], fronted: bool = False
    ) -> "Plan":
        """A plan on free ports, or on the row of ports from `port_base` on."""
        table = Table.read(root)
        fronts = [GATE, *map(front_of, FRONTS)] if fronted else []
        ports = choose([*SERVERS, *EMULATORS, *table.functions, *fronts], port_base)
        return cls(root.resolve(), run_dir.resolve(), ports, changed, table, fronted)

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """The plan that `write` left."""
        kept = json.loads(path.read_text())
        root = Path(kept["root"])
        return cls(root, Path(kept["run_dir"]), kept["ports"], kept["changed"], Table.read(root), kept["fronted"])

    def write(self) -> Path:
        """Leaves the plan for the other processes → its path."""
        path = self.run_dir / "plan.json"
        where = {"root": str(self.root), "run_dir": str(self.run_dir), "ports": self.ports}
        kept = {**where, "changed": self.changed, "fronted": self.fronted}
        path.write_text(json.dumps(kept, indent=1))
        return path

    def host(self, name: str) -> str:
        """host:port of a part or function."""
        return f"127.0.0.1:{self.ports[name]}"

    def seen(self, name: str) -> str:
        """host:port at which the functions see `firestore`, `gmail` or `pubsub`."""
        return self.host(front_of(name) if self.fronted else name)

    def url(self, name: str) -> str:
        """Base URL of a part or function, without a closing slash."""
        return f"http://{self.host(name)}"

    def log(self, name: str) -> Path:
        """Where a part or function writes its log."""
        return self.run_dir / "logs" / f"{name}.log"

    @property
    def return_to(self) -> str:
        """The CRM's page to which a consent returns."""
        return f"{self.url('crm')}/connected"


def front_of(name: str) -> str:
    """What stands in front of a part, where anything does."""
    return f"{name}-front"
