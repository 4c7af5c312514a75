"""How the deployment looks to operators: ids, states, times and counts; no address, token, or word of mail."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from shared.domain.decisions import Drop, Parked
from shared.domain.linking import NO_WATCH
from shared.domain.mailbox import CatchUp, Mailbox, Tally
from shared.domain.mailbox_state import activities, state_of
from shared.domain.outbox import CALL_DEADLINE, NO_MAILBOX, EntryState, OutboxEntry
from shared.domain.outbox_steps import MARGIN
from shared.domain.overview import Need, Overview
from shared.domain.places import OperatorAct
from shared.entrypoint.answers import Answer, Page
from shared.entrypoint.paging import Pages
from shared.usecases.operating import Target
from shared.usecases.pages import Listed

T = TypeVar("T")


def page(found: Listed[T], asked: Pages, view: Callable[[T], dict[str, object]]) -> Answer:
    """A page of a list."""
    following = asked.cursor(*found.after) if found.after else None
    return Answer(body=Page([view(one) for one in found.items], following))


def overview_view(seen: Overview, needs: Iterable[Need]) -> dict[str, object]:
    """The overview, and what of it needs somebody."""
    watches, coverage = seen.watches, seen.coverage
    soonest = {"mailbox": watches.soonest, "expires_at": watches.soonest_at} if watches.soonest else None
    return {
        "at": seen.at,
        "attention": list(needs),
        "mailboxes": seen.mailboxes,
        "watches": {"due": watches.due, "lapsed": watches.lapsed, "soonest": soonest},
        "parked": seen.parked,
        "sends": seen.sends,
        "endings": seen.endings,
        "coverage": {"percent": coverage.percent, "seen": coverage.seen, **_tally(coverage.tally)},
    }


def mailbox_view(one: Mailbox, now: datetime) -> dict[str, object]:
    """A mailbox; its people and places by id."""
    trouble = one.trouble
    return {
        "id": one.id,
        "state": state_of(one),
        "activities": activities(one, now),
        "problem": {"reason": trouble.reason, "since": trouble.since} if trouble else None,
        "locations": [
            {"location": at, "user": link.user, "connected_at": link.connected_at} for at, link in one.links.items()
        ],
        "cursor": one.cursor,
        "pending": one.pending if one.pending > one.cursor else None,
        "unhandled_since": one.unhandled_since,
        "leased_until": one.lease_until if one.leased(now) else None,
        "attempts": one.attempts,
        "suspect": one.suspect or None,
        "pauses": {
            "reads_until": _ahead(one.reads_paused_until, now),
            "sends_until": _ahead(one.sends_paused_until, now),
            "reason": one.pause_reason or None,
            "in_a_row": one.pauses,
        },
        "catch_up": _catch_up(one.catch_up),
        "relist": _catch_up(one.relist),
        "parked_due": one.parked_due,
        "wakes_at": one.wake_at,
        "watched_until": one.watch_expires_at if one.watch_expires_at != NO_WATCH else None,
        "last_synced_at": one.last_synced_at,
        "coverage": {"percent": one.tally.coverage, "seen": one.tally.seen, **_tally(one.tally)},
    }


def _ahead(time: datetime | None, now: datetime) -> datetime | None:
    return time if time and time > now else None


def _catch_up(state: CatchUp | None) -> dict[str, object] | None:
    if state is None:
        return None
    return {"since": state.since, "until": state.until, "through": state.through, "asked_at": state.asked_at}


def _tally(tally: Tally) -> dict[str, int]:
    return {
        "stored": tally.stored,
        "left_out": tally.left_out,
        "gone": tally.gone,
        "dropped": tally.dropped,
        "parked": tally.parked,
    }


def parked_view(one: Parked) -> dict[str, object]:
    """A parked mail; without `retry_at` it waits for an operator."""
    return {
        "mailbox": one.mailbox,
        "gmail_id": one.gmail_id,
        "reason": one.reason,
        "attempts": one.attempts,
        "since": one.since,
        "retry_at": one.retry_at,
    }


def drop_view(target: Target, drop: Drop) -> dict[str, object]:
    """A mail that was given up."""
    return {
        "mailbox": target.mailbox,
        "gmail_id": target.gmail_id,
        "reason": drop.reason,
        "since": drop.since,
        "dropped_at": drop.at,
        "by": drop.by,
        "why": drop.why,
    }


def send_view(one: OutboxEntry, now: datetime) -> dict[str, object]:
    """A send; what it says and whom it goes to is nobody's business here."""
    called = one.called_at if one.state is EntryState.CALLING else None
    return {
        "id": one.id,
        "location": one.location,
        "user": one.user,
        "mailbox": one.mailbox if one.mailbox != NO_MAILBOX else None,
        "kind": one.kind,
        "state": one.state,
        "in_doubt": called is not None and called <= now - CALL_DEADLINE - MARGIN,
        "accepted_at": one.accepted_at,
        "called_at": one.called_at,
        "call_ended_at": one.call_ended_at,
        "attempt": one.attempt,
        "not_before": one.not_before,
        "looked_at_again": one.settle_at,
    }


def act_view(one: OperatorAct) -> dict[str, object]:
    """What an operator did."""
    return {
        "at": one.at,
        "by": one.by,
        "act": one.act,
        "mailbox": one.mailbox or None,
        "gmail_id": one.gmail_id or None,
        "why": one.why or None,
        "since": one.since,
        "until": one.until,
    }
