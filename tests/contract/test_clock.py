"""The clock: one suite on the fake, on the system's, and on the system's moved by a server that tells the time."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Self

import pytest

from shared import config
from shared.adapters.clock import SystemClock
from shared.ports.world import Clock
from tests.fakes.clock import FakeClock
from tests.simulator.running import Running, start

LOOPBACK = ["http://127.0.0.1:8080/", "http://localhost:8080/", "http://[::1]:8080/", "http://LOCALHOST/"]
ELSEWHERE = [
    "https://gmail.googleapis.com/",
    "http://127.0.0.1.evil.example/",
    "http://127.0.0.1@evil.example/",
    "http://localhost.evil.example:80/",
    "http://evil.example/?127.0.0.1",
    "http://0.0.0.0/",
    "//",
]
TICK = timedelta(milliseconds=1)
"""The told time is cut to milliseconds."""


@pytest.fixture(scope="module")
def teller() -> Iterator[Running]:
    running, end = start()
    yield running
    end()


def told_by(teller: Running) -> SystemClock:
    return SystemClock(f"{teller.url}/control/clock")


@pytest.fixture(params=["fake", "system", "told"])
def clock(request: pytest.FixtureRequest) -> Clock:
    if request.param == "fake":
        return FakeClock()
    return SystemClock() if request.param == "system" else told_by(request.getfixturevalue("teller"))


def test_now_is_utc_and_says_so(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


def test_time_never_runs_backwards(clock: Clock) -> None:
    seen = [clock.now() for _ in range(50)]

    assert seen == sorted(seen)


def test_who_waits_finds_that_so_much_time_has_passed(clock: Clock) -> None:
    before = clock.now()

    clock.sleep(timedelta(milliseconds=20))

    assert timedelta(milliseconds=20) - TICK <= clock.now() - before < timedelta(seconds=5)


ASKED = timedelta(milliseconds=500)
"""By how much two answers of a clock that is asked for over HTTP may be out of step on a busy machine."""


def test_F31_what_has_passed_is_what_was_waited_and_never_less(clock: Clock) -> None:
    begun = clock.elapsed()
    clock.sleep(timedelta(milliseconds=20))
    seen = [clock.elapsed() for _ in range(20)]

    assert timedelta(milliseconds=20) - TICK <= seen[0] - begun < timedelta(seconds=5)
    assert all(after - before > -ASKED for before, after in pairwise(seen))


def test_F31_a_system_time_that_is_put_right_changes_nothing_about_what_has_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Jumped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(days=1)

    clock = SystemClock()
    begun, shown = clock.elapsed(), clock.now()
    monkeypatch.setattr("shared.adapters.clock.datetime", Jumped)

    assert clock.now() - shown >= timedelta(days=1)
    assert timedelta() <= clock.elapsed() - begun < timedelta(seconds=5)


@pytest.mark.parametrize("duration", [timedelta(), timedelta(microseconds=-1), timedelta(days=-30)])
def test_who_waits_for_nothing_or_for_the_past_goes_on_at_once(clock: Clock, duration: timedelta) -> None:
    before, begun = clock.now(), time.monotonic()

    clock.sleep(duration)

    assert time.monotonic() - begun < 1
    assert timedelta() <= clock.now() - before < timedelta(seconds=1)


def test_the_fake_counts_only_what_was_really_waited() -> None:
    clock = FakeClock()

    clock.sleep(timedelta(seconds=3))
    clock.sleep(timedelta(seconds=-2))

    assert clock.slept == timedelta(seconds=3)


def test_the_systems_clock_shows_the_systems_time_and_is_never_off() -> None:
    clock = SystemClock()

    assert datetime.now(UTC) <= clock.now() <= datetime.now(UTC)
    assert clock.offset() == timedelta()


def test_a_clock_that_is_told_the_time_follows_where_it_is_moved(teller: Running) -> None:
    clock = told_by(teller)
    before, was_off = clock.now(), clock.offset()

    teller.act("clock", {"advance_s": 86_400})

    assert timedelta(days=1) <= clock.now() - before < timedelta(days=1, seconds=5)
    assert abs(clock.offset() - was_off - timedelta(days=1)) < timedelta(seconds=1)


def test_moving_the_told_time_moves_nobody_elses(teller: Running) -> None:
    teller.act("clock", {"advance_s": 3_600})

    assert SystemClock().offset() == timedelta()
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=1)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    config.clock_url.cache_clear()
    monkeypatch.delenv("CLOCK_URL", raising=False)
    monkeypatch.delenv("GMAIL_API_URL", raising=False)
    yield monkeypatch
    config.clock_url.cache_clear()


@pytest.mark.parametrize("gmail", LOOPBACK)
def test_a_clock_that_can_be_moved_is_taken_where_gmail_is_on_this_machine(
    settings: pytest.MonkeyPatch, gmail: str
) -> None:
    settings.setenv("CLOCK_URL", "http://127.0.0.1:1/clock")
    settings.setenv("GMAIL_API_URL", gmail)

    assert config.clock_url() == "http://127.0.0.1:1/clock"


@pytest.mark.parametrize("gmail", ELSEWHERE)
def test_a_clock_that_can_be_moved_is_refused_where_gmail_is_anywhere_else(
    settings: pytest.MonkeyPatch, gmail: str
) -> None:
    settings.setenv("CLOCK_URL", "http://127.0.0.1:1/clock")
    settings.setenv("GMAIL_API_URL", gmail)

    for _ in range(2):
        with pytest.raises(config.Missing, match="CLOCK_URL"):
            config.clock_url()


def test_a_clock_that_can_be_moved_is_refused_where_gmail_is_not_set(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("CLOCK_URL", "http://127.0.0.1:1/clock")

    with pytest.raises(config.Missing):
        config.clock_url()


@pytest.mark.parametrize("gmail", [LOOPBACK[0], ELSEWHERE[0]])
def test_without_a_clock_set_it_is_the_systems(settings: pytest.MonkeyPatch, gmail: str) -> None:
    settings.setenv("GMAIL_API_URL", gmail)

    assert config.clock_url() is None
