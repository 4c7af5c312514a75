"""Documents as Firestore keeps them, from and to the values of the domain.

Empty fields are left out, fields that a type does not know are ignored and missing ones take their defaults, so that
versions of the code that differ by a field read each other's documents (F46).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
Fields = dict[str, Any]
Path = tuple[str, ...]
"""A field's name, and those of the fields inside it."""


def encoded(value: object) -> Fields:
    """The fields of a value, without the empty ones."""
    fields: Fields = msgspec.to_builtins(value, builtin_types=(datetime,))
    return {name: one for name, one in fields.items() if one is not None and one not in ("", [], (), {})}


def decoded(fields: Mapping[str, Any], kind: type[T]) -> T:
    """The value that the fields make."""
    return msgspec.convert(fields, kind, str_keys=True)


def changes(old: Fields, new: Fields, under: Path = ()) -> tuple[dict[Path, Any], list[Path]]:
    """The fields that differ in `new`, and those that it no longer has: of a field with fields only what differs.

    So what another version of the code keeps beside them, at whatever depth, is never written over (F46).
    """
    changed: dict[Path, Any] = {}
    removed = [(*under, name) for name in old if name not in new]
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict) and value and before:
            deeper, gone = changes(before, value, (*under, name))
            changed |= deeper
            removed += gone
        elif name not in old or before != value:
            changed[*under, name] = value
    return changed, removed


def nested(changed: Mapping[Path, Any]) -> Fields:
    """The fields with those inside them where they belong."""
    whole: Fields = {}
    for path, value in changed.items():
        inside = whole
        for name in path[:-1]:
            inside = inside.setdefault(name, {})
        inside[path[-1]] = value
    return whole


def plain(value: Any) -> Any:
    """Firestore's answer with its own kind of time replaced by the ordinary one."""
    if isinstance(value, datetime):
        return datetime(
            value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond, UTC
        )
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value
