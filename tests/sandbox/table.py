"""The one table of functions, `infra/functions.json`, as the local stack reads it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from tests.sandbox.trouble import TroubleError


class Kind(StrEnum):
    """What calls a function."""

    HTTP = "http"
    PUSH = "push"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class Trigger:
    """`topics` is empty unless pushed, `cron` unless scheduled; the acknowledgement deadline is in seconds."""

    kind: Kind
    topics: tuple[str, ...] = ()
    cron: str = ""
    ack_deadline_s: int = 600


@dataclass(frozen=True, slots=True)
class Function:
    """One row of the table, as far as a laptop can follow it."""

    name: str
    entry_point: str
    trigger: Trigger
    concurrency: int
    timeout_s: int
    environment: tuple[str, ...]
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """All functions by name, and the topic that each topic setting names."""

    functions: dict[str, Function]
    topics: dict[str, str]

    @classmethod
    def read(cls, root: Path) -> "Table":
        """The table below a repository's root; TroubleError where there is none."""
        path = root / "infra" / "functions.json"
        try:
            kept = msgspec.json.decode(path.read_bytes())
            rows = {name: {**row, "name": name} for name, row in kept["functions"].items()}
            functions = msgspec.convert(rows, dict[str, Function])
            return cls(functions, {row["setting"]: name for name, row in kept["topics"].items()})
        except (OSError, KeyError, msgspec.MsgspecError) as error:
            raise TroubleError(f"{path} cannot be used: {error}.") from error

    def pushes(self) -> list[tuple[Function, str]]:
        """Each function with each topic that is pushed to it."""
        return [(function, topic) for function in self.functions.values() for topic in function.trigger.topics]
