"""Whether a location's claim of a thread still holds (R42)."""

from collections.abc import Mapping
from dataclasses import replace

from shared.domain.identifiers import LocationId
from shared.domain.mailbox import Link
from shared.domain.message import Thread


def standing(thread: Thread | None, links: Mapping[LocationId, Link]) -> Thread | None:
    """The thread without a claim whose connection has ended, or lives another life by now (R39, R42)."""
    if thread is None or thread.claimed_by is None:
        return thread
    link = links.get(thread.claimed_by)
    if link and thread.claim_epoch in {0, link.epoch}:
        return thread
    return replace(thread, claimed_by=None, claim_epoch=0, begun_in=None)
