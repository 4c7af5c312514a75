"""A short soak finds everything in order, is the same each time, and its comparison sees whatever is planted."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from shared.domain import keys
from shared.domain.identifiers import GmailId, MessageId
from tests.fakes.store import Documents
from tests.soak import checks
from tests.soak.book import CANARY, Letter
from tests.soak.era import live
from tests.soak.life import Life
from tests.soak.town import Town
from tests.unit.usecases.office import id_of

SEED, MAILBOXES = 20, 6


def test_an_era_loses_nothing_doubles_nothing_and_leaks_nothing() -> None:
    told = live(SEED, 1_500, mailboxes=MAILBOXES, days=1)

    assert told.violations == []
    happened = {"crashes", "strikes", "pushes lost", "pushes doubled", "pushes late", "sends sent", "label changes"}
    happened |= {"histories forgotten", "grants given anew", "contacts go", "connections ended", "poisonous mails"}
    assert happened <= set(told.tally), told.tally


def test_a_seed_says_everything_about_an_era() -> None:
    first, again, other = (live(seed, 100, mailboxes=3, days=0.1) for seed in (SEED, SEED, SEED + 1))

    assert (first.tally, first.simulated) == (again.tally, again.simulated)
    assert first.tally != other.tally


@pytest.fixture(scope="module")
def settled() -> Town:
    """A town that came to rest."""
    town = Town(SEED, mailboxes=4)
    life = Life(town)
    life.begin()
    while town.book.tally["messages"] < 220 or not town.book.sends:
        town.run_until(town.clock.now() + life.people.town.pace)
        life.act()
    for email in sorted(town.lost):
        life.people.grant_is_given(email)
    assert list(checks.come_to_rest(town)) == []
    assert list(checks.violations(town)) == []
    return town


@pytest.fixture
def town(settled: Town) -> Iterator[Town]:
    """The same town, whose documents may be tampered with."""
    documents, settled.store.documents = settled.store.documents, Documents()
    for path, kept in documents.items():
        settled.store.documents[path] = kept
    yield settled
    settled.store.documents = documents


def one_stored(town: Town) -> tuple[Letter, str, str]:
    """A mail that has to be somewhere, where, and the path of its document."""
    letter = next(one for one in town.book.letters if one.must and not one.poison)
    place, email = next((place, min(bringing)) for place, bringing in letter.must.items())
    known = town.store.documents[keys.known_mail(id_of(email), GmailId(letter.copies[email])).path][0]
    return letter, place, f"locations/{place}/messages/{known['messages'][place]}"


def seen(town: Town) -> str:
    return "\n".join(checks.violations(town))


def test_i1_a_lost_mail_is_seen(town: Town) -> None:
    letter, place, path = one_stored(town)
    del town.store.documents[path]

    assert f"I1: {letter} is 0 times in {place}" in seen(town)


def test_i1_a_doubled_mail_is_seen(town: Town) -> None:
    letter, place, path = one_stored(town)
    town.store.documents[f"{path}-again"] = town.store.documents[path]

    assert f"I1: {letter} is 2 times in {place}" in seen(town)


def test_i1_a_mail_in_another_conversation_is_seen(town: Town) -> None:
    _, _, path = one_stored(town)
    fields, version = town.store.documents[path]
    town.store.documents[path] = {**fields, "conversation": "somebody-else"}, version

    assert "is in the conversation of somebody-else" in seen(town)


def test_i2_i6_a_mail_where_it_must_not_be_is_seen(town: Town) -> None:
    letter, place, path = one_stored(town)
    other = next(one for one in ("here", "there", "yonder") if one not in {*letter.must, *letter.may})
    town.store.documents[path.replace(f"/{place}/", f"/{other}/")] = town.store.documents[path]

    assert f"is in {other}" in seen(town)


@pytest.mark.parametrize("sink", ["documents", "blobs", "events", "outcomes"])
def test_i2_a_trace_of_private_mail_is_seen_in_every_sink(town: Town, sink: str) -> None:
    trace = f"{'.' * 90}{CANARY}{'.' * 90}"
    match sink:
        case "documents":
            town.store.documents["mailboxes/x/decided/1"] = {"reason": trace}, town.clock.now()
        case "blobs":
            town.blobs.contents["body"] = trace.encode()
        case "events":
            town.told.add(trace)
        case _:
            town.said.append(trace)

    found = seen(town)

    town.blobs.contents.pop("body", None)
    town.told.discard(trace)
    town.said = [one for one in town.said if one != trace]
    assert f"I2: in {sink}:" in found


def test_i2_a_body_that_was_read_is_seen(town: Town) -> None:
    letter = next(one for one in town.book.letters if one.private and one.copies)
    email, gmail_id = next(iter(letter.copies.items()))
    town.gmail_of(email).asked.append(("full", gmail_id))

    found = seen(town)

    town.gmail_of(email).asked.pop()
    assert f"I2: the body of {letter} was asked for" in found


def test_i3_a_send_that_went_out_twice_is_seen(town: Town) -> None:
    send = next(one for one in town.book.sends if town.state(one.entry) == "sent")
    account = town.gmail_of(send.account)
    copy = next(mail for mail in account.mails.values() if send.subject in mail.raw and "SENT" in mail.labels)
    account.mails["again"] = replace(copy, id=GmailId("again"))

    found = seen(town)

    del account.mails["again"]
    assert f"I3: {send} is sent and went out 2 times" in found


def test_i3_a_send_that_is_shown_as_it_is_not_is_seen(town: Town) -> None:
    send = town.book.sends[0]
    path = keys.outbox(MessageId(send.entry)).path
    fields, version = town.store.documents[path]
    town.store.documents[path] = {**fields, "state": "failed"}, version

    assert f"I3: {send} is failed and" in seen(town)


def test_i4_an_event_that_nobody_got_is_seen(town: Town) -> None:
    letter, place, path = one_stored(town)
    event = f"message.stored:{place}:{path.rpartition('/')[2]}"
    town.told.remove(event)

    found = seen(town)

    town.told.add(event)
    assert f"I4: nobody was told of {letter} in {place}" in found


def test_i5_a_cursor_that_goes_back_is_seen(town: Town) -> None:
    path = keys.mailbox(id_of(town.emails[0])).path
    fields, version = town.store.documents[path]
    town.store.documents[path] = {**fields, "cursor": fields["cursor"] - 1}, version

    town.watch_cursors()

    assert [one for one in town.violations if one.startswith("I5")]
    town.violations.clear()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"pending": 10**9}, "behind"),
        ({"holder": "push-0"}, "held"),
        ({"catch_up": {"baseline": 7}}, "catching up"),
        ({"trouble": {"reason": "invalid_grant"}}, "in trouble"),
    ],
)
def test_i8_work_that_is_left_lying_is_seen(town: Town, fields: dict[str, object], said: str) -> None:
    email = next(email for email in town.emails if town.book.links.get(email))
    path = keys.mailbox(id_of(email)).path
    before, version = town.store.documents[path]
    later = {"lease_until": town.clock.now().replace(year=2100)}
    town.store.documents[path] = {**before, **later, **fields}, version

    busy = list(checks.busy(town))

    assert busy == [f"{email} is {said}"]
