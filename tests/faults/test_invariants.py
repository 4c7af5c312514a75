"""The harness itself: each breach that is planted by hand is seen, and nothing is struck that was not chosen."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.domain import keys
from shared.domain.identifiers import MessageId
from shared.domain.message import Message
from shared.errors import Transient
from shared.ports.store import Delete, Put
from tests.faults.connections import leaving
from tests.faults.incoming import mail_comes
from tests.faults.invariants import breaches, private
from tests.faults.plant import Plant
from tests.faults.strikes import Died, Fate, Mode, struck
from tests.faults.worlds import CARL, connected, connected_twice, eligible
from tests.unit.usecases.office import ANNS, HERE, THERE, id_of

Breach = Callable[[Plant], None]


def grown() -> Plant:
    """A plant with mail in both locations and one send, settled, without a breach."""
    plant = Plant()
    connected_twice(plant)
    mail_comes(plant)
    plant.sends_mail("one", {"to": [{"address": CARL}], "subject": "sent-one", "text": "Hello."})
    plant.minutes(2)
    plant.settle()
    assert breaches(plant) == []
    return plant


def stored(plant: Plant, subject: str) -> Message:
    return next(one for one in plant.messages() if one.subject == subject)


def lost(plant: Plant) -> None:
    plant.store.commit([Delete(keys.message(HERE, stored(plant, "subject-question").id))])


def doubled(plant: Plant) -> None:
    again = replace(stored(plant, "subject-question"), id=MessageId("again"))
    plant.store.commit([Put(keys.message(HERE, again.id), again)])


def untold(plant: Plant) -> None:
    plant.durable.queues.events.clear()


def leaked_to_logs(plant: Plant) -> None:
    plant.log.write("subject canary-subject-advert")


def leaked_to_an_answer(plant: Plant) -> None:
    plant.answers.append((500, "canary-stranger@secret.example is nobody"))


def leaked_to_a_blob(plant: Plant) -> None:
    plant.blobs.write("locations/here/x", [b"canary-body-stranger"])


def asked_in_full(plant: Plant) -> None:
    post = next(one for one in plant.posts if one.letter.name == "stranger")
    plant.gmail.fulls([plant.copy_of(post.letter)])


def sent_twice(plant: Plant) -> None:
    plant.gmail.deliver(
        eligible("x", ANNS, (CARL,)).raw(plant.clock.now(), sent=True).replace("subject-x", "sent-one"),
        labels=("SENT",),
    )


def never_sent(plant: Plant) -> None:
    for name, mail in list(plant.gmail.mails.items()):
        if "sent-one" in mail.raw:
            del plant.gmail.mails[name]


def left_waiting(plant: Plant) -> None:
    plant.queues.wake([id_of(ANNS)])
    plant.durable.queues.waiting[-1].not_before = plant.clock.now().replace(year=2030)


def gone_back(plant: Plant) -> None:
    plant.store.commit([Put(keys.mailbox(id_of(ANNS)), replace(plant.mailbox(), cursor=1001))])


def jumped_ahead(plant: Plant) -> None:
    plant.comes(eligible("jumped"), {HERE: "carl"}, pushed=False)
    plant.store.commit([Put(keys.mailbox(id_of(ANNS)), replace(plant.mailbox(), cursor=plant.gmail.newest))])


def strayed(plant: Plant) -> None:
    one = stored(plant, "subject-question")
    plant.store.commit([Put(keys.message(THERE, one.id), one)])


def miscounted(plant: Plant) -> None:
    plant.store.commit([Put(keys.mailbox(id_of(ANNS)), replace(plant.mailbox(), sent={}))])


def still_held(plant: Plant) -> None:
    until = plant.clock.now().replace(year=2030)
    plant.store.commit([Put(keys.mailbox(id_of(ANNS)), replace(plant.mailbox(), holder="x", lease_until=until))])


def readable_token(plant: Plant) -> None:
    plant.log.write("token canary-token-of-ann@gmail.com")


@pytest.mark.parametrize(
    ("breach", "invariant"),
    [
        (lost, "I1"), (doubled, "I1"), (untold, "I1"), (leaked_to_logs, "I2"), (leaked_to_an_answer, "I2"),
        (leaked_to_a_blob, "I2"), (asked_in_full, "I2"), (sent_twice, "I3"), (never_sent, "I3"), (left_waiting, "I4"),
        (gone_back, "I5"), (jumped_ahead, "I5"), (strayed, "I6"), (miscounted, "I7"), (still_held, "I8"),
        (readable_token, "I10"),
    ],
    ids=lambda one: getattr(one, "__name__", one),
)  # fmt: skip
def test_a_planted_breach_is_seen(breach: Breach, invariant: str) -> None:
    plant = grown()
    breach(plant)
    assert any(one.startswith(f"{invariant} ") for one in breaches(plant)), breaches(plant)


def test_i9_a_call_after_the_last_disconnect_is_seen() -> None:
    plant = Plant()
    connected(plant)
    minutes = plant.minutes

    def nosy(count: int, **more: Any) -> None:
        plant.gmail.profile()
        minutes(count, **more)

    plant.minutes = nosy  # type: ignore[method-assign]
    leaving(plant)
    assert any(one.startswith("I9 ") for one in plant.watched)


def test_what_is_left_out_is_left_out_of_every_sink() -> None:
    plant = Plant()
    connected(plant)
    plant.comes(private("secret", ANNS))
    plant.settle()
    assert breaches(plant) == []
    assert not any("secret" in text for text in plant.durable.store.documents)


class Port:
    def __init__(self) -> None:
        self.done: list[str] = []

    def write(self, what: str) -> str:
        self.done.append(what)
        return what


@pytest.mark.parametrize(
    ("mode", "ends", "done"),
    [
        (Mode.DIE_BEFORE, Died, []),
        (Mode.DIE_AFTER, Died, ["b"]),
        (Mode.FAIL_BEFORE, Transient, []),
        (Mode.FAIL_AFTER, Transient, ["b"]),
        (Mode.STALL, Transient, ["others", "b"]),
        (Mode.PAUSE, None, ["others", "b"]),
    ],
)
def test_the_chosen_operation_alone_is_struck(mode: Mode, ends: type[BaseException] | None, done: list[str]) -> None:
    port = Port()
    fate = Fate(others=lambda: port.done.append("others"))
    held = struck(port, "port", fate)
    fate.arm(mode, after=1)
    assert held.write("a") == "a"
    if ends is None:
        assert held.write("b") == "b"
    else:
        with pytest.raises(ends):
            held.write("b")
    assert port.done == ["a", *done]
    assert fate.struck == [f"port.write {mode}"]


def test_a_dead_process_reaches_nothing_any_more() -> None:
    port, fate = Port(), Fate()
    held = struck(port, "port", fate)
    fate.arm(Mode.DIE_BEFORE)
    try:
        held.write("a")
    except Died:
        with pytest.raises(Died):
            held.write("in its last gasp")
    assert port.done == []
