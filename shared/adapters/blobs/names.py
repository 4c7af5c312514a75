"""Names of blobs, which are ours: anything else is a bug, and must not become a path."""

import re
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}(?:/[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}){0,15}")
LONGEST: Final = 900


def checked(name: str) -> str:
    """The name. Raises `ValueError` unless it is one or more plain words with slashes between."""
    if not ours(name):
        raise ValueError("not a name of a blob")
    return name


def ours(name: str) -> bool:
    """Whether it is a name that we would give."""
    return len(name) <= LONGEST and _NAME.fullmatch(name) is not None
