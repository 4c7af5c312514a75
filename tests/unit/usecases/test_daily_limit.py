"""The daily limit, sentence by sentence (R54)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.domain import keys
from shared.domain.draft import draft_of
from shared.domain.identifiers import LocationId, MessageId
from shared.domain.message import Status
from shared.errors import Rejected, Transient
from shared.ports.store import Put
from shared.usecases.accept_send import Asked, accept_send
from shared.usecases.receive_mail import receive_mail
from tests.unit.inbound import ADA, HERE, letter
from tests.unit.outbound import CARL, MAIL, USER, Outbound, json_part
from tests.unit.two_locations import THERE, TwoLocations


@pytest.fixture
def world() -> Outbound:
    return Outbound()


def sent_lately(world: Outbound, count: int, *, hours_ago: float = 1) -> None:
    bucket = int(world.clock.now().timestamp() - hours_ago * 3600) // 300
    world.change_mailbox(sent={str(bucket): count})


def send_at(world: Outbound, location: LocationId, key: str) -> MessageId:
    received = receive_mail([json_part(MAIL)], world.blobs, folder=f"locations/{location}/outbox/{key}")
    asked = Asked(location, USER, key, draft_of(received.content or b""))
    return accept_send(asked, received, store=world.store, topics=world.topics, patience=world.patience).id


def full(send: Callable[[], object]) -> Rejected:
    with pytest.raises(Rejected, match="daily_limit_reached") as caught:
        send()
    return caught.value


@pytest.mark.parametrize(("domain", "limit"), [(None, 500), ("agency.example", 2_000)])
def test_R54_a_mailbox_sends_500_in_24_hours_and_a_workspace_one_2000(
    world: Outbound, domain: str | None, limit: int
) -> None:
    world.change_mailbox(hosted_domain=domain)
    sent_lately(world, limit - 1)
    world.accept(key="last")

    assert full(lambda: world.accept(key="more")).details["limit"] == limit


@pytest.mark.parametrize(("before", "accepted"), [(498, 2), (499, 1), (500, 0)])
def test_R54_F55_two_locations_that_send_at_once_share_the_last_places(before: int, accepted: int) -> None:
    world = TwoLocations()
    sent_lately(world, before)
    outcomes: list[str] = []

    def tried(send: Callable[[], object]) -> None:
        try:
            send()
            outcomes.append("accepted")
        except Rejected as error:
            outcomes.append(error.code)

    def intrude(writes: object) -> None:
        world.store.before_commit = lambda _: None
        tried(lambda: send_at(world, THERE, "there"))

    world.store.before_commit = intrude
    tried(lambda: send_at(world, HERE, "here"))
    if before == 500:
        tried(lambda: send_at(world, THERE, "there"))

    assert sorted(outcomes) == ["accepted"] * accepted + ["daily_limit_reached"] * (2 - accepted)
    assert world.used() == before + accepted


def test_R54_what_is_older_than_24_hours_counts_no_more(world: Outbound) -> None:
    sent_lately(world, 500, hours_ago=24.1)

    assert world.accept().conversation == "carl"


def test_R54_what_the_user_sent_in_gmail_itself_takes_places_too(world: Outbound) -> None:
    world.policy(daily_limit=2)
    for subject in ("One", "Two"):
        world.gmail.deliver(letter(ADA, "eve@other.example", subject), labels=["SENT"])
    world.push()

    full(world.accept)


@pytest.mark.parametrize("synced_first", [False, True])
def test_R54_a_sent_mail_that_is_our_own_is_not_counted_twice(world: Outbound, synced_first: bool) -> None:
    if synced_first:
        world.sender.after = lambda call: (world.push(), None)[1] if call == "finish" else None

    world.send()
    world.push()

    assert (world.used(), len(world.sent())) == (1, 1)


def test_R54_a_locations_limit_is_the_mailboxes_count_at_which_that_location_sends_no_more(world: Outbound) -> None:
    world.location(THERE)
    world.link(THERE)
    world.contact("carl", CARL, THERE)
    world.policy(daily_limit=3)
    for at in range(3):
        send_at(world, THERE, f"there-{at}")

    error = full(lambda: send_at(world, HERE, "here"))

    assert error.details["limit"] == 3
    assert send_at(world, THERE, "there-4")
    assert world.used() == 4


def test_R54_beyond_it_nothing_is_accepted_the_time_is_named_and_the_key_is_not_used_up(world: Outbound) -> None:
    sent_lately(world, 500)

    error = full(world.accept)

    assert not any("outbox" in path or "/messages/" in path for path in world.store.documents)
    assert not world.blobs.contents
    world.clock.time = error.details["retry_at"]  # type: ignore[assignment]
    assert world.accept({"subject": "Another mail under the same key"}).conversation == "carl"


def test_R54_the_time_that_is_named_is_not_a_moment_too_late(world: Outbound) -> None:
    sent_lately(world, 500)
    retry_at = full(world.accept).details["retry_at"]
    assert hasattr(retry_at, "timestamp")

    world.clock.advance(seconds=retry_at.timestamp() - world.clock.now().timestamp() - 1)
    full(world.accept)
    world.clock.advance(seconds=1)

    world.accept()


def test_R54_an_accepted_mail_that_gmail_refuses_for_its_rate_waits_with_the_time_shown_then_goes_out(
    world: Outbound,
) -> None:
    accepted = world.accept()
    until = world.clock.now().replace(microsecond=0)
    world.sender.before = _busy(world, hours=3)

    world.deliver(accepted.id)

    shown = world.shown(accepted.id)
    assert shown.failure
    assert (shown.status, shown.failure.code) == (Status.QUEUED, "daily_limit_reached")
    assert shown.failure.retry_at
    assert (shown.failure.retry_at - until).total_seconds() // 3600 == 3
    world.sender.before = lambda _: None
    world.drain(200)
    assert (world.shown(accepted.id).status, len(world.sent()), world.used()) == (Status.SENT, 1, 1)


def test_R54_a_mail_that_gmail_does_not_take_for_24_hours_has_failed(world: Outbound) -> None:
    accepted = world.accept()
    world.sender.before = _busy(world, hours=6)
    world.deliver(accepted.id)

    world.drain(25 * 60, syncing=False)

    assert world.shown(accepted.id).status is Status.FAILED
    assert world.used() == 0
    world.sender.before = lambda _: None
    world.retry(accepted.id)
    world.drain(400)
    assert world.shown(accepted.id).status is Status.SENT


def test_R54_a_send_that_failed_for_good_frees_its_place(world: Outbound) -> None:
    world.policy(daily_limit=1)
    accepted = world.accept(key="first")
    key = keys.connection(HERE, USER)
    connection = world.store.read(key).value(key)
    assert connection
    world.store.commit([Put(key, replace(connection, connected_at=world.clock.now().replace(year=2099)))])
    world.deliver(accepted.id)
    world.store.commit([Put(key, connection)])

    assert world.shown(accepted.id).status is Status.FAILED
    assert world.accept(key="second").conversation == "carl"


def _busy(world: Outbound, *, hours: int) -> Callable[[str], None]:
    def refuse(call: str) -> None:
        if call == "begin":
            now = world.clock.now()
            later = now.timestamp() + hours * 3600
            raise Transient("gmail: rate limit", retry_at=now.fromtimestamp(later, now.tzinfo))

    return refuse
