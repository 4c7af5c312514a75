"""Markers of threads that another location has, claims that their user moves, and flags that the CRM sets."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from shared.domain import keys
from shared.domain.identifiers import LocationId, MailboxId, ThreadId, UserId
from shared.domain.keys import Key
from shared.domain.mailbox import Link, Mailbox
from shared.domain.message import Direction, Message, Source, Thread
from shared.domain.policy import Policy
from shared.domain.session import Role
from shared.errors import Transient
from shared.ports.store import Put
from shared.ports.world import Event
from tests.fakes.store import FakeReading
from tests.unit.entrypoint.reader import CARL, THERE, Reader
from tests.unit.entrypoint.requests import content, error
from tests.unit.inbound import HERE, letter

EMPTY = LocationId("empty")


@pytest.fixture
def reader() -> Reader:
    """Ada, whose mailbox two locations use; both have Carl's mail, and a third one may be seen but has nothing."""
    made = Reader()
    made.world.location(THERE)
    made.world.location(EMPTY)
    made.world.link(THERE)
    made.world.contact("carl-there", CARL, THERE)
    made.locations = frozenset({HERE, THERE, EMPTY})
    made.arrives(letter(CARL, subject="Question"))
    return made


def asked(reader: Reader, location: LocationId = HERE) -> str:
    """The id of Carl's mail, by which both locations keep it."""
    return next(one.id for one in reader.world.messages(location) if one.subject == "Question")


def thread(reader: Reader) -> Thread:
    key = keys.thread(reader.world.mailbox_id, ThreadId("t1"))
    found = reader.world.store.read(key).value(key)
    assert found
    return found


def claim(reader: Reader, by: LocationId = HERE, **more: Any) -> None:
    """The location has the thread."""
    kept = replace(thread(reader), claimed_by=by, claim_epoch=1, claims=1, **more)
    reader.world.store.commit([Put(keys.thread(reader.world.mailbox_id, kept.id), kept)])


def marked(reader: Reader, location: LocationId) -> Any:
    """The marker of Carl's mail, which list and single mail agree on."""
    contact = "carl" if location == HERE else "carl-there"
    listed = content(reader.ask(f"/conversations/{contact}/messages", location=location))["items"]
    alone = content(reader.ask(f"/messages/{asked(reader, location)}", location=location))
    assert listed == [alone]
    return alone["claimed_elsewhere"]


def link(reader: Reader, location: LocationId, **fields: Any) -> None:
    mailbox = reader.world.mailbox
    links = {**mailbox.links, location: replace(mailbox.links[location], **fields)}
    reader.world.store.commit([Put(keys.mailbox(mailbox.id), replace(mailbox, links=links))])


def mirror_always(reader: Reader, location: LocationId) -> None:
    key = keys.location(location)
    found = reader.world.store.read(key).value(key)
    assert found
    policy = Policy(multi_location="mirror_always")
    reader.world.store.commit([Put(key, replace(found, policy=policy))])


def test_R42_the_other_locations_see_a_marker_and_the_claiming_one_sees_none(reader: Reader) -> None:
    assert (marked(reader, HERE), marked(reader, THERE)) == (None, None)
    claim(reader)
    assert (marked(reader, HERE), marked(reader, THERE)) == (None, {"location": HERE})


def test_R42_only_the_mailboxs_own_user_learns_which_location_it_is(reader: Reader) -> None:
    claim(reader)
    reader.user = UserId("bea")
    assert marked(reader, THERE) == {"location": None}


def test_R42_a_location_where_somebody_else_uses_the_mailbox_is_not_named(reader: Reader) -> None:
    claim(reader)
    link(reader, HERE, user=UserId("bea"))
    assert marked(reader, THERE) == {"location": None}


def test_R42_a_mirror_is_not_marked_but_for_what_began_in_another_crm(reader: Reader) -> None:
    mirror_always(reader, THERE)
    claim(reader)
    assert marked(reader, THERE) is None
    claim(reader, begun_in=HERE)
    assert marked(reader, THERE) == {"location": HERE}


def test_R39_the_marker_ends_with_the_claiming_connection(reader: Reader) -> None:
    claim(reader)
    link(reader, HERE, epoch=2)
    assert marked(reader, THERE) is None


def test_R37_mail_of_a_mailbox_that_the_location_left_is_not_marked(reader: Reader) -> None:
    claim(reader)
    reader.world.unlink(THERE)
    assert marked(reader, THERE) is None


def test_a_page_of_mail_costs_one_read_for_all_its_markers(reader: Reader) -> None:
    reads: list[int] = []
    read = reader.world.store.read
    reader.arrives(*(letter(CARL, subject=str(n)) for n in range(20)))

    def counted(*wanted: Key[Any]) -> FakeReading:
        reads.append(len(wanted))
        return read(*wanted)

    reader.world.store.read = counted  # type: ignore[method-assign]
    reader.items("/conversations/carl/messages")
    many = len(reads)
    reads.clear()
    reader.items("/conversations/carl/messages?limit=1")
    assert len(reads) == many


def test_R42_a_mail_in_two_mailboxes_is_marked_for_each_and_names_what_the_reader_may_know(reader: Reader) -> None:
    claim(reader)
    other, at = MailboxId("mailbox-bea"), reader.world.clock.now()
    links = {HERE: Link(UserId("bea"), at, 1), THERE: Link(UserId("bea"), at, 1)}
    box = Mailbox(other, "sub-bea", reader.world.mailbox.address, links=links)
    theirs = Thread(ThreadId("t9"), claimed_by=HERE, claim_epoch=1)
    message = next(one for one in reader.world.messages(THERE))
    sources = {other: Source(message.sources[reader.world.mailbox_id].gmail_id, theirs.id), **message.sources}
    reader.world.store.commit(
        [
            Put(keys.mailbox(other), box),
            Put(keys.thread(other, theirs.id), theirs),
            Put(keys.message(THERE, message.id), replace(message, sources=sources)),
        ]
    )
    assert marked(reader, THERE) == {"location": HERE}
    reader.user = UserId("cleo")
    assert marked(reader, THERE) == {"location": None}


def move(reader: Reader, to: str | None, *, location: LocationId = HERE, message: str = "") -> Any:
    path = f"/messages/{message or asked(reader, location)}/claim"
    return reader.ask(path, method="POST", location=location, body={"to": to})


def test_R42_the_user_moves_the_thread_to_their_other_location(reader: Reader) -> None:
    claim(reader)

    answer = move(reader, THERE, location=THERE)

    assert (answer.status_code, content(answer)["claimed_elsewhere"]) == (200, None)
    assert marked(reader, HERE) == {"location": THERE}
    kept = thread(reader)
    assert (kept.claimed_by, kept.claim_epoch, kept.begun_in, kept.firm) == (THERE, 1, None, True)
    told = sorted((one.type, one.location, one.details["claimed"]) for one in reader.world.topics.announced[-2:])
    assert told == [("thread.claimed", HERE, "elsewhere"), ("thread.claimed", THERE, "here")]


def test_R42_after_a_move_later_mail_comes_to_the_new_location_alone(reader: Reader) -> None:
    claim(reader)
    move(reader, THERE)
    reader.world.clock.advance(minutes=1)
    reader.world.gmail.deliver(letter(CARL, subject="Later"), thread="t1")
    reader.world.push()
    assert reader.world.conversation("carl") == ["Question"]
    assert sorted(reader.world.conversation("carl-there", THERE)) == ["Later", "Question"]


@pytest.mark.parametrize("to", [THERE, None], ids=["moved", "released"])
def test_R40_what_a_crm_began_is_neither_moved_nor_released(reader: Reader, to: str | None) -> None:
    claim(reader, begun_in=HERE)
    before = thread(reader)
    told = error(move(reader, to))
    assert (told["code"], "stays there" in told["message"]) == ("thread_claimed", True)
    assert thread(reader) == before
    assert move(reader, HERE).status_code == 200


def test_R42_after_a_release_later_mail_comes_to_every_location(reader: Reader) -> None:
    claim(reader)
    assert move(reader, None).status_code == 200
    assert (thread(reader).claimed_by, thread(reader).begun_in) == (None, None)
    reader.world.clock.advance(minutes=1)
    reader.world.gmail.deliver(letter(CARL, subject="Later"), thread="t1")
    reader.world.push()
    assert sorted(reader.world.conversation("carl")) == ["Later", "Question"]
    assert sorted(reader.world.conversation("carl-there", THERE)) == ["Later", "Question"]
    assert {one.type for one in reader.world.topics.announced[-4:]} >= {"thread.released", "message.stored"}


def test_R42_releasing_what_nobody_has_changes_nothing(reader: Reader) -> None:
    before = dict(reader.world.store.documents)
    assert move(reader, None).status_code == 200
    assert reader.world.store.documents == before


def test_R42_moving_what_nobody_has_claims_it(reader: Reader) -> None:
    assert move(reader, THERE).status_code == 200
    assert thread(reader).claimed_by == THERE


def test_R75_a_move_whose_event_was_lost_is_told_when_it_is_asked_for_again(reader: Reader) -> None:
    claim(reader)
    announce = reader.world.topics.announce

    def down(events: Sequence[Event]) -> None:
        raise Transient("topics: 503")

    reader.world.topics.announce = down  # type: ignore[method-assign]
    assert move(reader, THERE).status_code == 503
    reader.world.topics.announce = announce  # type: ignore[method-assign]
    reader.world.topics.announced.clear()
    assert move(reader, THERE).status_code == 200
    assert {one.type for one in reader.world.topics.announced} == {"thread.claimed"}


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, error(answer)["code"]


def test_R42_whose_token_lacks_one_of_the_locations_finds_nothing(reader: Reader) -> None:
    claim(reader)
    reader.locations = frozenset({THERE})
    assert refusal(move(reader, None, location=THERE)) == (404, "not_found")
    assert refusal(move(reader, HERE, location=THERE)) == (404, "not_found")
    assert refusal(move(reader, THERE)) == (404, "not_found")
    assert thread(reader).claimed_by == HERE


def test_R42_the_thread_of_somebody_elses_mailbox_cannot_be_moved(reader: Reader) -> None:
    claim(reader)
    reader.user = UserId("bea")
    assert refusal(move(reader, None)) == (403, "forbidden")


def test_R42_a_claim_of_another_users_connection_cannot_be_taken(reader: Reader) -> None:
    claim(reader)
    link(reader, HERE, user=UserId("bea"))
    assert refusal(move(reader, THERE, location=THERE)) == (403, "forbidden")


def test_R42_a_location_without_the_mailbox_gets_no_thread(reader: Reader) -> None:
    claim(reader)
    assert refusal(move(reader, EMPTY)) == (409, "not_connected")


def test_R37_a_mail_of_a_mailbox_that_was_left_has_no_thread_to_move(reader: Reader) -> None:
    message = next(one for one in reader.world.messages() if one.subject == "Question")
    kept = replace(message, sources={MailboxId("former"): next(iter(message.sources.values()))})
    reader.world.store.commit([Put(keys.message(HERE, message.id), kept)])
    assert refusal(move(reader, THERE)) == (403, "forbidden")


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SERVICE, Role.OPERATOR])
def test_R42_nobody_moves_claims_for_the_user(reader: Reader, role: Role) -> None:
    reader.role = role
    assert refusal(move(reader, None)) == (403, "forbidden")


def test_a_mail_that_is_not_there_has_no_thread_to_move(reader: Reader) -> None:
    assert refusal(move(reader, None, message="nothing")) == (404, "not_found")
    answer = reader.ask(f"/messages/{asked(reader)}/claim", method="POST", body={})
    assert refusal(answer) == (400, "invalid_request")


@pytest.mark.parametrize("to", ["", "a b", "../x", "__x__"])
def test_what_is_no_location_gets_no_thread(reader: Reader, to: str) -> None:
    assert refusal(move(reader, to)) == (400, "invalid_request")


def test_R42_a_location_that_the_token_lacks_is_not_named(reader: Reader) -> None:
    claim(reader)
    reader.locations = frozenset({THERE})
    assert marked(reader, THERE) == {"location": None}


# Flags


def flag(reader: Reader, **flags: Any) -> Any:
    return reader.ask(f"/messages/{asked(reader)}/flags", method="POST", body=flags)


def unread(reader: Reader, conversation: str = "carl") -> int:
    return next(int(one["unread"]) for one in reader.items("/conversations") if one["id"] == conversation)


def test_R17_the_crm_marks_one_mail_and_the_count_and_the_event_go_with_it(reader: Reader) -> None:
    reader.arrives(letter(CARL, subject="Other"))
    answer = flag(reader, read=True)
    assert (answer.status_code, content(answer)["read"], content(answer)["starred"]) == (200, True, False)
    assert unread(reader) == 1
    answer = flag(reader, read=False, starred=True)
    assert (content(answer)["read"], content(answer)["starred"], unread(reader)) == (False, True, 2)
    (first, second) = [one.details for one in reader.world.topics.announced if one.type == "message.state"]
    assert first == {"message": asked(reader), "read": True, "starred": False}
    assert second == {"message": asked(reader), "read": False, "starred": True}


def test_R17_the_same_flag_again_changes_no_count(reader: Reader) -> None:
    for _ in range(3):
        assert flag(reader, read=True).status_code == 200
    assert unread(reader) == 0


def test_R17_what_the_user_sent_never_counts_as_unread(reader: Reader) -> None:
    sent = Message(reader.world.messages()[0].id, reader.world.messages()[0].conversation, Direction.OUTBOUND)
    reader.keep(sent)
    before = unread(reader)
    assert content(flag_of(reader, sent.id, read=False))["read"] is False
    assert unread(reader) == before


def flag_of(reader: Reader, message: str, **flags: Any) -> Any:
    return reader.ask(f"/messages/{message}/flags", method="POST", body=flags)


@pytest.mark.parametrize("body", [{}, {"read": None}, {"read": 1}, {"unread": True}, {"read": True, "more": 1}])
def test_flags_that_are_none_are_refused(reader: Reader, body: dict[str, object]) -> None:
    assert refusal(flag(reader, **body)) == (400, "invalid_request")


def test_a_mail_of_another_location_has_no_flags_to_set(reader: Reader) -> None:
    assert refusal(flag_of(reader, "nothing", read=True)) == (404, "not_found")
    reader.locations = frozenset({THERE})
    assert refusal(flag(reader, read=True)) == (404, "not_found")


def test_R17_history_that_was_known_of_when_the_crm_changed_the_flag_never_undoes_it(reader: Reader) -> None:
    world = reader.world
    flag(reader, read=True)
    name = next(iter(world.gmail.mails))
    world.gmail.label(name, remove=["UNREAD"])
    world.gmail.label(name, add=["UNREAD"])
    pending = replace(world.mailbox, pending=world.gmail.newest)
    world.store.commit([Put(keys.mailbox(pending.id), pending)])

    flag(reader, read=True)
    world.push()

    assert read_and_starred(reader) == (True, False)
    assert unread(reader) == 0


def read_and_starred(reader: Reader) -> tuple[bool, bool]:
    one = reader.read(f"/messages/{asked(reader)}")
    return one["read"], one["starred"]


def test_R17_history_that_comes_after_the_crms_change_wins(reader: Reader) -> None:
    world = reader.world
    flag(reader, read=True)
    world.gmail.label(next(iter(world.gmail.mails)), remove=["UNREAD"])
    world.gmail.label(next(iter(world.gmail.mails)), add=["UNREAD"])
    world.push()
    assert read_and_starred(reader) == (False, False)
    assert unread(reader) == 1


def test_R17_a_change_of_one_flag_says_nothing_about_the_other(reader: Reader) -> None:
    world = reader.world
    world.gmail.label(next(iter(world.gmail.mails)), add=["STARRED"])
    pending = replace(world.mailbox, pending=world.gmail.newest)
    world.store.commit([Put(keys.mailbox(pending.id), pending)])

    flag(reader, read=True)
    world.push()

    assert read_and_starred(reader) == (True, True)


def test_R17_a_conversation_that_was_read_stays_read_when_older_history_comes_late(reader: Reader) -> None:
    world, name = reader.world, next(iter(reader.world.gmail.mails))
    world.gmail.label(name, remove=["UNREAD"])
    world.gmail.label(name, add=["UNREAD"])
    pending = replace(world.mailbox, pending=world.gmail.newest)
    world.store.commit([Put(keys.mailbox(pending.id), pending)])

    reader.ask("/conversations/carl/read", method="POST")
    world.push()
    assert (read_and_starred(reader), unread(reader)) == ((True, False), 0)

    world.gmail.label(name, remove=["UNREAD"])
    world.gmail.label(name, add=["UNREAD"])
    world.push()
    assert (read_and_starred(reader), unread(reader)) == ((False, False), 1)


def test_R17_a_run_that_is_repeated_undoes_nothing_that_came_since(reader: Reader) -> None:
    world, name = reader.world, next(iter(reader.world.gmail.mails))
    before = world.mailbox.cursor
    world.gmail.label(name, remove=["UNREAD"])
    world.gmail.label(name, add=["UNREAD"])
    world.push()
    flag(reader, read=True)
    world.store.commit([Put(keys.mailbox(world.mailbox_id), replace(world.mailbox, cursor=before))])

    world.push()

    assert (read_and_starred(reader), unread(reader)) == ((True, False), 0)


def test_R17_a_list_after_a_lost_history_undoes_nothing(reader: Reader) -> None:
    world = reader.world
    flag(reader, read=True, starred=True)
    world.gmail.forget_history()
    world.clock.advance(minutes=1)
    world.wake()
    assert read_and_starred(reader) == (True, True)


def test_R17_each_of_two_mailboxes_has_a_history_of_its_own(reader: Reader) -> None:
    world = reader.world
    message = next(one for one in world.messages() if one.subject == "Question")
    (own,) = message.sources.values()
    other = MailboxId("mailbox-bea")
    box = Mailbox(other, "sub-bea", world.mailbox.address, cursor=10**9)
    sources = {**message.sources, other: replace(own, as_of=10**9)}
    world.store.commit(
        [Put(keys.mailbox(other), box), Put(keys.message(HERE, message.id), replace(message, sources=sources))]
    )
    flag(reader, read=True)
    world.gmail.label(own.gmail_id, remove=["UNREAD"])
    world.gmail.label(own.gmail_id, add=["UNREAD"])
    world.push()
    assert read_and_starred(reader) == (False, False)
    kept = next(one for one in world.messages() if one.id == message.id)
    assert kept.sources[other].read_after == 10**9


@pytest.mark.parametrize("gone", ["TRASH", "archived", "deleted"])
def test_R17_what_is_thrown_away_in_gmail_stays_in_the_crm(reader: Reader, gone: str) -> None:
    world, name = reader.world, next(iter(reader.world.gmail.mails))
    match gone:
        case "TRASH":
            world.gmail.label(name, add=["TRASH"], remove=["INBOX"])
        case "archived":
            world.gmail.label(name, remove=["INBOX"])
        case _:
            world.gmail.delete(name)
    world.push()
    world.clock.advance(hours=2)
    world.tick()
    assert [one["subject"] for one in reader.items("/conversations/carl/messages")] == ["Question"]
    assert reader.items("/conversations")[0]["message_count"] == 1


def test_R17_a_flag_event_that_was_lost_is_told_again_with_the_history(reader: Reader) -> None:
    world, name = reader.world, next(iter(reader.world.gmail.mails))
    before = world.mailbox.cursor
    world.gmail.label(name, remove=["UNREAD"])
    world.push()
    (first,) = [one.id for one in world.topics.announced if one.type == "message.state" and one.location == HERE]
    world.topics.announced.clear()
    world.store.commit([Put(keys.mailbox(world.mailbox_id), replace(world.mailbox, cursor=before))])
    world.push()
    assert first in [one.id for one in world.topics.announced]
