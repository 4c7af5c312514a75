"""A message as a mailbox keeps it."""

from dataclasses import dataclass
from functools import cached_property

from tests.sandbox.gmail_simulator.headers import Block, shown
from tests.sandbox.gmail_simulator.mime_tree import Part, parse


@dataclass(eq=False)
class StoredMessage:
    """The bytes of a mail with Gmail's own facts about it; labels keep the order in which they came."""

    id: str
    thread_id: str
    raw: bytes
    block: Block
    labels: tuple[str, ...]
    internal_date: int
    arrived: float
    order: int
    history_id: int = 0

    @cached_property
    def tree(self) -> Part:
        """The tree of its parts."""
        return parse(self.raw)

    @cached_property
    def parts(self) -> list[Part]:
        """All parts, in order."""
        return list(self.tree.walk())

    @cached_property
    def texts(self) -> dict[str, str]:
        """Its headers for searching: lower-cased name → all values, lower-cased."""
        found: dict[str, str] = {}
        for one in self.block.fields:
            name = one.name.lower()
            found[name] = f"{found[name]}\n{shown(one).lower()}" if name in found else shown(one).lower()
        return found
