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


def encoded(value: object) -> Fields:
    """The fields of a value, without the empty ones."""
    fields: Fields = msgspec.to_builtins(value, builtin_types=(datetime,))
    return {name: one for name, one in fields.items() if one is not None and one not in ("", [], (), {})}


def decoded(fields: Mapping[str, Any], kind: type[T]) -> T:
    """The value that the fields make."""
    return msgspec.convert(fields, kind, str_keys=True)


def changes(old: Fields, new: Fields) -> tuple[Fields, list[str]]:
    """The fields that differ in `new`, and the names of those that it no longer has."""
    changed = {name: value for name, value in new.items() if name not in old or old[name] != value}
    return changed, [name for name in old if name not in new]


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
