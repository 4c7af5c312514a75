"""Function processes that are killed, told to end, or left standing in the middle of their work."""

import pytest

from tests.e2e.driver import connect, new_id, new_office, until
from tests.e2e.faults.races import raced
from tests.e2e.faults.watched import Watched
from tests.sandbox.faults import crash, pid, tell_to_end
from tests.sandbox.fronts import Fronts
from tests.sandbox.stack import Stack
from tests.sandbox.store_gate import REFUSED, Call, Rule, When
from tests.sandbox.tcp_proxy import How, Strike

SEND = "gmail.users.messages.send"
UPLOAD = b"PUT /upload/"
OPENING = b"POST /upload/"


def sent_once(office: Watched, message: str) -> None:
    """The mail is sent, shown once and counted once, whatever it took."""
    office.timer(lambda: office.office.crm.message(message)["status"] == "sent", what="the mail, sent")
    office.at_rest()
    office.kept_every_promise(sent=1)
    office.limit_left(499)


@pytest.mark.parametrize("when", list(When))
@pytest.mark.parametrize("which", ["claim", "chunk", "cursor"])
def test_f07_a_function_process_that_is_killed_at_any_commit_loses_nothing_and_doubles_nothing(
    office: Watched, fronts: Fronts, when: When, which: str
) -> None:
    killed = fronts.gate.hold(Call.COMMIT, when, naming=office.commit(which), status=REFUSED)
    office.held(3)
    office.let_go()
    killed.wait()
    crash(office.stack.plan, "process_history")
    killed.release()

    office.drained()
    office.kept_every_promise()


def test_f07_a_function_process_that_is_killed_while_gmail_answers_loses_nothing_and_doubles_nothing(
    office: Watched, fronts: Fronts
) -> None:
    answer = fronts.gmail.strike(b"/gmail/v1/users/me/messages", How.STALL)
    office.held(3)
    office.let_go()
    assert answer.met.wait(20)
    crash(office.stack.plan, "process_history")
    answer.release()

    office.drained()
    office.kept_every_promise()


def test_f45_an_instance_that_is_told_to_end_hands_over_at_the_next_chunk_and_nobody_waits_for_its_lease(
    office: Watched, fronts: Fronts, stack: Stack
) -> None:
    first = fronts.gate.hold(Call.COMMIT, When.BEFORE, naming=office.commit("chunk"))
    second = fronts.gate.hold(Call.COMMIT, When.BEFORE, naming=office.commit("chunk"), after=1)
    office.held(60)
    office.let_go()
    first.wait()
    before, fence = pid(stack.plan, "process_history"), office.mailbox.fence
    tell_to_end(stack.plan, "process_history")
    first.release()

    until(lambda: pid(stack.plan, "process_history") != before, what="the next instance")
    left = office.mailbox
    assert not left.holder or left.fence > fence
    second.release()
    # No timer, and no time that goes by: what was handed over is taken up at once.
    until(lambda: len(office.stored()) == 60, what="all mails")
    office.at_rest()
    office.kept_every_promise()


@pytest.mark.parametrize("moment", ["before the call", "accepted", "before it is recorded", "before the reply"])
def test_f52_a_delivering_process_that_is_killed_sends_once(office: Watched, fronts: Fronts, moment: str) -> None:
    held = held_at(moment, fronts)

    accepted = office.office.crm.send(new_id("key"), office.letter())
    assert held.met.wait(20)
    if moment == "accepted":
        until(lambda: office.office.gmail.sent(office.office.mailbox), what="the copy in Sent")
    crash(office.stack.plan, "deliver_email")
    held.release()

    sent_once(office, accepted["id"])


def held_at(moment: str, fronts: Fronts) -> Strike | Rule:
    match moment:
        case "before the call":
            return fronts.gmail.strike(OPENING, How.STALL)
        case "accepted":
            return fronts.gmail.strike(UPLOAD, How.STALL)
        case "before it is recorded":
            return fronts.gate.hold(Call.COMMIT, naming=("/outbox/",), after=3, status=REFUSED)
        case _:
            return fronts.gate.hold(Call.COMMIT, When.AFTER, naming=("/outbox/",), after=3)


@pytest.mark.parametrize("how", [How.BEFORE, How.PART, How.LOSE, How.TRUNCATE])
def test_f53_a_wire_that_breaks_during_the_upload_leads_to_one_mail(office: Watched, fronts: Fronts, how: How) -> None:
    struck = fronts.gmail.strike(UPLOAD, how, octets=40)

    accepted = office.office.crm.send(new_id("key"), office.letter())

    assert struck.met.wait(20)
    sent_once(office, accepted["id"])
    # What was delivered whole is asked about and never delivered again.
    assert len(office.office.gmail.calls(office.office.mailbox, SEND)) == 1


def test_f53_an_answer_that_stands_still_until_the_connection_is_gone_leads_to_one_mail(
    office: Watched, fronts: Fronts
) -> None:
    struck = fronts.gmail.strike(UPLOAD, How.STALL)
    accepted = office.office.crm.send(new_id("key"), office.letter())
    assert struck.met.wait(20)
    until(lambda: office.office.gmail.sent(office.office.mailbox), what="the copy in Sent")
    fronts.gmail.cut()

    sent_once(office, accepted["id"])


@pytest.mark.parametrize(
    ("status", "reason"), [(429, "rateLimitExceeded"), (403, "userRateLimitExceeded"), (403, "dailyLimitExceeded")]
)
def test_f54_a_mail_that_gmail_limits_waits_for_the_time_it_names_and_goes_out_once(
    office: Watched, status: int, reason: str
) -> None:
    gmail = office.office.gmail
    gmail.fault(SEND, email=office.office.mailbox, times=1, status=status, reason=reason, retry_after=3_600)
    accepted = office.office.crm.send(new_id("key"), office.letter())
    waiting = until(lambda: (seen := office.office.crm.message(accepted["id"]))["failure"] and seen, what="the reason")

    assert waiting["status"] == "queued"
    assert waiting["failure"]["retry_at"]
    assert gmail.sent(office.office.mailbox) == []
    gmail.advance(3_700)
    sent_once(office, accepted["id"])


def test_f55_at_the_limit_two_processes_in_two_locations_get_exactly_what_the_one_mailbox_has_left(
    office: Watched, stack: Stack
) -> None:
    here = office.office
    there = new_office(here.endpoints, connected=False)
    connect(here.endpoints, there.crm, here.mailbox)
    for one in (here, there):
        one.backend.put_location(name="Office", policy={"daily_limit": 5})
    office.at_rest()

    each = [("send", one.location, one.user, one.contact_email, "4") for one in (here, there)]
    found = raced(stack, "deliver_email", *each)

    outcomes = [one for each in found for one in each]
    assert outcomes.count("daily_limit_reached") == 3
    office.timer(lambda: len(here.gmail.sent(here.mailbox)) == 5, what="five mails")
    office.at_rest()
    assert len(here.gmail.sent(here.mailbox)) == 5
    assert (here.crm.connection()["sends"]["left"], there.crm.connection()["sends"]["left"]) == (0, 0)
    assert here.crm.post_mail(new_id("key"), office.letter()).code == "daily_limit_reached"


def test_f58_a_sync_that_meets_the_sent_copy_before_the_call_returns_makes_no_second_message(
    office: Watched, fronts: Fronts
) -> None:
    struck = fronts.gmail.strike(UPLOAD, How.STALL)
    accepted = office.office.crm.send(new_id("key"), office.letter())
    assert struck.met.wait(20)

    until(lambda: office.office.crm.message(accepted["id"])["status"] == "sent", what="what the sync adopted")
    struck.release()

    sent_once(office, accepted["id"])
    (shown,) = office.office.crm.messages(office.office.contact)
    assert shown["id"] == accepted["id"]


def test_f58_a_sent_copy_that_no_sync_ever_hears_of_makes_no_second_message(office: Watched) -> None:
    office.office.gmail.pushes(lose=1000)
    accepted = office.office.crm.send(new_id("key"), office.letter())
    office.office.settled(accepted["id"])

    (shown,) = office.office.crm.messages(office.office.contact)
    assert shown["id"] == accepted["id"]
    sent_once(office, accepted["id"])


@pytest.mark.parametrize("when", list(When))
def test_f61_a_bulk_run_whose_process_is_killed_at_a_recipient_reaches_everybody_at_most_once(
    office: Watched, fronts: Fronts, when: When
) -> None:
    to = [f"{new_id('p')}@customer.example" for _ in range(4)]
    for one in to:
        office.office.backend.put_contact(one.partition("@")[0], one)
    killed = fronts.gate.hold(Call.COMMIT, when, naming=("/lines/0002",), status=REFUSED)
    mail = {"kind": "bulk", "to": [{"address": one} for one in to], "subject": "News", "text": "Hello"}
    run = office.office.backend.send(new_id("key"), mail)["id"]
    killed.wait()
    crash(office.stack.plan, "deliver_email")
    killed.release()

    # Written down before the call, so that nobody knows whether the call was made; before that, it was not.
    wanted = ["sent", "sent", "sent" if when is When.BEFORE else "unknown", "sent"]
    office.timer(lambda: ledger(office, run, to) == wanted, step_s=100, what=f"{wanted}")
    reached = [one for row in office.office.endpoints.provided() for one in row["rcpt_to"] if one in to]
    assert sorted(reached) == sorted(one for one, status in zip(to, wanted, strict=True) if status == "sent")


def ledger(office: Watched, run: str, to: list[str]) -> list[str]:
    rows = office.office.backend.ask("GET", "send_email", f"/messages/{run}/recipients").json()["items"]
    found = {row["address"]: row["status"] for row in rows}
    return [found[one] for one in to]
