"""Schedules that once were drawn and told something: each is played again as it was, act by act."""

import pytest

from shared.errors import Remedy
from tests.faults.schedule.ending import ended
from tests.faults.schedule.play import Play
from tests.faults.schedules import Step, shortened
from tests.faults.strikes import Mode
from tests.unit.usecases.office import ANN, ANNS, HERE, THERE

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
