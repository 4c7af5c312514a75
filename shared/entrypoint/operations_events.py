"""What operators see of the events on their way to the CRM, and what they may do about them."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from shared.domain.events_attention import EventsStatus
from shared.domain.session import Role
from shared.domain.waiting_event import WaitingEvent
from shared.entrypoint import paging
from shared.entrypoint.answers import Answer
from shared.entrypoint.http import Call, Route
from shared.entrypoint.operations_views import page
from shared.usecases.operating import Operating
from shared.usecases.oversee_events import MOST, enable_receiver, events_status, list_undelivered, replay_events

OPERATORS = frozenset({Role.OPERATOR})


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """`{}`."""


class ReplayBody(msgspec.Struct, forbid_unknown_fields=True):
    """Ids of undelivered events; without any, a hundred of them."""

    events: Annotated[list[str], msgspec.Meta(max_length=MOST)] = []


@dataclass(frozen=True, slots=True)
class EventOperations:
    """The routes, and what they may touch."""

    ports: Operating

    def routes(self) -> tuple[Route, ...]:
        """For operators alone."""
        return (
            Route("GET", "/events", self.events, OPERATORS),
            Route("GET", "/events/undelivered", self.undelivered, OPERATORS, query=paging.PARAMETERS),
            Route("POST", "/events/enable", self.enable, OPERATORS),
            Route("POST", "/events/replay", self.replay, OPERATORS),
        )

    def events(self, call: Call) -> Answer:
        """The receiver, and what waits for it."""
        return Answer(body=events_view(events_status(self.ports.store, call.now)))

    def undelivered(self, call: Call) -> Answer:
        """The events that were given up, those first that are forgotten first."""
        asked = paging.asked(call.request.path, call.query)
        found = list_undelivered(self.ports.store, now=call.now, limit=asked.limit, after=asked.after)
        return page(found, asked, undelivered_view)

    def enable(self, call: Call) -> Answer:
        """The receiver is tried again, after it said 410 or while it is down."""
        call.body(Nothing)
        enable_receiver(self.ports, call.session.user)
        return Answer(202, events_view(events_status(self.ports.store, call.now)))

    def replay(self, call: Call) -> Answer:
        """Undelivered events wait anew."""
        return Answer(202, {"replayed": replay_events(self.ports, call.session.user, call.body(ReplayBody).events)})


def events_view(seen: EventsStatus) -> dict[str, object]:
    """How it stands; the receiver's address is in the settings."""
    receiver = seen.receiver
    return {
        "receiver": {
            "state": str(receiver.standing),
            "since": receiver.disabled_at or receiver.down_since,
            "reason": receiver.reason or None,
        },
        "waiting": seen.waiting,
        "oldest": seen.oldest,
        "undelivered": seen.undelivered,
    }


def undelivered_view(one: WaitingEvent) -> dict[str, object]:
    """An event that was given up."""
    return {
        "id": one.event.id,
        "type": one.event.type,
        "location": one.event.location,
        "since": one.since,
        "attempts": one.attempts,
        "reason": one.reason,
        "undelivered_at": one.undelivered_at,
        "forgotten_at": one.expires_at,
    }
