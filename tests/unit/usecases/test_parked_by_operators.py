"""Parked mail that an operator has tried again, or gives up; also while a worker is at it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from shared.domain import keys
from shared.domain.identifiers import GmailId, MailboxId
from shared.errors import Conflict, Refused, Rejected, Transient
from shared.ports.store import Put, Query, Write
from shared.usecases.drop_parked import drop_parked
from shared.usecases.explain import Decision
from shared.usecases.operating import Target
from shared.usecases.park_suspect import KILLED
from shared.usecases.replay_parked import replay_parked
from tests.unit.inbound import letter
from tests.unit.operators import OPS, Desk
from tests.unit.outbound import CARL


@pytest.fixture
def desk() -> Desk:
    return Desk()


def tried(desk: Desk) -> GmailId:
    """A parked mail that is tried again within two minutes; another one stays parked, so that each count shows."""
    stuck = desk.parked("Stuck", for_good=True)
    name = desk.world.gmail.deliver(letter(CARL, subject="Tried"))
    desk.refuse(stuck, name)
    desk.world.push()
    assert set(desk.world.parked()) == {stuck, name}
    return name


def ends(desk: Desk) -> tuple[set[str], int, int, int, int]:
    """Who is parked still, and how many were stored, are gone, parked, dropped."""
    tally = desk.world.mailbox.tally
    subjects = {
        desk.world.gmail.mails[one].raw.partition("Subject: ")[2].splitlines()[0] for one in desk.world.parked()
    }
    return subjects, tally.stored, tally.gone, tally.parked, tally.dropped


def when_asked(desk: Desk, call: str, act: Callable[[], object]) -> None:
    """`act` happens once, while a worker is at a call to Gmail."""
    done: list[bool] = []

    def meanwhile(name: str, _what: str) -> None:
        if name == call and not done:
            done.append(True)
            act()

    desk.world.gmail.fail = meanwhile


def test_a_mail_that_is_not_tried_again_by_itself_is_taken_in_once_it_is_replayed(desk: Desk) -> None:
    name = desk.parked("Late", for_good=True)
    desk.refuse()
    desk.later(minutes=60 * 24 * 7)
    assert desk.world.conversation("carl") == []

    parked = replay_parked(desk.ports, desk.of(name))

    assert parked.retry_at == desk.world.clock.now()
    assert desk.world.topics.woken[-1:] == [desk.world.mailbox_id]
    desk.world.wake()
    assert desk.world.conversation("carl") == ["Late"]
    assert (desk.world.parked(), desk.world.mailbox.tally.parked) == ({}, 0)


def test_a_replay_that_fails_again_leaves_the_mail_parked_for_the_next_one(desk: Desk) -> None:
    name = desk.parked(for_good=True)
    for _ in range(2):
        replay_parked(desk.ports, desk.of(name))
        desk.world.wake()
        assert set(desk.world.parked()) == {name}
        assert desk.world.mailbox.tally.parked == 1
    desk.refuse()
    replay_parked(desk.ports, desk.of(name))
    desk.world.wake()
    assert desk.world.conversation("carl") == ["Refused"]


def test_a_replay_whose_wake_up_is_lost_is_the_timers(desk: Desk) -> None:
    name = desk.parked(for_good=True)
    desk.refuse()
    replay_parked(desk.ports, desk.of(name))
    desk.world.tick()
    assert desk.world.conversation("carl") == ["Refused"]


def test_replaying_twice_takes_in_once(desk: Desk) -> None:
    name = desk.parked(for_good=True)
    desk.refuse()
    replay_parked(desk.ports, desk.of(name))
    replay_parked(desk.ports, desk.of(name))
    desk.world.wake()
    desk.world.wake()
    assert desk.world.conversation("carl") == ["Refused"]
    assert desk.world.mailbox.tally.stored == 1


@pytest.mark.parametrize("act", [replay_parked, lambda ports, of: drop_parked(ports, of, why="x")])
@pytest.mark.parametrize("mailbox", ["mailbox-ada", "nobody"])
def test_what_is_not_parked_is_not_there(desk: Desk, mailbox: str, act: Callable[..., object]) -> None:
    stored = desk.world.gmail.deliver(letter(CARL))
    desk.world.push()
    for name in (stored, GmailId("never-seen")):
        with pytest.raises(Rejected, match="not_found"):
            act(desk.ports, Target(OPS, MailboxId(mailbox), name))


def test_a_replay_while_a_worker_holds_the_mailbox_is_that_workers_or_the_next_ones(desk: Desk) -> None:
    name = desk.parked(for_good=True)
    desk.refuse()
    desk.world.gmail.deliver(letter(CARL, subject="New"))
    when_asked(desk, "headers", lambda: replay_parked(desk.ports, desk.of(name)))

    desk.world.push()
    desk.later(minutes=1)

    assert sorted(desk.world.conversation("carl")) == ["New", "Refused"]


def test_a_replay_between_the_workers_look_at_what_is_due_and_its_note_of_it_is_not_forgotten(desk: Desk) -> None:
    """The worker writes down when the next parked mail is due; what became due meanwhile stays due."""
    forgotten = desk.parked("Forgotten", for_good=True)
    due = desk.world.gmail.deliver(letter(CARL, subject="Due"))
    desk.refuse(forgotten, due)
    desk.world.push()
    desk.refuse()
    find = desk.world.store.find
    done: list[bool] = []

    def found(query: Query) -> list:  # type: ignore[type-arg]
        there = find(query)
        if query.collection == keys.PARKED and query.where[-1].op == ">" and not done:
            done.append(True)
            replay_parked(desk.ports, desk.of(forgotten))
        return there

    desk.world.store.find = found  # type: ignore[method-assign]
    desk.later(minutes=2)
    assert done
    desk.later(minutes=1)
    assert sorted(desk.world.conversation("carl")) == ["Due", "Forgotten"]


def test_a_dropped_mail_is_remembered_with_who_when_and_why(desk: Desk) -> None:
    name = desk.parked()
    since = desk.world.clock.now()
    desk.world.clock.advance(minutes=5)

    drop = drop_parked(desk.ports, desk.of(name), why="broken beyond repair")

    assert (drop.by, drop.at, drop.why) == (OPS, desk.world.clock.now(), "broken beyond repair")
    assert (drop.reason, drop.since) == ("unreadable: Refused", since)
    tally = desk.world.mailbox.tally
    assert (tally.parked, tally.dropped, tally.seen, tally.coverage) == (0, 1, 1, 100)
    assert desk.explained(name).decision is Decision.DROPPED
    assert desk.acts() == [("dropped", name, "broken beyond repair")]


def test_dropping_twice_keeps_the_first_one(desk: Desk) -> None:
    name = desk.parked()
    first = drop_parked(desk.ports, desk.of(name), why="first")
    desk.world.clock.advance(minutes=5)
    assert drop_parked(desk.ports, desk.of(name), why="second") == first
    assert desk.world.mailbox.tally.dropped == 1
    assert len(desk.acts()) == 1


def test_an_answer_to_a_drop_that_is_lost_counts_nothing_twice(desk: Desk) -> None:
    name = desk.parked()
    lost = [Conflict("lost")]

    def lose(writes: object) -> None:
        if lost:
            raise lost.pop()

    desk.world.store.after_commit = lose
    assert drop_parked(desk.ports, desk.of(name), why="x").why == "x"
    tally = desk.world.mailbox.tally
    assert (tally.parked, tally.dropped) == (0, 1)


def test_a_dropped_mail_is_never_taken_up_again(desk: Desk) -> None:
    name = desk.parked()
    drop_parked(desk.ports, desk.of(name), why="x")
    desk.refuse()

    desk.later(minutes=60 * 24)
    desk.world.gmail.label(name, add=["STARRED"])
    desk.world.push()
    desk.world.gmail.label(name, remove=["TRASH"])
    desk.world.push()
    desk.world.gmail.forget_history()
    desk.later(minutes=60)

    assert desk.world.mailbox.catch_up is None
    assert desk.world.conversation("carl") == []
    assert desk.world.parked() == {}
    assert desk.explained(name).decision is Decision.DROPPED
    tally = desk.world.mailbox.tally
    assert (tally.stored, tally.parked, tally.dropped) == (0, 0, 1)


DROPPED = ({"Stuck"}, 0, 0, 1, 1)


def test_a_drop_while_a_worker_tries_the_mail_stands_if_the_try_succeeds(desk: Desk) -> None:
    name = tried(desk)
    when_asked(desk, "full", lambda: drop_parked(desk.ports, desk.of(name), why="x"))
    desk.later(minutes=2)
    assert desk.world.conversation("carl") == []
    assert ends(desk) == DROPPED


def test_a_drop_while_a_worker_tries_the_mail_stands_if_the_try_fails(desk: Desk) -> None:
    name = tried(desk)

    def dropped_and_refused(call: str, _what: str) -> None:
        if call == "headers":
            drop_parked(desk.ports, desk.of(name), why="x")
            raise Refused("forbidden", "still not")

    desk.world.gmail.fail = dropped_and_refused
    desk.later(minutes=2)
    assert ends(desk) == DROPPED


def test_a_drop_while_a_worker_tries_the_mail_stands_if_it_turns_out_to_be_gone(desk: Desk) -> None:
    stuck = desk.parked("Stuck", for_good=True)
    name = desk.world.gmail.deliver(letter(CARL))
    del desk.world.gmail.mails[name]
    desk.world.push()
    assert set(desk.world.parked()) == {stuck, name}
    when_asked(desk, "headers", lambda: drop_parked(desk.ports, desk.of(name), why="x"))
    desk.later(minutes=2)
    assert ends(desk) == DROPPED


@pytest.mark.parametrize("becomes", ["stored", "left out", "gone"])
def test_a_drop_between_the_workers_last_look_and_its_commit_stands(desk: Desk, becomes: str) -> None:
    """Whatever the worker is about to write of the mail: counted once, as dropped."""
    name = tried(desk)
    desk.refuse()
    if becomes == "left out":
        desk.world.policy(exclusions=["customer.example"])
    done: list[bool] = []
    about = {keys.parked(desk.world.mailbox_id, name), keys.known_mail(desk.world.mailbox_id, name)}
    if becomes == "gone":
        del desk.world.gmail.mails[name]

    def first(writes: Sequence[Write]) -> None:
        """Before the commit that creates or deletes what there is of the mail; the note of its try replaces it."""
        if not done and any(getattr(one, "key", None) in about for one in writes):
            done.append(True)
            drop_parked(desk.ports, desk.of(name), why="x")

    desk.world.store.before_commit = first
    desk.later(minutes=2)
    assert done
    assert desk.world.conversation("carl") == []
    assert ends(desk) == DROPPED


def test_a_drop_between_the_workers_look_at_what_is_due_and_its_note_of_it_stands(desk: Desk) -> None:
    name = tried(desk)
    desk.refuse()
    find = desk.world.store.find
    done: list[bool] = []

    def found(query: Query) -> list:  # type: ignore[type-arg]
        there = find(query)
        if query.collection == keys.PARKED and not done:
            done.append(True)
            drop_parked(desk.ports, desk.of(name), why="x")
        return there

    desk.world.store.find = found  # type: ignore[method-assign]
    desk.later(minutes=2)
    assert done
    assert desk.world.conversation("carl") == []
    assert ends(desk) == DROPPED


def test_f29_a_dropped_mail_that_a_dying_worker_had_in_hand_is_not_parked_for_ever(desk: Desk) -> None:
    name = desk.parked()
    drop_parked(desk.ports, desk.of(name), why="x")
    desk.refuse()
    mailbox = replace(desk.world.mailbox, suspect=name, attempts=3)
    desk.world.store.commit([Put(keys.mailbox(mailbox.id), mailbox)])

    for _ in range(3):
        desk.later(minutes=2)

    assert desk.world.parked() == {}
    assert (desk.world.mailbox.tally.parked, desk.world.mailbox.tally.dropped) == (0, 1)


def test_f29_a_drop_while_a_worker_parks_what_killed_the_one_before_stands(desk: Desk) -> None:
    name = tried(desk)
    desk.refuse()
    mailbox = replace(desk.world.mailbox, suspect=name, attempts=3)
    desk.world.store.commit([Put(keys.mailbox(mailbox.id), mailbox)])
    done: list[bool] = []

    def first(writes: Sequence[Write]) -> None:
        if not done and any(getattr(getattr(one, "value", None), "reason", "") == KILLED for one in writes):
            done.append(True)
            drop_parked(desk.ports, desk.of(name), why="x")

    desk.world.store.before_commit = first
    with pytest.raises(Transient, match="contended"):
        desk.later(minutes=0.5)
    for _ in range(3):
        desk.later(minutes=2)
    assert done
    assert ends(desk) == DROPPED


def test_a_mail_that_is_stored_meanwhile_is_not_dropped(desk: Desk) -> None:
    """As where the mail came in by another list, and its parked document is only to be cleared away."""
    name = desk.parked()
    key = keys.parked(desk.world.mailbox_id, name)
    parked = desk.world.store.read(key).value(key)
    desk.refuse()
    desk.later(minutes=2)
    assert desk.known(name)
    assert parked
    desk.world.store.commit([Put(key, parked)])

    with pytest.raises(Rejected, match="not_retryable"):
        drop_parked(desk.ports, desk.of(name), why="x")


def test_a_catch_up_settles_mail_that_was_parked_for_good(desk: Desk) -> None:
    desk.parked("Late", for_good=True)
    desk.refuse()
    mailbox = replace(desk.world.mailbox, last_synced_at=None)
    desk.world.store.commit([Put(keys.mailbox(mailbox.id), mailbox)])
    desk.world.gmail.forget_history()

    desk.later(minutes=60)

    assert desk.world.conversation("carl") == ["Late"]
    assert (desk.world.parked(), desk.world.mailbox.tally.parked) == ({}, 0)


@pytest.mark.parametrize(("state", "code"), [("lost", "reauth_required"), ("ended", "not_connected")])
def test_in_a_mailbox_that_cannot_be_read_a_mail_can_be_dropped_but_not_replayed(
    desk: Desk, state: str, code: str
) -> None:
    name = desk.parked()
    lose(desk, state)
    with pytest.raises(Rejected, match=code):
        replay_parked(desk.ports, desk.of(name))
    assert drop_parked(desk.ports, desk.of(name), why="x")


def lose(desk: Desk, state: str) -> None:
    from shared.domain.linking import detached
    from shared.domain.mailbox import Trouble, condemned
    from shared.errors import Remedy
    from tests.unit.inbound import HERE

    mailbox = desk.world.mailbox
    trouble = Trouble(Remedy.RECONNECT, "invalid_grant", desk.world.clock.now())
    after = condemned(mailbox, grant_version=1, trouble=trouble) if state == "lost" else detached(mailbox, HERE)
    desk.world.store.commit([Put(keys.mailbox(mailbox.id), after)])
