"""Schedules that once were drawn and told something: each is played again as it was, act by act."""

import pytest

from shared.errors import Remedy
from tests.faults.schedule.cast import BOBS
from tests.faults.schedule.ending import ended
from tests.faults.schedule.play import Play
from tests.faults.schedules import Step, shortened
from tests.faults.strikes import Mode
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE

ANN_HERE, ANN_THERE = (HERE, ANN), (THERE, ANN)


def test_f17_f11_mail_that_left_spam_before_its_arrival_was_heard_of_is_decided_by_its_labels_of_then() -> None:
    play = Play()
    play.do("connects", seat=ANN_THERE, other=False)
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("history_lags", email=ANNS, by=12)
    play.do("contact_writes", inbox=ANNS, pushed="now", shape="spam", who="eve")
    play.do("crm_sends", pick=0, pushed="lost", seat=ANN_HERE, shape="plain", who="eve")
    play.do("user_rescues", pick=0, pushed="now")
    play.do("contact_writes", inbox=ANNS, pushed="now", shape="cc", who="eve")
    play.do("user_deletes", pick=0)
    play.do("minutes_pass", count=1)
    assert ended(play) == []
    assert play.expected.placed == {("m1x", HERE): "eve", ("m1x", THERE): "eve-there"}


def test_f40_an_answer_to_a_mail_of_the_crm_whose_contact_is_gone_by_then_stays_out() -> None:
    play = Play()
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("crm_sends", pick=0, pushed="now", seat=ANN_HERE, shape="file", who="eve")
    play.do("contact_is_deleted", at=HERE, who="eve")
    play.do("contact_answers_the_crm", pick=0, pushed="now")
    assert ended(play) == []
    assert play.expected.placed == {}


def test_f35_a_flag_that_changes_while_the_user_has_gone_over_to_another_account_loses_no_mail() -> None:
    play = Play()
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("user_writes", outbox=ANNS, pick=0, pushed="now", reply=False, who="carl")
    play.do("connects", seat=ANN_HERE, other=True)
    play.do("user_flags", flag="STARRED", pick=0, pushed="later")
    play.do("connects", seat=ANN_HERE, other=False)
    assert ended(play) == []
    assert play.expected.placed == {("m1x", HERE): "carl"}


@pytest.mark.parametrize(("moved", "rescued"), [("now", "later"), ("later", "now"), ("lost", "lost")])
def test_i7_r54_a_mail_that_the_user_sent_counts_once_however_often_it_goes_into_trash(
    moved: str, rescued: str
) -> None:
    play = Play()
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("user_writes", outbox=ANNS, pick=0, pushed="now", reply=True, who="dora")
    play.do("user_moves_away", pick=0, pushed=moved, to="TRASH")
    play.do("user_rescues", pick=1, pushed=rescued)
    assert ended(play) == []


def test_i7_r54_nor_does_it_count_twice_if_it_is_listed_again_and_cannot_be_read() -> None:
    play = Play()
    play.do("connects", seat=ANN_THERE, other=False)
    play.do("user_writes", outbox=ANNS, pick=3, pushed="now", reply=False, who="")
    play.do("history_expires", email=ANNS, told=False)
    play.do("mail_raises", pick=2)
    play.do("stranger_writes", inbox=ANNS, pushed="now")
    assert ended(play) == []


def test_i7_r54_f10_nor_if_it_comes_while_a_list_is_gone_through() -> None:
    play = Play()
    play.do("connects", seat=ANN_THERE, other=False)
    play.do("connects", seat=(HERE, BOB), other=False)
    play.do("crm_sends_to_many", at=HERE, pushed="now", three=False)
    play.do("history_expires", email=BOBS, told=False)
    play.do("something_breaks", after=19, mode=Mode.STALL)
    play.do("history_expires", email=ANNS, told=True)
    play.do("something_breaks", after=29, mode=Mode.DIE_AFTER)
    play.do("contact_writes", inbox=BOBS, pushed="now", shape="both", who="eve")
    play.do("user_writes", outbox=BOBS, pick=2, pushed="later", reply=False, who="")
    assert ended(play) == []


def test_i7_r54_r05_nor_if_it_was_sent_before_the_connection_that_hears_of_it() -> None:
    play = Play()
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("gmail_is_in_trouble", email=ANNS, kind="429 later")
    play.do("user_writes", outbox=ANNS, pick=2, pushed="now", reply=True, who="")
    play.do("connects", seat=ANN_HERE, other=True)
    play.do("connects", seat=ANN_THERE, other=False)
    play.do("history_expires", email=ANNS, told=True)
    assert ended(play) == []


AROUND_THE_TELLING = (7, 8, 9)
"""Operations before the one at which the process dies: with the eighth it would have told what it stored."""


@pytest.mark.parametrize("after", AROUND_THE_TELLING)
@pytest.mark.parametrize("remedy", list(Remedy))
def test_r75_f22_what_was_stored_is_told_although_the_process_dies_and_the_grant_is_lost(
    after: int, remedy: Remedy
) -> None:
    play = Play()
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("something_breaks", mode=Mode.DIE_BEFORE, after=after)
    play.do("contact_writes", inbox=ANNS, pushed="now", shape="plain", who="carl")
    play.do("grant_is_lost", email=ANNS, remedy=remedy)
    assert ended(play) == []
    assert play.plant.deaths == 1


@pytest.mark.parametrize("after", AROUND_THE_TELLING)
def test_r75_f36_what_was_stored_is_told_although_the_process_dies_and_the_user_disconnects(after: int) -> None:
    play = Play()
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("something_breaks", mode=Mode.DIE_BEFORE, after=after)
    play.do("contact_writes", inbox=ANNS, pushed="now", shape="plain", who="carl")
    play.do("disconnects", seat=ANN_HERE)
    assert ended(play) == []
    assert play.plant.deaths == 1


def test_r17_r20_a_flag_that_changes_in_gmail_before_its_copy_of_a_filed_mail_is_met_is_shown() -> None:
    play = Play()
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("user_files_a_mail", shape="synced", who="carl")
    play.do("user_flags", flag="UNREAD", pick=3, pushed="now")
    assert ended(play) == []


def test_r17_r20_nor_does_it_matter_that_the_flag_is_on_a_later_page_than_the_copy() -> None:
    play = Play()
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("contact_writes", inbox=ANNS, pushed="now", shape="both", who="eve")
    play.do("crm_sends", pick=3, pushed="now", seat=ANN_HERE, shape="file", who="eve")
    play.do("gmail_is_in_trouble", email=ANNS, kind="503")
    play.do("contact_answers", inbox=ANNS, pick=0, pushed="lost", stranger=True)
    play.do("contact_writes", inbox=ANNS, pushed="now", shape="both", who="eve")
    play.do("user_files_a_mail", shape="synced", who="eve")
    play.do("user_flags", flag="STARRED", pick=0, pushed="later")
    play.do("pushes_arrive")
    assert ended(play) == []


def test_r75_f08_what_was_committed_without_an_answer_is_told_although_the_user_goes_over_to_another_account() -> None:
    play = Play()
    play.do("contact_writes", inbox=BOBS, pushed="now", shape="both", who="carl")
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("crm_sends", pick=3, pushed="lost", seat=ANN_HERE, shape="answer", who="carl")
    play.do("user_flags", flag="UNREAD", pick=2, pushed="now")
    play.do("user_writes", outbox=ANNS, pick=0, pushed="now", reply=False, who="dora")
    play.do("something_breaks", after=14, mode=Mode.FAIL_AFTER)
    play.do("something_breaks", after=7, mode=Mode.DIE_BEFORE)
    play.do("something_breaks", after=23, mode=Mode.DIE_AFTER)
    play.do("user_writes", outbox=ANNS, pick=3, pushed="now", reply=True, who="eve")
    play.do("crm_sends", pick=0, pushed="now", seat=(HERE, BOB), shape="answer", who="eve")
    play.do("contact_answers_the_crm", pick=3, pushed="now")
    play.do("something_breaks", after=10, mode=Mode.FAIL_AFTER)
    play.do("contact_answers_the_crm", pick=1, pushed="now")
    play.do("connects", seat=ANN_HERE, other=True)
    assert ended(play) == []


def test_r75_a_connection_that_nobody_could_be_told_of_is_told_with_the_next_one_of_its_account() -> None:
    play = Play()
    play.do("something_breaks", mode=Mode.DIE_BEFORE, after=33)
    play.do("stranger_writes", inbox=ANNS, pushed="now")
    play.do("user_deletes", pick=0)
    play.do("bob_leaves", gone=False)
    play.do("something_breaks", mode=Mode.PAUSE, after=4)
    play.do("pushes_come_twice", pick=1, times=1)
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("connects", seat=ANN_THERE, other=False)
    assert ended(play) == []


def test_f40_the_first_mail_of_a_contact_that_is_merged_meanwhile_counts_where_it_is_shown() -> None:
    play = Play()
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("gmail_is_in_trouble", email=ANNS, kind="429 soon")
    play.do("user_writes", outbox=ANNS, pick=1, pushed="lost", reply=False, who="eve")
    play.do("user_writes", outbox=ANNS, pick=1, pushed="now", reply=True, who="dora")
    play.do("something_breaks", after=2, mode=Mode.PAUSE)
    play.do("contact_is_merged", at=HERE, who="eve")
    assert ended(play) == []


def test_r12_what_came_out_of_spam_from_before_its_contact_may_stay_out_of_the_thread_that_began_later() -> None:
    play = Play()
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("contact_writes", inbox=ANNS, pushed="lost", shape="spam", who="dora")
    play.do("contact_writes", inbox=ANNS, pushed="later", shape="file", who="dora")
    play.do("contact_is_put", at=HERE, who="dora")
    play.do("contact_answers", inbox=ANNS, pick=0, pushed="now", stranger=False)
    play.do("contact_answers", inbox=ANNS, pick=2, pushed="later", stranger=False)
    play.do("contact_writes", inbox=ANNS, pushed="now", shape="spam", who="eve")
    play.do("user_rescues", pick=1, pushed="now")
    assert ended(play) == []


def test_r17_a_star_in_gmail_leaves_a_mail_read_that_was_read_in_the_crm() -> None:
    play = Play()
    play.do("connects", seat=ANN_HERE, other=False)
    play.do("contact_writes", inbox=ANNS, pushed="now", shape="cc", who="carl")
    play.do("crm_flags", at=HERE, pick=0, read=True, starred=False)
    play.do("user_flags", flag="STARRED", pick=3, pushed="now")
    assert ended(play) == []


def test_a_schedule_is_shortened_to_the_acts_that_it_takes() -> None:
    """An act that is impossible breaks a schedule off wherever it stands, and nothing else is needed for that."""
    wrong: Step = ("contact_writes", {"inbox": ANNS, "pushed": "now", "shape": "plain", "who": "nobody"})
    steps: list[Step] = [
        ("connects", {"seat": ANN_HERE, "other": False}),
        ("pushes_arrive", {}),
        wrong,
        ("pushes_arrive", {}),
    ]
    assert shortened(steps) == [wrong]
