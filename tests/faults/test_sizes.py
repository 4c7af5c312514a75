"""Much mail, many people, long threads, large files: bounded memory, constant cost, and what is too large is shown."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage

import msgspec
import pytest

from shared.domain import budget, keys
from shared.domain.addresses import Address
from shared.domain.identifiers import GmailId, MailboxId
from shared.errors import Rejected
from shared.ports.gmail import FullMail, MailHeaders
from shared.ports.store import Put
from shared.usecases.process_notification import Ending, Notice, process_notification
from tests.fakes.blobs import BLOCK, FakeBlobs
from tests.fakes.gmail import FakeMailbox
from tests.unit.inbound import ADA, World, letter
from tests.unit.outbound import Outbound, file_part

BOB = "bob@client.example"
LARGEST_FILES = 25 * 1_048_576


@dataclass
class Watched(FakeMailbox):
    """Counts the most that is asked for in one call."""

    most_headers: int = 0
    most_fulls: int = 0

    def headers(self, ids: Sequence[GmailId]) -> list[MailHeaders | Exception]:
        self.most_headers = max(self.most_headers, len(ids))
        return super().headers(ids)

    def fulls(self, ids: Sequence[GmailId]) -> list[FullMail | Exception]:
        self.most_fulls = max(self.most_fulls, len(ids))
        return super().fulls(ids)


class Crowd(World):
    """The world of a sync whose account is watched; Bob is a contact."""

    def __init__(self) -> None:
        super().__init__()
        self.account = Watched(ADA, self.clock.now)
        self.gmail = self.access.accounts[ADA] = self.account
        self.contact("bob", BOB)
        self.clock.advance(minutes=5)

    def burst(self, count: int, first: int = 0) -> None:
        for number in range(first, first + count):
            self.gmail.deliver(letter(BOB, subject=f"{number}"))

    def works_off(self, minutes: int = 60) -> None:
        for _ in range(minutes):
            self.tick()
            self.clock.advance(minutes=1)


def test_f41_a_burst_is_taken_in_by_small_pieces_in_several_runs_within_gmails_quota() -> None:
    world = Crowd()
    world.ports = replace(world.ports, deadline=timedelta(seconds=30))
    world.burst(300)
    began = world.clock.now()
    world.push()
    assert 0 < world.mailbox.tally.stored < 300
    while world.mailbox.tally.stored < 300:
        world.works_off(1)
    taken = world.clock.now() - began
    units = 300 * 2 * budget.GET
    assert timedelta(minutes=units / 6_000 - 1) <= taken <= timedelta(minutes=units / 6_000 + 4)
    assert Counter(world.conversation("bob")) == Counter(f"{number}" for number in range(300))
    assert world.account.calls["headers"] == world.account.calls["full"] == 300
    assert world.account.most_headers <= world.ports.chunk * 2
    assert world.account.most_fulls <= 10
    assert world.mailbox.cursor == world.gmail.newest


def test_f42_a_mailbox_with_very_much_mail_gives_way_to_the_others_and_goes_on_behind_them() -> None:
    """It hands itself over to the end of the queue; each of the others is done in the meantime, whole."""
    world = Crowd()
    world.ports = replace(world.ports, deadline=timedelta(seconds=30), chunk=10, units_per_minute=2_000)
    world.burst(200)
    others = [another(world, number) for number in range(20)]
    queue = [world.mailbox_id, *others]
    began, ends = world.clock.now(), dict[MailboxId, timedelta]()
    runs: Counter[MailboxId] = Counter()
    while queue:
        name = queue.pop(0)
        runs[name] += 1
        world.topics.woken.clear()
        process_notification(world.ports, Notice(f"run-{sum(runs.values())}", mailbox=name))
        queue += world.topics.woken
        ends[name] = world.clock.now() - began
    assert runs[world.mailbox_id] >= 4
    assert {runs[name] for name in others} == {1}
    assert max(ends[name] for name in others) < ends[world.mailbox_id] / 2
    assert len(world.messages()) == 200 + 20 * 3


def another(world: World, number: int) -> MailboxId:
    """A mailbox of its own, with three mails of Bob's."""
    name, email = MailboxId(f"mailbox-{number}"), f"user{number}@agency.example"
    account = world.access.add(email, world.clock.now)
    made = replace(world.mailbox, id=name, address=Address(email), subject=email, aliases=(), cursor=account.newest)
    world.store.commit([Put(keys.mailbox(name), made)])
    for one in range(3):
        account.deliver(letter(BOB, email, f"{number}-{one}"))
    return name


def test_f43_the_last_mail_of_a_thread_costs_what_an_early_one_cost_and_no_document_grows() -> None:
    world = Crowd()
    costs, sizes = [], []
    for stretch in range(8):
        for number in range(25):
            name = f"{stretch}-{number}"
            world.gmail.deliver(
                letter(BOB, subject=name, Message_ID=f"<{name}@x.example>", Cc=f"p{name}@x.example"), thread="t"
            )
        before = world.store.operations.copy()
        world.push()
        costs.append(world.store.operations - before)
        sizes.append(max(len(msgspec.json.encode(fields)) for path, fields in stored(world) if "/decided/" not in path))
        world.clock.advance(minutes=2)
    assert len(world.messages()) == 200
    for cost in costs[2:]:
        assert cost["reads"] <= costs[1]["reads"] * 1.1
        assert cost["writes"] <= costs[1]["writes"] * 1.1
        assert cost["queries"] <= costs[1]["queries"]
    assert max(sizes[5:]) <= sizes[4] * 1.05 < 10_000, "a thread keeps a hundred people at most"


def stored(world: World) -> Iterator[tuple[str, dict[str, object]]]:
    for path, (fields, _) in world.store.documents.items():
        yield path, fields


@pytest.mark.parametrize("where", ["To", "Cc"])
def test_f43_a_mail_to_two_thousand_is_one_message_of_bounded_size_that_says_so(where: str) -> None:
    world = Crowd()
    people = [f"person{number}@crowd.example" for number in range(2_000)]
    mail = letter(BOB, subject="To all", **({"Cc": ", ".join(people)} if where == "Cc" else {}))
    mail = mail.replace(f"To: {ADA}", f"To: {ADA}, {', '.join(people)}") if where == "To" else mail
    world.gmail.deliver(mail)
    before = world.store.operations.copy()
    world.push()
    (message,) = world.messages()
    assert message.partial
    assert len(message.to) + len(message.cc) <= 502
    assert (world.store.operations - before)["reads"] < 2_100, "each person is looked up once"
    assert (world.store.operations - before)["writes"] < 10
    assert max(len(msgspec.json.encode(fields)) for _, fields in stored(world)) < 100_000


def with_files(*contents: bytes, text: str = "See there") -> str:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = BOB, ADA, "Files"
    mail["Date"] = "Sun, 01 Mar 2026 09:30:00 +0000"
    mail.set_content(text)
    for number, content in enumerate(contents):
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=f"file-{number}.pdf")
    return mail.as_string()


@pytest.mark.parametrize(
    ("made", "files", "partial"),
    [
        (lambda: with_files(*[b"x"] * 500), 500, False),
        (lambda: with_files(*[b"x"] * 501), 500, True),
        (lambda: with_files(b"", b"\x00"), 2, False),
        (lambda: with_files(text="word " * 500_000), 0, True),
    ],
    ids=["500 files", "501 files", "no bytes", "2.5 MB of text"],
)
def test_f44_mail_at_and_beyond_every_limit_is_stored_at_once_and_says_what_is_missing(
    made: Callable[[], str], files: int, *, partial: bool
) -> None:
    world = Crowd()
    world.gmail.deliver(made())
    assert world.push().ending is Ending.SYNCED
    (message,) = world.messages()
    assert [one.state for one in message.attachments] == ["ready"] * files
    assert message.partial is partial
    assert world.parked() == {}
    calls = world.gmail.calls["full"]
    world.works_off(120)
    assert world.gmail.calls["full"] == calls == 1
    assert all(one.blob in world.blobs.contents for one in message.attachments)


class Shelf(FakeBlobs):
    """Knows the largest block that ever passed through it."""

    largest = 0

    def write(self, name: str, blocks: Iterable[bytes]) -> int:
        def seen() -> Iterator[bytes]:
            for block in blocks:
                self.largest = max(self.largest, len(block))
                yield block

        return super().write(name, seen())


class Huge(Watched):
    """Each of its files has 25 MB, which come as a stream."""

    def attachment(self, gmail_id: GmailId, attachment: str) -> Iterator[bytes]:
        for _ in range(LARGEST_FILES // BLOCK):
            yield b"x" * BLOCK


def test_f44_a_file_of_25_mb_passes_through_block_by_block() -> None:
    world = Crowd()
    shelf = Shelf()
    world.ports = replace(world.ports, blobs=shelf)
    world.gmail = world.access.accounts[ADA] = Huge(ADA, world.clock.now)
    world.gmail.deliver(with_files(b"x"))
    assert world.push().ending is Ending.SYNCED
    ((file,),) = [one.attachments for one in world.messages()]
    assert (file.state, file.size) == ("ready", LARGEST_FILES)
    assert shelf.largest == BLOCK


def test_f44_a_send_beyond_the_limit_is_refused_with_both_sizes_and_leaves_nothing() -> None:
    sending = Outbound()
    with pytest.raises(Rejected) as refused:
        sending.accept(None, file_part("a.pdf", b"x" * LARGEST_FILES), file_part("b.pdf", b"x"))
    assert refused.value.code == "too_large"
    assert refused.value.details == {"size": LARGEST_FILES + 1, "limit": LARGEST_FILES}
    assert (sending.blobs.contents, sending.messages(), sending.used()) == ({}, [], 0)
