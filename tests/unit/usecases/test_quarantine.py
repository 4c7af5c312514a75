"""Auto-BCC mail that was not filed: who sees it, how long, how much of it, and what may still become of it."""

from datetime import timedelta

import pytest

from shared.domain.identifiers import UserId, created_contact_id
from shared.domain.location import User
from shared.domain.quarantine import KEPT, MOST, Quarantined
from shared.errors import Rejected
from shared.usecases.auto_bcc_address import rotate_auto_bcc
from shared.usecases.list_quarantine import list_quarantine
from shared.usecases.put_user import put_user
from shared.usecases.settle_quarantine import drop_quarantined, file_quarantined
from tests.unit.usecases.mailroom import CARL, Mailroom
from tests.unit.usecases.office import ANN, BOB, HERE, address


@pytest.fixture
def room() -> Mailroom:
    return Mailroom()


def listed(room: Mailroom, user: UserId = ANN, limit: int = 100) -> list[Quarantined]:
    return list_quarantine(room.store, HERE, user, now=room.clock.now(), limit=limit, after=None)


def refused(room: Mailroom, name: str, user: UserId = ANN) -> Rejected:
    with pytest.raises(Rejected) as raised:
        file_quarantined(room.ports, HERE, user, name)
    return raised.value


def no_contact(room: Mailroom) -> str:
    room.policy(contact_creation="never")
    room.bring(room.letter())
    (held,) = listed(room)
    return held.id


def test_R63_only_the_user_whose_address_it_came_to_sees_and_settles_it(room: Mailroom) -> None:
    name = no_contact(room)

    assert listed(room, BOB) == []
    assert refused(room, name, BOB).code == "not_found"
    with pytest.raises(Rejected) as dropped:
        drop_quarantined(room.ports, HERE, BOB, name)
    assert dropped.value.code == "not_found"
    assert len(listed(room)) == 1


def test_R63_with_a_contact_by_now_it_is_filed_and_held_no_longer(room: Mailroom) -> None:
    name, received_at = no_contact(room), room.clock.now()
    assert refused(room, name).code == "no_contact"
    room.clock.advance(days=2)
    room.contact("carl")

    message = file_quarantined(room.ports, HERE, ANN, name)

    assert (room.message().id, room.message().conversation) == (message, "carl")
    assert room.message().at == received_at
    assert [person.address for person in room.message().bcc] == [room.address()]
    assert listed(room) == []
    assert [name for name in room.blobs.contents if name.startswith("quarantine/")] == []


def test_R63_the_rules_are_run_again_as_they_are_by_then(room: Mailroom) -> None:
    name = no_contact(room)
    room.policy(exclusions=["customer.example"])

    told = refused(room, name)

    assert told.code == "not_retryable"
    assert "excluded" in told.message
    room.policy()
    file_quarantined(room.ports, HERE, ANN, name)
    assert room.message().conversation == created_contact_id(CARL)


@pytest.mark.parametrize("verdict", ["none", "dmarc=pass header.from=customer.example"])
def test_R63_what_was_not_the_users_can_only_be_dropped(verdict: str, room: Mailroom) -> None:
    room.bring(room.letter(sender=CARL), verdict=verdict)
    (held,) = listed(room)

    told = refused(room, held.id)
    drop_quarantined(room.ports, HERE, ANN, held.id)

    assert (told.code, listed(room)) == ("not_retryable", [])
    assert told.message.endswith(".")


def test_R63_after_thirty_days_it_is_not_there_and_its_bytes_go_with_the_next(room: Mailroom) -> None:
    name = no_contact(room)
    room.clock.advance(seconds=KEPT.total_seconds())

    assert listed(room) == []
    assert refused(room, name).code == "not_found"
    room.bring(room.letter(), verdict="none")
    assert [one.reason for one in room.held()] == ["not_authenticated"]
    assert room.blobs.contents == {}


def test_R63_the_newest_two_hundred_are_kept_whatever_somebody_sends(room: Mailroom) -> None:
    for number in range(MOST + 5):
        room.clock.advance(seconds=1)
        room.bring(room.letter(subject=f"Spoof {number}"), verdict="none")

    held = room.held()
    assert len(held) == MOST
    assert {one.subject for one in held} == {f"Spoof {number}" for number in range(5, MOST + 5)}


def test_R63_a_mail_that_is_brought_again_is_held_once(room: Mailroom) -> None:
    mail = room.letter()
    room.bring(mail, verdict="none")
    room.bring(mail, verdict="none")

    assert len(room.held()) == 1


def test_R63_what_is_no_longer_the_users_own_address_is_not_filed(room: Mailroom) -> None:
    name = no_contact(room)
    room.contact("carl")
    put_user(room.store, HERE, User(ANN, address("ann@renamed.example")), patience=room.patience)

    assert refused(room, name).code == "not_retryable"
    assert (room.messages(), len(listed(room))) == ([], 1)


def test_R63_it_can_be_filed_after_the_address_was_rotated(room: Mailroom) -> None:
    name, old = no_contact(room), room.address()
    room.contact("carl")
    rotate_auto_bcc(room.store, HERE, ANN, patience=room.patience)

    file_quarantined(room.ports, HERE, ANN, name)

    assert [person.address for person in room.message().bcc] == [old]


def test_R63_the_newest_come_first(room: Mailroom) -> None:
    for subject in ("first", "second"):
        room.clock.advance(seconds=timedelta(seconds=1).total_seconds())
        room.bring(room.letter(subject=subject), verdict="none")

    assert [one.subject for one in listed(room)] == ["second", "first"]
