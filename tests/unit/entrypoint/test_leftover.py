"""An answer leaves nothing of its request unread, holds nothing of it, and does not wait for what is too much."""

import tracemalloc

import flask
import pytest

from shared.entrypoint.answers import Answer, response
from shared.entrypoint.leftover import BLOCK, MOST, finished
from tests.unit.entrypoint.requests import content, request


def answered(asked: flask.Request) -> flask.Response:
    return finished(response(Answer(401, {"error": {}})), asked)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_refused_body_is_read_to_its_end(chunked: bool) -> None:
    asked = request("PUT", "/", body=b"x" * (3 * BLOCK + 1), chunked=chunked)
    made = answered(asked)
    assert not made.is_streamed
    assert asked.get_data() == b""


def test_a_refused_body_is_never_held_whole() -> None:
    asked = request("PUT", "/", body=b"x" * 8_000_000)
    tracemalloc.start()
    answered(asked)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * BLOCK


@pytest.mark.parametrize("method", ["PUT", "OPTIONS"])
def test_a_body_that_says_it_is_too_large_is_answered_unread(method: str) -> None:
    asked = request(method, "/", body=b"x" * 1_000, says=MOST + 1)
    made = answered(asked)
    assert made.is_streamed
    assert asked.stream.read(1_000) == b"x" * 1_000
    assert content(made) == {"error": {}}
    assert made.headers["Content-Length"] == str(len(made.get_data()))


def test_a_body_beyond_its_routes_limit_is_no_trouble_for_the_answer() -> None:
    asked = request("POST", "/", body=b"x" * 2_000, chunked=True)
    asked.max_content_length = 1_000
    assert content(answered(asked)) == {"error": {}}


def test_an_answer_that_is_a_stream_stays_one() -> None:
    asked = request("GET", "/", body=b"abc")
    made = finished(response(Answer(blocks=iter([b"1", b"2"]))), asked)
    assert made.is_streamed
    assert made.get_data() == b"12"
