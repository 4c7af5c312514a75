"""Pushes about events: one that was announced, or one that waits."""

import re
from typing import Final

import msgspec

from shared.domain.identifiers import ID, NO_TRACE, LocationId
from shared.domain.trace import from_traceparent
from shared.domain.waiting_event import Announced
from shared.entrypoint.push import Pushed

_NAME: Final = re.compile(r"[\x21-\x7e]{1,1000}")


def announced(pushed: Pushed) -> Announced | None:
    """The event of a push from `events`; None if it is none. Its JSON goes on as it came, field by field."""
    told = pushed.content
    name, kind, location = told.get("id"), told.get("type"), told.get("location")
    if not (_named(name) and isinstance(kind, str) and isinstance(location, str) and ID.match(location)):
        return None
    trace = from_traceparent(pushed.traceparent)
    body = msgspec.json.encode(told).decode()
    return Announced(str(name), kind, LocationId(location), body, trace.id if trace else NO_TRACE)


def waiting_event(pushed: Pushed) -> str | None:
    """The id in a push from `events-again`; None if there is none."""
    name = pushed.content.get("id")
    return str(name) if set(pushed.content) == {"id"} and _named(name) else None


def _named(name: object) -> bool:
    """Whether it can be the id of an event; it goes into a header."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None
