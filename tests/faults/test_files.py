"""Files that are kept before their message is, or of which no message came: no message names what is not there."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.errors import Transient
from shared.ports.store import Create, Delete, Replace, Write
from shared.usecases.sweep_blobs import sweep_blobs
from tests.fakes.blobs import FakeBlobs
from tests.unit.inbound import HERE, World, letter

BOB = "bob@client.example"
FILE = 'Content-Disposition: attachment; filename="a"\nContent-Type: a/b'


class Dies(BaseException):
    """The process is gone."""


class Frail(FakeBlobs):
    """The write with a number is struck: before or after it, or amid its blocks."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock.now)
        self.count = itertools.count()
        self.number, self.when, self.error = -1, "", BaseException()

    def write(self, name: str, blocks: Iterable[bytes]) -> int:
        struck = next(self.count) == self.number
        if struck and self.when == "before":
            raise self.error
        written = super().write(name, self._cut(blocks) if struck and self.when == "amid" else blocks)
        if struck and self.when == "after":
            raise self.error
        return written

    def _cut(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        yield next(iter(blocks))[:1]
        raise self.error


class Filed(World):
    """Bob's three mails have a file and a large body each; every commit is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.frail = Frail(self)
        self.ports = replace(self.ports, blobs=self.frail, chunk=2)
        self.blobs = self.frail
        self.contact("bob", BOB)
        self.clock.advance(minutes=5)
        for number in range(3):
            self.gmail.deliver(letter(BOB, subject=f"{number}").replace("Content-Type: text/plain", FILE))
            self.gmail.deliver(letter(BOB, subject=f"large {number}", text="word " * 30_000))
        self.store.after_commit = self.looked

    def looked(self, writes: Sequence[Write]) -> None:
        """After each commit that may have changed a message."""
        if any(isinstance(one, Create | Replace) for one in writes):
            self.complete()

    def complete(self) -> None:
        """All that a message names is there."""
        for message in self.messages():
            for blob in (message.body.blob, *(one.blob for one in message.attachments)):
                assert not blob or self.frail.contents[blob]

    def named(self) -> set[str]:
        return {
            blob
            for message in self.messages()
            for blob in (message.body.blob, *(one.blob for one in message.attachments))
            if blob
        }

    def settles(self, minutes: int = 20) -> None:
        for _ in range(minutes):
            self.clock.advance(minutes=1)
            self.tick()


@pytest.mark.parametrize("error", [Dies(), Transient("blobs: 503")], ids=["the process dies", "the write fails"])
@pytest.mark.parametrize("when", ["before", "amid", "after"])
@pytest.mark.parametrize("number", [0, 2, 5])
def test_f28_wherever_the_keeping_of_files_ends_every_message_has_its_own_and_none_is_left_over(
    number: int, when: str, error: BaseException
) -> None:
    world = Filed()
    world.frail.number, world.frail.when, world.frail.error = number, when, error
    try:
        world.push()
    except (Dies, Transient):
        assert isinstance(error, Dies)
    world.frail.number = -1
    world.settles()
    assert len(world.messages()) == 6
    assert world.named() == set(world.frail.contents)


GONE: dict[str, Callable[[Filed], object]] = {
    "the contact is deleted": lambda world: world.store.commit([Delete(keys.address(HERE, Address(BOB)))]),
    "the connection ends": lambda world: world.unlink(HERE),
    "the mail is deleted": lambda world: world.gmail.mails.clear(),
}


@pytest.mark.parametrize("then", GONE)
@pytest.mark.parametrize("error", [Dies(), Transient("blobs: 503")], ids=["the process dies", "the write fails"])
@pytest.mark.parametrize("number", [1, 3])
def test_f28_what_was_kept_of_mail_that_then_does_not_come_is_swept_up(
    number: int, error: BaseException, then: str
) -> None:
    world = Filed()
    world.frail.number, world.frail.when, world.frail.error = number, "after", error
    try:
        world.push()
    except (Dies, Transient):
        assert isinstance(error, Dies)
    assert set(world.frail.contents) - world.named()
    GONE[then](world)
    world.settles()
    world.clock.advance(days=1)
    for _ in range(3):
        sweep_blobs(store=world.store, shelf=world.frail, clock=world.clock)
        world.clock.advance(seconds=timedelta(hours=1).total_seconds())
    world.complete()
    assert set(world.frail.contents) == world.named()
