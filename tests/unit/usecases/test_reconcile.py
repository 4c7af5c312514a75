"""The timer's run: everything that is due is published, however much that is."""

from dataclasses import replace
from datetime import timedelta

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import MailboxId
from shared.domain.mailbox import Mailbox
from shared.ports.store import Put
from shared.usecases.reconcile import FOR, PAGE, reconcile
from tests.fakes.clock import FakeClock
from tests.fakes.store import FakeStore
from tests.fakes.topics import FakeTopics


def due(store: FakeStore, clock: FakeClock, count: int) -> None:
    for number in range(count):
        name = MailboxId(f"m{number:05}")
        wake_at = clock.now() - timedelta(seconds=number % 7)
        store.commit([Put(keys.mailbox(name), Mailbox(name, "s", Address("a@b.example"), wake_at=wake_at))])


def test_more_than_a_page_of_due_mailboxes_is_woken_once_each() -> None:
    clock = FakeClock()
    store, topics = FakeStore(clock.now), FakeTopics()
    due(store, clock, 2 * PAGE + 3)
    later = Mailbox(MailboxId("later"), "s", Address("a@b.example"), wake_at=clock.now() + timedelta(seconds=1))
    store.commit(
        [Put(keys.mailbox(later.id), later), Put(keys.mailbox(MailboxId("idle")), replace(later, wake_at=None))]
    )
    assert reconcile(store, topics, clock) == {"mailboxes": 2 * PAGE + 3, "sends": 0, "events": 0}
    assert len(set(topics.woken)) == len(topics.woken) == 2 * PAGE + 3


def test_a_run_ends_before_the_next_one_begins_and_the_longest_waiting_went_first() -> None:
    clock = FakeClock()
    store, topics = FakeStore(clock.now), FakeTopics()
    due(store, clock, 2 * PAGE)
    topics.before_publish = lambda _: clock.advance(seconds=FOR.total_seconds())
    assert reconcile(store, topics, clock)["mailboxes"] == PAGE
    assert {int(name[1:]) % 7 for name in topics.woken} == {3, 4, 5, 6}
