"""What became of a mail, compared with what should have."""

from typing import Any

import msgspec
import pytest

from tests.sandbox.expectation import Expectation, differences

ITEM = {"decision": "stored", "rule": "R12"}
MESSAGE: dict[str, Any] = {
    "conversation": "bob",
    "subject": "Hello",
    "from": {"name": "Bob", "address": "bob@client.example"},
    "to": [],
    "cc": [],
    "text": "Good day",
    "html": '<p>Good day</p><img src="/locations/l/messages/m/attachments/0.1">',
    "attachments": [{"id": "0.1", "filename": "a.png", "size": 3, "content_id": "logo@client.example"}],
    "authenticated": "none",
    "automatic": False,
}


def _expected(**more: Any) -> Expectation:
    told = {"why": "", "outcome": "stored", "rule": "R12", "conversation": "bob", **more}
    return msgspec.convert(told, Expectation)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"subject": "Hello", "from": MESSAGE["from"], "to": [], "automatic": False, "authenticated": "none"},
        {"text_contains": ("day",), "html_contains": ("<p>",), "html_excludes": ("script",)},
        {"attachments": [{"filename": "a.png"}]},
        {"attachments": [{"filename": None, "size": 3}]},
        {"html_contains": ('src="cid:logo%40client.example"',)},
    ],
)
def test_what_is_as_it_should_be_has_no_difference(more: dict[str, Any]) -> None:
    assert list(differences(_expected(**more), ITEM, MESSAGE)) == []


@pytest.mark.parametrize(
    "more",
    [
        {"outcome": "left_out"},
        {"rule": "R13"},
        {"conversation": "carol"},
        {"subject": "Bye"},
        {"from": {"name": None, "address": "bob@client.example"}},
        {"to": [{"name": None, "address": "ada@agency.example"}]},
        {"automatic": True},
        {"authenticated": "fail"},
        {"text_contains": ("night",)},
        {"html_contains": ("<b>",)},
        {"html_excludes": ("<p>",)},
        {"attachments": []},
        {"html_contains": ("cid:other@client.example",)},
        {"attachments": [{"filename": "b.png"}]},
        {"attachments": [{"filename": "a.png", "size": 4}]},
    ],
)
def test_each_thing_that_is_not_as_it_should_be_is_one_difference(more: dict[str, Any]) -> None:
    assert len(list(differences(_expected(**more), ITEM, MESSAGE))) == 1
