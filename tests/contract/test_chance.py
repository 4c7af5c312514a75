"""Chance: one suite on the fake and on the operating system's randomness."""

import base64
import random
import re

import pytest

from shared.ports.world import Chance
from shared.wiring.state import Random
from tests.fakes.chance import FakeChance

MANY = 100_000
BITS = 256


@pytest.fixture(params=["fake", "system"])
def chance(request: pytest.FixtureRequest) -> Chance:
    return FakeChance() if request.param == "fake" else Random()


def drawn_bits(token: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))


def test_a_token_is_url_safe_and_long_enough_for_a_verifier(chance: Chance) -> None:
    """RFC 7636 4.1: 43 to 128 characters; base64url of 256 bits are 43."""
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43,128}", chance.token()) for _ in range(1_000))


def test_no_token_comes_twice(chance: Chance) -> None:
    assert len({chance.token() for _ in range(MANY)}) == MANY


def test_every_one_of_256_bits_of_a_real_token_is_as_often_set_as_not() -> None:
    draws = 10_000
    chance = Random()
    numbers = [drawn_bits(chance.token()) for _ in range(draws)]

    often = [sum(number >> bit & 1 for number in numbers) / draws for bit in range(BITS)]

    assert 0.46 < min(often) <= max(often) < 0.54, "8 standard deviations"


def test_no_two_of_256_bits_of_a_real_token_go_together() -> None:
    chance = Random()
    rows = [drawn_bits(chance.token()) for _ in range(BITS + 100)]

    assert rank(rows) == BITS


def rank(rows: list[int]) -> int:
    """How many of the rows are independent (modulo 2)."""
    by_top: dict[int, int] = {}
    for given in rows:
        row = given
        while row and row.bit_length() in by_top:
            row ^= by_top[row.bit_length()]
        if row:
            by_top[row.bit_length()] = row
    return len(by_top)


def test_real_tokens_cannot_be_had_again_from_a_seed_or_another_instance() -> None:
    random.seed(1)
    first = Random().token()
    random.seed(1)

    assert Random().token() != first
