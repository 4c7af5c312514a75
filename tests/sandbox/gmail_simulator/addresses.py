"""Who a mail is for: addresses in headers, and which of them mean the same account."""

import re
from collections.abc import Iterable
from email.utils import getaddresses

_ADDRESS = re.compile(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+|\"[^\"]+\"@[^\s@<>,;:\"()]+")
_CONSUMER = frozenset({"gmail.com", "googlemail.com"})


def addresses(values: Iterable[str]) -> list[tuple[str, str]]:
    """(name, address) of each mailbox in the values; those that are no address have an address without `@`."""
    listed = list(values)
    try:
        return [(name, address) for name, address in getaddresses(listed) if name or address]
    except RecursionError:
        return [("", value) for value in listed]


def is_address(text: str) -> bool:
    """Whether mail can be sent to it."""
    return _ADDRESS.fullmatch(text) is not None


def same_account(address: str) -> str:
    """A key that is equal for addresses which Google delivers to the same account."""
    local, _, domain = address.lower().rpartition("@")
    local = local.partition("+")[0]
    if domain in _CONSUMER:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"
