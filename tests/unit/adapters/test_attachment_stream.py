"""An attachment's bytes come out of Gmail's JSON whole, however that is cut, and never half."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.gmail.attachment_stream import decoded
from shared.errors import Transient


def answer(content: bytes, *, padded: bool) -> bytes:
    data = base64.urlsafe_b64encode(content).decode()
    return json.dumps({"size": len(content), "data": data if padded else data.rstrip("=")}).encode()


@given(st.binary(max_size=300), st.booleans(), st.integers(1, 60))
def test_the_bytes_are_the_same_wherever_the_answer_is_cut(content: bytes, padded: bool, size: int) -> None:
    whole = answer(content, padded=padded)
    blocks = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert b"".join(decoded(blocks)) == content


@pytest.mark.parametrize("told", [b'{"size": 0}', b'{\n "attachmentId": "a{}b",\n "size": 0\n}\n', b"{}"])
def test_an_answer_without_data_is_a_file_of_no_bytes(told: bytes) -> None:
    assert list(decoded([told])) == []


@given(st.binary(min_size=1, max_size=100), st.data())
def test_an_answer_that_ends_too_early_is_trouble_and_not_a_file(content: bytes, data: st.DataObject) -> None:
    whole = answer(content, padded=True)
    cut = data.draw(st.integers(0, whole.rindex(b'"')))
    with pytest.raises(Transient):
        list(decoded([whole[:cut]]))


def test_a_page_of_something_else_is_trouble() -> None:
    with pytest.raises(Transient):
        list(decoded([b"<html>" * 20_000]))
