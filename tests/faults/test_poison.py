"""A mail that raises, kills or hangs, at whichever call."""

import pytest

from tests.faults.odd_gmail import OddWorld
from tests.unit.inbound import letter

BOB = "bob@client.example"


FILE = 'Content-Disposition: attachment; filename="a"\nContent-Type: a/b'


@pytest.fixture
def world() -> OddWorld:
    return OddWorld()


def stored(world: OddWorld) -> list[str]:
    return sorted(world.conversation("bob"))


class Ended(BaseException):
    """The process is gone."""


def ended(world: OddWorld) -> bool:
    """Whether the process ended at what there was to do, half an hour after the last time."""
    world.clock.advance(minutes=30)
    try:
        world.push()
        world.tick()
    except Ended:
        return True
    return False


@pytest.mark.parametrize("call", ["headers", "full", "attachment"])
@pytest.mark.parametrize("kind", ["raises", "kills", "hangs"])
def test_f29_whatever_a_mail_does_at_whichever_call_it_waits_alone_in_the_end(
    world: OddWorld, call: str, kind: str
) -> None:
    """What hangs is cut off with its process after nine minutes, as what needs too much memory is at once."""
    mails = [letter(BOB, subject=f"{number}").replace("Content-Type: text/plain", FILE) for number in range(4)]
    bad = [world.gmail.deliver(mail) for mail in mails][1]

    def strike(name: str, what: str) -> None:
        if name == call and what == bad:
            world.clock.advance(seconds=540 if kind == "hangs" else 1)
            raise ValueError("canary") if kind == "raises" else Ended

    world.odd.fail = strike
    struck = sum(ended(world) for _ in range(60))
    assert stored(world) == ["0", "2", "3"]
    assert set(world.parked()) == {bad}
    assert "canary" not in repr(world.store.documents)
    assert struck <= 10
    assert world.mailbox.cursor == world.gmail.newest
    world.odd.fail = lambda _name, _what: None
    world.gmail.deliver(letter(BOB, subject="4"))
    world.push()
    assert stored(world) == ["0", "2", "3", "4"]
