"""History and lists of many pages that are cut, repeated, expired or empty, and records that come several times."""

from dataclasses import replace

import pytest

from shared.domain.history import Change, ChangeKind
from shared.errors import PageExpired, Transient
from shared.ports.gmail import HistoryPage, IdPage
from shared.usecases.process_notification import Ending
from tests.faults.odd_gmail import OddWorld, expired
from tests.unit.inbound import letter

BOB = "bob@client.example"


class Dies(BaseException):
    """The process is gone."""


def mails(world: OddWorld, count: int, page: int = 4) -> list[str]:
    world.gmail.page = page
    for number in range(count):
        world.clock.advance(seconds=1)
        world.gmail.deliver(letter(BOB, subject=f"{number:02}"))
    return [f"{number:02}" for number in range(count)]


def stored(world: OddWorld) -> list[str]:
    return sorted(world.conversation("bob"))


def test_f12_pages_without_records_are_gone_over() -> None:
    world = OddWorld()
    subjects = mails(world, 10)

    def sparse(token: str | None, page: HistoryPage) -> HistoryPage:
        """Before each real page comes one that has a token for it and nothing else."""
        return page if token is not None else replace(page, changes=(), next_page="0")

    world.odd.odd_history = sparse
    assert world.push().ending is Ending.SYNCED
    assert stored(world) == subjects
    assert world.mailbox.cursor == world.gmail.newest


def test_f12_pages_that_are_all_empty_do_not_keep_a_worker_for_ever() -> None:
    world = OddWorld()
    subjects = mails(world, 3)
    world.odd.odd_history = lambda token, page: replace(page, changes=(), next_page=f"{int(token or 0) + 1}")
    world.odd.fail = lambda call, _what: world.clock.advance(seconds=5) if call == "history" else None
    world.push()
    assert not world.mailbox.leased(world.clock.now())
    assert world.mailbox.wake_at
    world.behaves()
    world.settles(3)
    assert stored(world) == subjects


@pytest.mark.parametrize("listed", ["history", "search"])
def test_f12_a_token_that_leads_round_in_a_circle_is_noticed_and_nothing_is_skipped(listed: str) -> None:
    world = OddWorld()
    subjects = mails(world, 10)
    if listed == "search":
        world.gmail.forget_history()

    def circle_of_history(token: str | None, page: HistoryPage) -> HistoryPage:
        return replace(page, next_page="4")

    def circle_of_search(token: str | None, page: IdPage) -> IdPage:
        return replace(page, next_page="4")

    world.odd.odd_history, world.odd.odd_search = circle_of_history, circle_of_search
    assert world.push().ending is Ending.PAUSED
    world.behaves()
    world.settles()
    assert stored(world) == subjects
    assert world.mailbox.cursor == world.gmail.newest


@pytest.mark.parametrize("listed", ["history", "search"])
def test_f12_a_page_that_expired_is_listed_again_from_the_kept_cursor(listed: str) -> None:
    world = OddWorld()
    subjects = mails(world, 10)
    if listed == "search":
        world.gmail.forget_history()
    left = [1, 1]

    def once_history(token: str | None, page: HistoryPage) -> HistoryPage:
        if token == "8" and left:
            left.pop()
            raise PageExpired
        return page

    def once_search(token: str | None, page: IdPage) -> IdPage:
        if token == "8" and left:
            left.pop()
            raise PageExpired
        return page

    world.odd.odd_history, world.odd.odd_search = once_history, once_search
    assert world.push().ending is Ending.SYNCED
    assert stored(world) == subjects
    assert world.gmail.calls["headers"] == world.gmail.calls["full"] == 10


def test_f12_a_list_whose_later_pages_can_never_be_had_pauses_the_mailbox_ever_longer() -> None:
    world = OddWorld()
    subjects = mails(world, 10)
    world.gmail.forget_history()

    def never(token: str | None, page: IdPage) -> IdPage:
        expired(token)
        return page

    world.odd.odd_search = never
    assert world.push().ending is Ending.PAUSED
    world.settles(60)
    assert world.mailbox.pauses > 3
    world.behaves()
    world.settles()
    assert stored(world) == subjects


def test_f12_a_history_whose_later_pages_can_never_be_had_is_taken_in_by_its_first_ones() -> None:
    """Each settles more, so that the next list begins further on."""
    world = OddWorld()
    subjects = mails(world, 40)

    def never(token: str | None, page: HistoryPage) -> HistoryPage:
        expired(token)
        return page

    world.odd.odd_history = never
    assert world.push().ending is Ending.SYNCED
    assert stored(world) == subjects


def fails_once(world: OddWorld, page: str, error: BaseException) -> None:
    left = [error]

    def odd(token: str | None, found: HistoryPage) -> HistoryPage:
        if token == page and left:
            raise left.pop()
        return found

    world.odd.odd_history = odd


@pytest.mark.parametrize("page", ["4", "8", "12", "16"])
def test_f13_after_trouble_on_a_page_the_pages_before_it_are_neither_read_nor_told_again(page: str) -> None:
    world = OddWorld()
    subjects = mails(world, 20)
    fails_once(world, page, Transient("gmail: 503"))
    assert world.push().ending is Ending.PAUSED
    assert len(stored(world)) == int(page)
    world.settles(3)
    ids = [event.id for event in world.topics.announced]
    assert stored(world) == subjects
    assert world.gmail.calls["headers"] == world.gmail.calls["full"] == 20
    assert len({*ids}) == 20
    assert len(ids) <= 21, "only what the last record of a page goes on with may be told once more"


@pytest.mark.parametrize("page", ["4", "8", "12", "16"])
def test_f13_a_process_that_dies_on_a_page_leaves_at_most_one_chunk_to_be_told_again(page: str) -> None:
    """The cursor passes a chunk with the next write: until then it is done again, from what is known of it."""
    world = OddWorld()
    world.ports = replace(world.ports, chunk=2)
    subjects = mails(world, 20)
    fails_once(world, page, Dies())
    with pytest.raises(Dies):
        world.push()
    world.settles(3)
    ids = [event.id for event in world.topics.announced]
    assert stored(world) == subjects
    assert world.gmail.calls["headers"] == world.gmail.calls["full"] == 20
    assert len({*ids}) == 20
    assert len(ids) <= 20 + 2 + 1


def test_f14_a_mail_that_is_in_many_records_of_many_kinds_and_pages_is_handled_once() -> None:
    world = OddWorld()
    world.ports = replace(world.ports, chunk=2)
    name = world.gmail.deliver(letter(BOB, subject="Once"))
    world.gmail.deliver(letter(BOB, subject="Other"))
    world.gmail.label(name, add=["STARRED"], remove=["UNREAD"])
    changes = world.gmail.changes
    again = replace(changes[0], history_id=changes[0].history_id + 1)
    for number in range(6):
        world.gmail._next()
        changes.append(replace(again, history_id=world.gmail.newest))
        changes.append(Change(world.gmail.newest, ChangeKind.LABELS_ADDED, name, again.thread_id, frozenset({"INBOX"})))
        if number % 2:
            changes.append(Change(world.gmail.newest, ChangeKind.LABELS_REMOVED, name, again.thread_id, frozenset()))
    world.gmail.page = 3
    world.push()
    assert stored(world) == ["Once", "Other"]
    assert world.gmail.calls["headers"] == world.gmail.calls["full"] == 2
    assert world.mailbox.tally.stored == 2
    (once,) = [one for one in world.messages() if one.subject == "Once"]
    assert (once.starred, once.read) == (True, True)
    assert len({event.id for event in world.topics.announced if event.type == "message.stored"}) == 2
    conversation = world.store.documents["locations/here/conversations/bob"][0]
    assert (conversation["message_count"], conversation["unread"]) == (2, 1)
