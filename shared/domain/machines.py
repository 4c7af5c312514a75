"""Addresses behind which nobody reads."""

import re
from typing import Final

from shared.domain.addresses import Address

_NOBODY: Final = re.compile(
    r"""
    ^ (mailer[._-]?daemon | postmaster | bounces?) (?![a-z])    # reports come from there, or go there
    | (?<![a-z]) (no | do[._-]?not) [._-]? reply (?![a-z])
    """,
    re.VERBOSE,
)


def answers_to_nobody(address: Address) -> bool:
    """Whether a machine sends mail from there that nobody reads answers to: no contact is made of it."""
    return _NOBODY.search(address.rpartition("@")[0]) is not None
