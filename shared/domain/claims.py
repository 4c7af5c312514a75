"""Which location has a Gmail thread, how it comes by it and loses it, and what the others see of that (R40, R42)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.domain.identifiers import LocationId, UserId
from shared.domain.location import Location
from shared.domain.mailbox import Link, Mailbox
from shared.domain.message import Thread


@dataclass(frozen=True, slots=True)
class Marker:
    """That another location has the thread; `location` says which one, to whoever may know."""

    location: LocationId | None


def standing(thread: Thread | None, links: Mapping[LocationId, Link]) -> Thread | None:
    """The thread without a claim whose connection has ended, or lives another life by now (R39, R42)."""
    if thread is None or thread.claimed_by is None:
        return thread
    link = links.get(thread.claimed_by)
    if link and thread.claim_epoch in {0, link.epoch}:
        return thread
    return _nobodys(thread)


def claimed(thread: Thread, location: LocationId, link: Link, *, firm: bool = False, begun: bool = False) -> Thread:
    """The thread as the location's, for the life of its connection `link`; `begun` with a mail of its CRM (R40)."""
    return replace(
        thread,
        claimed_by=location,
        claim_epoch=link.epoch,
        firm=firm,
        claims=thread.claims + 1,
        begun_in=location if begun else None,
    )


def freed(thread: Thread) -> Thread:
    """The thread without its claim."""
    return replace(_nobodys(thread), claims=thread.claims + 1)


def _nobodys(thread: Thread) -> Thread:
    return replace(thread, claimed_by=None, claim_epoch=0, firm=False, begun_in=None)


def closed(thread: Thread | None, location: LocationId, multi_location: str) -> bool:
    """Whether a thread, whose claim stands, syncs no more in the location because another one has it (R42).

    `mirror_always` keeps a location in, unless the thread began in another location's CRM (R40).
    """
    if thread is None or thread.claimed_by in {None, location}:
        return False
    return multi_location == "mirror_until_reply" or thread.begun_in not in {None, location}


def marker(thread: Thread | None, mailbox: Mailbox, here: Location, reader: UserId) -> Marker | None:
    """What the location shows of another one's claim; only the user who has the mailbox in both learns which (R42)."""
    own, thread = mailbox.links.get(here.id), standing(thread, mailbox.links)
    if own is None or thread is None or not closed(thread, here.id, here.policy.multi_location):
        return None
    claimer = mailbox.links.get(thread.claimed_by) if thread.claimed_by else None
    named = claimer is not None and own.user == claimer.user == reader
    return Marker(thread.claimed_by if named else None)
