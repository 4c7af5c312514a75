"""Documents of every kind of field, for the suite that each store has to pass."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.domain.keys import Key
from shared.ports.store import Store, Stored

AT = datetime(2026, 11, 2, 9, 0, 0, 123456, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Part:
    name: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Thing:
    name: str = ""
    number: int = 0
    at: datetime | None = None
    on: bool = True
    tags: tuple[str, ...] = ()
    part: Part = field(default_factory=Part)
    parts: dict[str, Part] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Older:
    """The same documents as a version of the code knows them that has fewer fields, and one that is gone since."""

    name: str = ""
    colour: str = "none"


@dataclass(frozen=True, slots=True)
class Label:
    """A part as a version of the code knows it that has one more field."""

    name: str = ""
    size: int = 0
    colour: str = "none"


@dataclass(frozen=True, slots=True)
class Newer:
    """The same documents as that version knows them."""

    part: Label = field(default_factory=Label)
    parts: dict[str, Label] = field(default_factory=dict)


def stored(store: Store, key: Key[Thing]) -> Stored[Thing]:
    found = store.read(key).stored(key)
    assert found is not None
    return found


def names(found: list[Stored[Thing]]) -> list[str]:
    return [one.key.path.rpartition("/")[2] for one in found]
