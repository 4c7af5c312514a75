"""JSON objects that name a field twice: two readers may each believe another of the two values."""

import json


class _TwiceError(Exception):
    """Holds the name that comes twice."""


def given_twice(content: bytes) -> str | None:
    """A field that comes twice in one object of valid JSON, or `None`. Raises `RecursionError` for deep nesting."""
    try:
        json.loads(content, object_pairs_hook=_once, parse_int=str, parse_float=str)
    except _TwiceError as found:
        return str(found)
    return None


def _once(pairs: list[tuple[str, object]]) -> None:
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise _TwiceError(name)
        names.add(name)
