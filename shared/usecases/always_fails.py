"""Trouble that a careful worker, who takes mail by mail, puts down to one mail, so that it stops no other (F29)."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import Transient


class AlwaysFails(Exception):
    """Gmail was in trouble with this very mail each time that it was asked for."""


@contextmanager
def blaming_the_mail(*, careful: bool) -> Iterator[None]:
    """Raises `AlwaysFails` instead of `Transient`, if `careful` and it may be for one mail's sake."""
    try:
        yield
    except Transient as trouble:
        if careful and lasting(trouble):
            raise AlwaysFails(trouble.reason) from trouble
        raise


def lasting(trouble: Transient) -> bool:
    """Whether it may be for one mail's sake: Gmail named no time, and it is not the mailbox's rate."""
    return trouble.retry_at is None and trouble.reason.startswith("gmail: ") and "rate limit" not in trouble.reason
