"""What a caller may say of a mail to send."""

import json

import pytest

from shared.domain.draft import draft_of
from shared.errors import Rejected

MAIL = {"to": [{"address": "carl@customer.example"}], "subject": "An offer"}


@pytest.mark.parametrize("field", ["reply_to", "contact"])
@pytest.mark.parametrize("name", ["a/b", "../x", "", "x" * 129, "né", "a\n", "a b", "__a__", 7])
def test_T13_what_is_no_id_cannot_be_named(field: str, name: object) -> None:
    with pytest.raises(Rejected) as refused:
        draft_of(json.dumps({**MAIL, field: name}).encode())
    assert refused.value.code == "invalid_request"


@pytest.mark.parametrize("field", ["reply_to", "contact"])
@pytest.mark.parametrize("name", ["a", "A-b_9", "__", "__a_", "x" * 128])
def test_an_id_can_be_named(field: str, name: str) -> None:
    assert getattr(draft_of(json.dumps({**MAIL, field: name}).encode()), field) == name
