"""Connections that end or change hands, contacts that change, and mailboxes in two locations, while mail comes in."""

import itertools
from collections.abc import Callable, Sequence

import pytest

from shared.domain.connection import Intent
from shared.domain.identifiers import LocationId
from shared.errors import Transient
from shared.ports.store import Write
from shared.usecases.delete_location import delete_location
from shared.usecases.delete_user import delete_user
from tests.rules.company import Company
from tests.rules.letters import Letter
from tests.unit.inbound import letter
from tests.unit.usecases.office import ANN, ANNS, HERE, THERE

CARL, OTHER = "carl@customer.example", "other@gmail.com"


def company(*, both: bool = False) -> Company:
    made = Company()
    made.account(OTHER)
    made.contact("carl", CARL)
    if both:
        made.contact("carl-there", CARL, THERE)
        made.connect(location=THERE)
    return made


def user_removed(made: Company) -> None:
    delete_user(HERE, ANN, by=ANN, store=made.store, google=made.google, topics=made.topics, patience=made.patience)


def location_removed(made: Company) -> None:
    delete_location(HERE, by=ANN, store=made.store, google=made.google, topics=made.topics, patience=made.patience)


ENDS: dict[str, Callable[[Company], object]] = {
    "disconnect": lambda made: made.disconnect(),
    "update": lambda made: made.connect(OTHER, intent=Intent.UPDATE),
    "user removed": user_removed,
    "location removed": location_removed,
}


def letters(made: Company, count: int = 3) -> None:
    for number in range(count):
        made.post(Letter(f"l{number}", CARL, (ANNS,), subject=f"{number}"), sync=False)


def subjects(made: Company, location: LocationId = HERE) -> list[str]:
    return sorted(one.subject for one in made.messages(location))


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("number", range(7))
def test_f35_f36_an_end_before_any_write_of_a_sync_is_the_last_moment_that_anything_is_stored(
    how: str, number: int
) -> None:
    """The write itself says under which lives of the connections it was decided."""
    made = company()
    letters(made)
    commits, had = itertools.count(), list[list[str]]()

    def ends(_writes: Sequence[Write]) -> None:
        if next(commits) == number:
            made.store.before_commit = lambda _: None
            ENDS[how](made)
            had.append(subjects(made))

    made.store.before_commit = ends
    for _ in range(3):
        try:
            made.push()
        except Transient:
            continue
    made.store.before_commit = lambda _: None
    made.drain(90)
    assert had in ([], [subjects(made)])
    assert all(
        blob.partition("/messages/")[2].partition("/")[0] in {one.id for one in made.messages()}
        for blob in made.blobs.contents
    )


@pytest.mark.parametrize("how", ENDS)
def test_f35_f36_what_ends_here_goes_on_there_even_amid_a_write(how: str) -> None:
    made = company(both=True)
    letters(made)
    commits = itertools.count()

    def ends(_writes: Sequence[Write]) -> None:
        if next(commits) == 1:
            made.store.before_commit = lambda _: None
            ENDS[how](made)

    made.store.before_commit = ends
    made.push()
    made.drain(90)
    assert subjects(made) == []
    assert subjects(made, THERE) == ["0", "1", "2"]


@pytest.mark.parametrize("how", ENDS)
def test_f35_f36_an_end_that_a_renewed_lease_has_seen_already_still_stops_what_was_decided_before_it(how: str) -> None:
    """Between decision and commit the worker writes the mailbox as it is now: with the end in it."""
    made = company(both=True)
    file = 'Content-Disposition: attachment; filename="a"\nContent-Type: a/b'
    made.gmail.deliver(letter(CARL, ANNS, subject="With a file").replace("Content-Type: text/plain", file))
    left = [ENDS[how]]

    def ends(name: str, _what: str) -> None:
        if name == "attachment" and left:
            left.pop()(made)
            made.clock.advance(seconds=45)

    made.gmail.fail = ends
    made.push()
    made.drain(5)
    assert not left
    assert subjects(made) == []
    assert subjects(made, THERE) == ["With a file"]
    assert not [blob for blob in made.blobs.contents if blob.startswith(f"locations/{HERE}/")]


def test_f35_the_new_mailboxs_mail_never_lies_under_the_old_one() -> None:
    made = company()
    letters(made, 1)
    done: list[object] = []

    def switches(name: str, _what: str) -> None:
        if name == "full" and not done:
            done.append(made.connect(OTHER, intent=Intent.UPDATE))
            made.post(Letter("new", CARL, (OTHER,), subject="To the new one"), sync=False)
            made.push(OTHER)

    made.gmail.fail = switches
    with pytest.raises(Transient):
        made.push()
    made.sync()
    (message,) = made.messages()
    assert message.subject == "To the new one"
    assert set(message.sources) == {made.mailbox(OTHER).id}


def test_f37_after_connecting_again_the_time_between_stays_out_and_nothing_is_doubled() -> None:
    made = company()
    made.post(Letter("before", CARL, (ANNS,), subject="Before"))
    made.disconnect()
    gap = made.post(Letter("gap", CARL, (ANNS,), subject="Gap"))
    spam = made.post(Letter("spam", CARL, (ANNS,), subject="Gap, in spam", labels=("SPAM",)))
    made.clock.advance(days=2)
    made.connect()
    made.post(Letter("after", CARL, (ANNS,), subject="After"))
    for one in (gap, spam):
        made.gmail.label(made.copies[one.name][ANNS], add=["INBOX", "STARRED"], remove=["SPAM", "UNREAD"])
    made.sync()
    made.gmail.forget_history()
    made.post(Letter("later", CARL, (ANNS,), subject="Later"))
    made.drain(120)
    assert made.conversation("carl") == ["Before", "After", "Later"]
    assert made.bodies_asked().isdisjoint({made.copies["gap"][ANNS], made.copies["spam"][ANNS]})


def test_f38_one_mailbox_in_two_locations_has_one_grant_one_watch_and_two_lives() -> None:
    made = company(both=True)
    made.post(Letter("one", CARL, (ANNS,), subject="One"))
    assert (subjects(made), subjects(made, THERE)) == (["One"], ["One"])
    assert (made.gmail.calls["full"], made.gmail.calls["headers"]) == (1, 1)
    made.disconnect()
    assert (made.gmail.calls["stop"], made.grants.revoked) == (0, [])
    made.post(Letter("two", CARL, (ANNS,), subject="Two"))
    assert (subjects(made), subjects(made, THERE)) == (["One"], ["One", "Two"])
    assert made.mailbox().watch_expires_at
    made.disconnect(location=THERE)
    assert (made.gmail.calls["stop"], len(made.grants.revoked)) == (1, 1)
    calls = made.gmail.calls.total()
    made.post(Letter("three", CARL, (ANNS,), subject="Three"))
    made.drain(120)
    assert made.gmail.calls.total() == calls
    assert "Three" not in subjects(made) + subjects(made, THERE)


@pytest.mark.parametrize("claimed_by", [HERE, THERE])
def test_f39_a_reply_to_what_one_locations_crm_began_is_in_that_location_alone(claimed_by: LocationId) -> None:
    made = company(both=True)
    contact = "carl" if claimed_by == HERE else "carl-there"
    name = made.send(CARL, location=claimed_by)
    sent = made.message(name, claimed_by)
    assert sent
    (source,) = sent.sources.values()
    made.threads["t", ANNS] = source.thread_id
    reply = {"In-Reply-To": sent.message_id or "", "References": sent.message_id or ""}
    made.post(Letter("reply", CARL, (ANNS,), subject="Re: An offer", thread="t", headers=reply))
    made.post(Letter("own", ANNS, (CARL,), subject="Re: An offer", thread="t", answers="reply"))
    made.drain(5)
    assert made.conversation(contact, claimed_by) == ["An offer", "Re: An offer", "Re: An offer"]
    assert made.messages(THERE if claimed_by == HERE else HERE) == []
