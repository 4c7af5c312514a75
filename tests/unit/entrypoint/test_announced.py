"""What is an event, what names one that waits, and what is neither."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from shared.entrypoint.announced import announced, waiting_event
from shared.entrypoint.push import Pushed

EVENT: dict[str, Any] = {
    "id": "message.stored:l1:m1",
    "type": "message.stored",
    "location": "l1",
    "occurred_at": "2026-11-02T09:00:00Z",
    "data": {"message": "m1", "name": "Zoë", "count": 2**53 + 1},
}


def pushed(content: Mapping[str, Any], trace: object = None) -> Pushed:
    return Pushed("7", content, trace)


def test_R75_an_event_goes_on_field_by_field_in_the_order_in_which_it_came() -> None:
    told = announced(pushed({**EVENT, "later": "added"}))

    assert told is not None
    assert (told.id, told.type, told.location) == ("message.stored:l1:m1", "message.stored", "l1")
    assert list(json.loads(told.body).items()) == [*EVENT.items(), ("later", "added")]


def test_an_event_that_waits_goes_on_under_the_trace_of_its_announcement() -> None:
    told = announced(pushed(EVENT, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))

    assert told is not None
    assert told.trace == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    "changed",
    [
        {"id": None},
        {"id": ""},
        {"id": "a b"},
        {"id": "a\r\nHost: evil.example"},
        {"id": "zoë"},
        {"id": "x" * 1_001},
        {"type": 3},
        {"location": None},
        {"location": "../other"},
    ],
)
def test_what_could_not_go_into_a_header_or_names_nothing_is_no_event(changed: dict[str, Any]) -> None:
    assert announced(pushed({**EVENT, **changed})) is None


def test_the_timers_message_names_an_event_that_waits_and_is_none_itself() -> None:
    content = {"id": EVENT["id"]}

    assert waiting_event(pushed(content)) == EVENT["id"]
    assert announced(pushed(content)) is None


@pytest.mark.parametrize("content", [{}, {"id": 7}, {"id": "a b"}, EVENT, {"id": "a", "other": 1}])
def test_nothing_else_names_one(content: dict[str, Any]) -> None:
    assert waiting_event(pushed(content)) is None
