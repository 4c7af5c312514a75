"""One event to the CRM's receiver: delivered, or kept and tried again over days (R75, F49)."""

from datetime import timedelta
from itertools import pairwise

import pytest

from shared.domain.receiver import FAILURES, Standing
from shared.domain.waiting_event import DISTANCES, GIVEN_UP_AFTER, JITTER, KEPT_FOR
from shared.errors import Transient
from shared.usecases.deliver_event import Outcome
from shared.usecases.oversee_events import list_undelivered
from tests.unit.usecases.post_office import PostOffice, event

ONE, TWO = event(1), event(2)


@pytest.fixture
def office() -> PostOffice:
    return PostOffice()


def down(office: PostOffice, status: int = 500) -> None:
    """So many failures in a row that the receiver counts as down."""
    office.webhook.status = status
    for number in range(100, 100 + FAILURES):
        office.announce(event(number))
    assert office.receiver().standing is Standing.DOWN


def test_R75_an_event_is_handed_over_as_it_is_on_the_topic_and_nothing_is_written(office: PostOffice) -> None:
    assert office.announce(ONE).outcome is Outcome.TAKEN

    assert office.webhook.taken == [(ONE.id, ONE.body.encode())]
    assert office.store.operations["writes"] == 0


def test_without_a_receiver_an_event_is_nobodys_and_nothing_is_read_or_written() -> None:
    office = PostOffice(receiver=False)

    assert office.announce(ONE).outcome is Outcome.NOBODY

    assert not office.store.operations


@pytest.mark.parametrize("status", [0, 100, 300, 301, 307, 400, 401, 404, 429, 500, 503])
def test_f49_whatever_is_no_success_keeps_the_event_and_it_is_tried_again_under_the_same_id(
    office: PostOffice, status: int
) -> None:
    office.webhook.status = status

    assert office.announce(ONE).outcome is Outcome.KEPT
    office.webhook.status = 204
    office.tick(minutes=1)

    assert office.webhook.taken == [(ONE.id, ONE.body.encode())]
    assert (office.waits(ONE), office.status().waiting) == (None, 0)


def test_f49_an_event_that_can_neither_be_delivered_nor_kept_is_refused_so_that_it_comes_again(
    office: PostOffice,
) -> None:
    office.webhook.status = 500

    def unwritable(_: object) -> None:
        raise Transient("store: struck")

    office.store.before_commit = unwritable

    with pytest.raises(Transient):
        office.announce(ONE)


def test_f49_one_event_that_is_refused_for_itself_is_tried_ever_more_rarely_for_five_days_and_holds_up_no_other(
    office: PostOffice,
) -> None:
    began = office.clock.now()

    def refuses_one(name: str) -> None:
        office.webhook.status = 422 if name == ONE.id else 204

    office.webhook.before = refuses_one
    office.announce(ONE)
    for number in range(10, 10 + 6 * 24):
        for _ in range(60):
            office.tick(minutes=1)
        assert office.announce(event(number)).outcome is Outcome.TAKEN

    at = [when for name, when in office.webhook.tries if name == ONE.id]
    distances = [later - sooner for sooner, later in pairwise(at)]
    for distance, planned in zip(distances, [*DISTANCES, *[DISTANCES[-1]] * len(distances)], strict=False):
        assert planned * (1 - JITTER) <= distance <= planned * (1 + JITTER) + timedelta(minutes=1)
    assert timedelta(days=3) < at[-1] - began <= GIVEN_UP_AFTER
    assert len(at) < 25
    assert office.kept(ONE).undelivered_at is not None
    assert office.kept(ONE).reason == "status 422"


def test_f49_many_that_failed_together_do_not_come_back_together(office: PostOffice) -> None:
    office.webhook.status = 400
    due = set()
    for number in range(30):
        office.announce(event(number))
        office.enable()
        office.clock.time = office.clock.time.replace(second=0, microsecond=0)
        due.add(office.kept(event(number)).retry_at)

    assert len(due) > 25


def test_f49_a_receiver_that_is_down_gets_one_event_at_a_time_and_new_ones_wait_without_a_try(
    office: PostOffice,
) -> None:
    down(office)
    tried = len(office.webhook.tries)

    for number in range(50):
        assert office.announce(event(number)).outcome is Outcome.KEPT
    assert len(office.webhook.tries) == tried
    since = office.clock.now()
    office.ticks(since + timedelta(days=3))

    probes = [at for _, at in office.webhook.tries[tried:]]
    assert 3 * 24 * 60 / 15 * 0.8 < len(probes) < 3 * 24 * 60 / 15 * 1.3
    assert len(office.topics.again) == len(probes), "what would not be tried is not published"
    assert office.status().waiting == 50 + FAILURES


def test_f49_however_often_an_event_was_the_probe_it_comes_as_soon_as_the_receiver_is_back(office: PostOffice) -> None:
    down(office)
    office.ticks(office.clock.now() + timedelta(days=1))

    office.webhook.status = 204
    office.ticks(office.clock.now() + timedelta(minutes=20))

    assert len(office.taken()) == FAILURES


def test_f49_what_fails_while_the_receiver_is_down_already_does_not_put_off_its_next_try(office: PostOffice) -> None:
    def meanwhile(_: str) -> None:
        office.webhook.before = lambda _: None
        down(office)

    office.webhook.before, office.webhook.status = meanwhile, 500
    office.announce(ONE)

    receiver = office.receiver()
    assert (receiver.failures, office.kept(ONE).attempts) == (FAILURES, 1)


def test_f49_after_three_days_every_event_comes_within_the_hour_once_and_under_its_own_id(office: PostOffice) -> None:
    down(office)
    names = {event(number).id for number in [*range(60), *range(100, 100 + FAILURES)]}
    for number in range(60):
        office.announce(event(number))
        office.tick(hours=1.2)

    office.webhook.status = 204
    office.ticks(office.clock.now() + timedelta(hours=1))

    assert sorted(office.taken()) == sorted(names)
    assert office.receiver().standing is Standing.UP
    assert office.status().waiting == 0


def test_f49_of_many_that_find_the_receiver_down_at_once_one_is_the_probe(office: PostOffice) -> None:
    down(office)
    office.clock.advance(minutes=30)
    tried, inner = len(office.webhook.tries), [Outcome.TAKEN]

    def meanwhile(_: str) -> None:
        office.webhook.before = lambda _: None
        inner[0] = office.announce(TWO).outcome

    office.webhook.before = meanwhile
    office.announce(ONE)

    assert (inner, len(office.webhook.tries) - tried) == ([Outcome.KEPT], 1)


def test_f49_a_waiting_event_that_is_published_twice_is_tried_once(office: PostOffice) -> None:
    office.webhook.status = 500
    office.announce(ONE)
    office.clock.advance(minutes=1)
    inner: list[Outcome] = []

    def meanwhile(_: str) -> None:
        office.webhook.before = lambda _: None
        inner.append(office.again(ONE.id).outcome)

    office.webhook.status, office.webhook.before = 204, meanwhile
    office.again(ONE.id)

    assert inner == [Outcome.SETTLED]
    assert office.taken() == [ONE.id]
    assert office.again(ONE.id).outcome is Outcome.SETTLED


def test_f49_an_announcement_that_comes_again_while_the_event_waits_is_no_further_try(office: PostOffice) -> None:
    office.webhook.status = 500
    office.announce(ONE)

    assert office.announce(ONE).outcome is Outcome.SETTLED

    assert len(office.webhook.tries) == 1


def test_f49_an_event_that_was_kept_while_its_first_try_went_on_is_tried_again_within_a_minute(
    office: PostOffice,
) -> None:
    def meanwhile(_: str) -> None:
        office.webhook.before = lambda _: None
        down(office)
        assert office.announce(ONE).outcome is Outcome.KEPT
        office.enable()

    office.webhook.before = meanwhile
    office.announce(ONE)
    office.webhook.status = 204
    office.tick(minutes=1)

    assert ONE.id in office.taken()


def test_f49_a_worker_that_dies_in_the_midst_of_a_try_leaves_the_event_due_again(office: PostOffice) -> None:
    office.webhook.status = 500
    office.announce(ONE)

    def dies(_: str) -> None:
        raise KeyboardInterrupt

    office.webhook.before = dies
    with pytest.raises(KeyboardInterrupt):
        office.tick(minutes=1)
    office.webhook.before, office.webhook.status = lambda _: None, 204
    assert office.tick(seconds=30) == []
    office.tick(seconds=60)

    assert office.taken() == [ONE.id]


def test_f49_410_disables_the_receiver_until_an_operator_enables_it_and_nothing_is_lost(office: PostOffice) -> None:
    office.webhook.status = 410
    office.announce(ONE)
    office.webhook.status = 204
    assert office.announce(TWO).outcome is Outcome.KEPT
    office.ticks(office.clock.now() + timedelta(days=2), every_s=3_600)

    assert [name for name, _ in office.webhook.tries] == [ONE.id]
    assert office.topics.again == []
    status = office.status()
    assert (status.receiver.standing, status.receiver.reason, status.waiting) == (Standing.DISABLED, "status 410", 2)
    assert status.receiver.disabled_at == status.oldest
    office.enable()
    office.tick(minutes=1)

    assert sorted(office.taken()) == [ONE.id, TWO.id]


def test_f49_a_success_that_was_on_its_way_does_not_enable_who_said_410(office: PostOffice) -> None:
    office.webhook.status = 500
    office.announce(event(3))

    def gone_meanwhile(_: str) -> None:
        office.webhook.before, office.webhook.status = lambda _: None, 410
        office.announce(TWO)
        office.webhook.status = 204

    office.webhook.before = gone_meanwhile
    assert office.announce(ONE).outcome is Outcome.TAKEN

    assert office.receiver().standing is Standing.DISABLED


def test_f49_what_was_not_taken_in_five_days_is_shown_as_undelivered_and_can_be_replayed(office: PostOffice) -> None:
    office.webhook.status = 410
    office.announce(ONE)
    office.announce(TWO)
    office.ticks(office.clock.now() + GIVEN_UP_AFTER, every_s=3_600)

    status = office.status()
    assert (status.waiting, status.oldest, status.undelivered) == (0, None, 2)
    lost = list_undelivered(office.store, now=office.clock.now(), limit=10).items
    assert {one.event.id for one in lost} == {ONE.id, TWO.id}
    office.webhook.status = 204
    office.enable()
    assert office.tick(minutes=1) == []
    assert office.replay(ONE.id) == 1
    office.tick(minutes=1)
    assert office.taken() == [ONE.id]
    assert office.replay() == 1
    office.tick(minutes=1)

    assert office.taken() == [ONE.id, TWO.id]
    assert office.replay(ONE.id, "unheard") == 0


def test_f49_an_event_that_still_waits_is_not_replayed_and_keeps_its_age(office: PostOffice) -> None:
    office.webhook.status = 410
    office.announce(ONE)
    began = office.kept(ONE).since
    office.clock.advance(hours=1)

    assert office.replay(ONE.id) == 0
    assert office.kept(ONE).since == began


def test_f49_a_last_try_that_fails_after_five_days_gives_the_event_up_even_where_the_timer_is_late(
    office: PostOffice,
) -> None:
    office.webhook.status = 400
    office.announce(ONE)
    office.clock.advance(seconds=GIVEN_UP_AFTER.total_seconds())

    assert office.again(ONE.id).outcome is Outcome.UNDELIVERED
    assert office.kept(ONE).undelivered_at == office.clock.now()


def test_undelivered_events_are_forgotten_after_thirty_days(office: PostOffice) -> None:
    office.webhook.status = 410
    office.announce(ONE)
    office.tick(seconds=GIVEN_UP_AFTER.total_seconds())
    assert office.status().undelivered == 1

    office.clock.advance(seconds=KEPT_FOR.total_seconds())

    assert office.status().undelivered == 0
    assert office.replay() == 0


@pytest.mark.parametrize(("wish", "away"), [(120, 120), (7_200, 3_600), (0, 30 * (1 - JITTER))])
def test_f49_a_receiver_that_asks_us_to_stay_away_is_left_alone_that_long_but_no_longer_than_an_hour(
    office: PostOffice, wish: int, away: float
) -> None:
    office.webhook.status, office.webhook.retry_after = 429, wish
    office.announce(ONE)
    began = office.clock.now()

    office.webhook.status = 204
    assert office.announce(TWO).outcome is Outcome.KEPT
    while not office.taken():
        office.tick(seconds=5)

    waited = (office.clock.now() - began).total_seconds()
    assert away <= waited <= max(away, 30 * (1 + JITTER)) + 5


def test_f49_few_failures_among_successes_are_no_outage(office: PostOffice) -> None:
    for number in range(20):
        office.webhook.status = 500 if number % FAILURES else 204
        office.announce(event(number))

    assert office.receiver().standing is Standing.UP
