"""Answers that take too long, however alive they look: cut at a total deadline."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest
import urllib3

from shared.adapters.gmail import transport
from shared.adapters.gmail.transport import AccessToken, Transport
from shared.errors import Transient

MINUTE = 60.0


class Endless:
    """An answer that sends a block each minute, for ever."""

    status, closed = 200, False

    def stream(self, _: int, *, decode_content: bool) -> Iterator[bytes]:
        assert decode_content
        while True:
            yield b"x"

    def close(self) -> None:
        self.closed = True


class Pool:
    """Gives that answer to every request."""

    def __init__(self, answer: Endless) -> None:
        self.answer = answer

    def urlopen(self, *_: object, **__: object) -> Endless:
        return self.answer


class Token:
    """A token that is always good."""

    def get(self, refused: str | None = None) -> str:
        assert refused is None
        return "t"


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Endless:
    minutes = count()
    clock = SimpleNamespace(monotonic=lambda: next(minutes) * MINUTE, sleep=lambda _: None)
    monkeypatch.setattr(transport, "time", clock)
    return Endless()


def slow(answer: Endless) -> Transport:
    pool: Any = Pool(answer)
    return Transport(cast(urllib3.PoolManager, pool), cast(AccessToken, Token()), lambda: datetime.now(UTC))


def test_f20_a_stream_that_never_ends_is_cut_after_five_minutes(answer: Endless) -> None:
    with pytest.raises(Transient):
        list(slow(answer).stream("https://gmail.example/file"))

    assert answer.closed


def test_f20_what_came_before_the_cut_was_handed_on_block_by_block(answer: Endless) -> None:
    blocks = slow(answer).stream("https://gmail.example/file")

    assert [next(blocks) for _ in range(5)] == [b"x"] * 5
    with pytest.raises(Transient):
        next(blocks)


def test_f20_a_whole_answer_is_cut_after_one(answer: Endless) -> None:
    with pytest.raises(Transient):
        slow(answer).get("https://gmail.example/mail", {})

    assert answer.closed
