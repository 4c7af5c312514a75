"""Pub/Sub that loses messages, breaks, or brings ten at once: the timer finds the work, and nothing is done twice."""

import pytest

from tests.e2e.driver import new_id, until
from tests.e2e.faults.races import raced
from tests.e2e.faults.watched import Watched
from tests.sandbox.fronts import Fronts
from tests.sandbox.restarts import away
from tests.sandbox.stack import Stack
from tests.sandbox.tcp_proxy import How

EVENTS = b"/topics/events:publish"


def test_f05_workers_of_three_processes_at_one_instant_fetch_each_mail_once(office: Watched, stack: Stack) -> None:
    office.office.gmail.pushes(hold=True, duplicate=2)

    each = [("sync", str(at), office.office.mailbox) for at in range(3)]
    endings = raced(stack, "process_history", *each, ready=lambda: str(office.arrive(4)[-1]["historyId"]))
    office.let_go()

    office.drained()
    calls = office.office.gmail.calls(office.office.mailbox, "gmail.users.messages.get")
    assert sorted(call["id"] for call in calls if call["format"] == "full") == sorted(office.arrived)
    assert [one for (one,) in endings].count("synced") == 1
    office.kept_every_promise()


def test_f03_what_a_restarted_pubsub_lost_is_found_by_the_timer_on_both_ways(office: Watched, stack: Stack) -> None:
    with away(stack, "pubsub"):
        office.arrive(3)
        accepted = office.office.crm.send(new_id("key"), office.letter())

    office.timer(lambda: office.office.crm.message(accepted["id"])["status"] == "sent", what="the mail, sent")
    # Nobody was told of what came: the hourly look finds it.
    office.office.gmail.advance(3_700)
    office.drained()
    office.kept_every_promise(sent=1)
    office.limit_left(499)


@pytest.mark.parametrize("how", [How.LOSE, How.TRUNCATE, How.BEFORE, How.PART])
def test_f08_events_whose_publishing_broke_come_at_least_once_under_one_id(
    office: Watched, fronts: Fronts, how: How
) -> None:
    struck = fronts.pubsub.strike(EVENTS, how)
    office.held(3)
    office.let_go()
    assert struck.met.wait(20)

    office.drained()
    office.kept_every_promise()


def test_f26_events_that_can_not_be_published_hold_the_cursor_back_until_they_are(
    office: Watched, fronts: Fronts
) -> None:
    before = office.mailbox.cursor
    fronts.pubsub.refuse()
    office.held(3)
    office.let_go()
    until(lambda: office.mailbox.pauses, what="a worker that could not tell of what it stored")
    assert office.mailbox.cursor == before
    assert office.office.endpoints.happened("message.stored", office.office.location) == []
    fronts.mend()

    office.drained()
    office.kept_every_promise()


def test_f52_a_send_is_accepted_while_its_topic_is_away_and_delivered_once(office: Watched, fronts: Fronts) -> None:
    fronts.pubsub.refuse()
    accepted = office.office.crm.send(new_id("key"), office.letter())
    fronts.mend()

    office.timer(lambda: office.office.crm.message(accepted["id"])["status"] == "sent", what="the mail, sent")
    office.at_rest()
    office.kept_every_promise(sent=1)
