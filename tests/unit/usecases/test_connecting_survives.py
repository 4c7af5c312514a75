"""Connecting and disconnecting, cut off at every call to the outside, and then done again by whoever was cut off."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from shared.errors import Rejected, Transient
from shared.usecases.grants import Google
from tests.unit.usecases.office import ANNS, Office

MODES = ("die before", "die after", "fail before", "fail after")


class Death(BaseException):
    """The process is gone; nothing that catches exceptions may survive it."""


class Counted:
    """A port whose every call counts; the call of number `at` ends as `mode` says."""

    def __init__(self, at: int, mode: str) -> None:
        self.at, self.mode, self.calls = at, mode, 0

    def wrapped(self, port: Any, *more: str) -> Any:
        counted = self

        class Port:
            def __getattr__(self, name: str) -> Any:
                real = getattr(port, name)
                if not callable(real):
                    return real

                def call(*given: Any, **named: Any) -> Any:
                    return counted.call(lambda: real(*given, **named), opens=name in more)

                return call

        return Port()

    def call(self, real: Callable[[], Any], *, opens: bool) -> Any:
        self.calls += 1
        hit = self.calls == self.at
        if hit and self.mode.endswith("before"):
            self._end()
        answer = real()
        if hit:
            self._end()
        return self.wrapped(answer) if opens else answer

    def _end(self) -> None:
        raise Death if self.mode.startswith("die") else Transient("cut off")


def cut(office: Office, counted: Counted, act: Callable[[], object]) -> bool:
    """Whether the act was cut off."""
    store, topics, google = office.store, office.topics, office.google
    office.store, office.topics = counted.wrapped(store), counted.wrapped(topics)
    office.google = Google(
        counted.wrapped(google.mailboxes, "open", "open_with"), counted.wrapped(google.grants), google.sealer
    )
    try:
        act()
    except (Death, Transient):
        return True
    finally:
        office.store, office.topics, office.google = store, topics, google
    return False


def calls_of(prepare: Callable[[], tuple[Office, Callable[[], object]]]) -> int:
    office, act = prepare()
    counted = Counted(0, "")
    cut(office, counted, act)
    return counted.calls


def connecting() -> tuple[Office, Callable[[], object]]:
    office = Office()
    code = office.consented()["connect_code"]
    return office, lambda: office.complete(code)


def disconnecting() -> tuple[Office, Callable[[], object]]:
    office = Office()
    office.connect()
    return office, office.disconnect


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("at", range(1, calls_of(connecting) + 1))
def test_a_user_who_was_cut_off_while_connecting_is_connected_in_the_end(at: int, mode: str) -> None:
    office, act = connecting()
    cut(office, Counted(at, mode), act)

    with suppress(Rejected):
        act()
    if office.status().state == "none":
        office.connect()

    mailbox = office.mailbox()
    assert office.status().state == "connected"
    assert mailbox.usable
    assert mailbox.wake_at is not None
    assert mailbox.watch_expires_at is not None
    assert office.grants.revoked == []
    assert not [path for path in office.store.documents if path.startswith("pending_consents")]
    assert office.internal(ANNS) == {f"mailbox:{mailbox.id}": ANNS}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("at", range(1, calls_of(disconnecting) + 1))
def test_a_user_who_was_cut_off_while_disconnecting_is_disconnected_in_the_end(at: int, mode: str) -> None:
    office, act = disconnecting()
    sealed = office.mailbox().grant
    assert sealed
    cut(office, Counted(at, mode), act)

    act()

    assert office.status().state == "disconnected"
    assert office.mailbox().links == {}
    assert sealed.sealed not in office.dump()
    assert office.internal(ANNS) == {}
    office.connect()
    assert office.status().state == "connected"


def test_the_suite_meets_every_call() -> None:
    assert calls_of(connecting) >= 15
    assert calls_of(disconnecting) >= 8
