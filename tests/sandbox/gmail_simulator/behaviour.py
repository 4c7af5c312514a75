"""Switches for what Gmail is not known to do in one way only, and for tests that want it otherwise."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any


class SentShape(StrEnum):
    """How a draft that is sent appears in the history."""

    ADDED = "added"
    LABEL = "label"


class Excess(StrEnum):
    """What becomes of notifications beyond one a second and mailbox."""

    DROP = "drop"
    DELAY = "delay"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The switches, each with what is believed of Gmail as its default."""

    keep_x_headers: bool = True
    """Headers of the sender's own (X-…) survive messages.send."""
    session_answers_after_completion: bool = True
    """A finished upload session answers again with its message; otherwise 404."""
    sent_shape: SentShape = SentShape.ADDED
    bcc_in_sent: bool = True
    """The sender's own copy keeps its Bcc header."""
    labels_in_history: bool = True
    """Messages inside history records carry labelIds."""
    decoded_headers: bool = True
    """Header values come with their encoded words decoded."""
    large_text_bytes: int = 200_000
    """Text bodies beyond this come with an attachmentId instead of data."""
    excess_notifications: Excess = Excess.DROP
    history_id_as_text: bool = False
    """historyId inside notifications is a string instead of a number."""
    sparse_history_pages: bool = False
    """history.list cuts its pages before it filters, so that pages without history occur."""
    history_lag_s: float = 0.0
    """A change shows in history.list, but not in notifications, this much later."""
    list_lag_s: float = 0.0
    """A new message shows in messages.list this much later."""
    late_bounces: int = 0
    """So many sends beyond the daily limit are answered 200 and bounce afterwards."""
    latency_ms: float = 0.0
    """Added to each call of the Gmail API."""


def changed(behaviour: Behaviour, wanted: dict[str, Any]) -> Behaviour:
    """The behaviour with the wanted switches; ValueError names a switch or value that does not exist."""
    known = {field.name: type(getattr(behaviour, field.name)) for field in fields(behaviour)}
    values: dict[str, Any] = {}
    for name, value in wanted.items():
        if name not in known:
            raise ValueError(f"no switch {name!r}; there are {', '.join(sorted(known))}")
        kind = known[name]
        if (kind is bool) != isinstance(value, bool) or (kind in {int, float} and not isinstance(value, int | float)):
            raise ValueError(f"{name} takes a {kind.__name__}, not {value!r}")
        values[name] = kind(value)
    return replace(behaviour, **values)
