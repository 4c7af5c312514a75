"""Schedules that once were drawn and told something: each is played again as it was, act by act."""

from tests.faults.schedule.ending import ended
from tests.faults.schedule.play import Play
from tests.faults.schedules import Step, shortened
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
