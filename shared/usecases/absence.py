"""What may not be seen, and what is not there: one and the same answer."""

from typing import TypeVar

from shared.errors import Rejected

T = TypeVar("T")


def nothing_here() -> Rejected:
    """The refusal that says neither whether it exists nor whose it is."""
    return Rejected("not_found", "There is nothing here.")


def found(value: T | None) -> T:
    """The value, if there is one."""
    if value is None:
        raise nothing_here()
    return value
