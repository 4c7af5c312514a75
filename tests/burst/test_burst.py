"""A small burst keeps every promise that the large one is measured by, and the measurement sees each one broken."""

from dataclasses import replace

from shared.domain import budget
from shared.errors import Transient
from shared.usecases.process_notification import Notice
from tests.burst.queue import Function
from tests.burst.quota import Quota
from tests.burst.report import Burst, figures
from tests.burst.scene import BURST, Plan, Scene

SMALL = Plan(burst=2_400, others=25, each=15, others_within=400.0)
ONE = Plan(burst=400, others=0, each=0, burst_within=5.0, others_within=0.0, hours=0.4)


def played(plan: Plan, function: Function | None = None) -> Burst:
    scene = Scene(plan, function)
    scene.play()
    return figures(scene)


def test_f41_f42_a_burst_takes_what_the_quota_takes_and_nobody_else_waits_for_it() -> None:
    burst = played(SMALL)

    assert burst.problems() == []
    assert (burst.mails, burst.stored) == (2_775, 555)
    assert burst.longest > 400, "it took more than one invocation"
    assert burst.highest > 0.98 * SMALL.units, "the quota was used"


def test_f45_an_invocation_that_is_not_answered_in_time_is_seen() -> None:
    deployed = Function.deployed()

    burst = played(ONE, replace(deployed, timeout=30.0, ack_deadline=30.0))

    assert burst.overdue > 0
    assert any("an invocation took" in problem for problem in burst.problems())


def test_an_overspent_quota_is_seen() -> None:
    burst = played(replace(ONE, believed_units=12_000))

    assert burst.highest > ONE.units
    assert burst.refused > 0
    assert {problem.partition(" ")[2] for problem in burst.problems()} >= {"units in a minute", "calls over the quota"}


def test_the_quota_counts_any_sixty_seconds() -> None:
    quota = Quota(5 * budget.GET)

    taken = {at: quota.take(budget.GET, at) for at in (0.0, 30.0, 50.0, 59.0, 59.5, 59.9, 60.1, 121.0)}

    assert [at for at, allowed in taken.items() if not allowed] == [59.9, 60.1]
    assert quota.highest == 6 * budget.GET
    assert quota.total == 8 * budget.GET


def test_a_lost_and_a_doubled_mail_and_a_body_that_was_read_are_seen() -> None:
    scene = Scene(ONE)
    scene.play()
    ours, strangers = ([one for one in scene.mails.values() if one.eligible is kind] for kind in (True, False))
    ours[0].stored_at.clear()
    ours[1].stored_at *= 2
    scene.accounts[BURST].asked.append(("full", strangers[0].gmail_id))

    burst = figures(scene)

    assert (burst.lost, burst.doubled, burst.strangers_read) == (1, 1, 1)
    assert len(burst.problems()) == 3


def test_instances_that_are_full_turn_pushes_away_and_get_them_again() -> None:
    plan = Plan(burst=0, others=40, each=3, eligible=1.0, others_within=10.0, hours=1.0)

    burst = played(plan, replace(Function.deployed(), at_once=2))

    assert burst.turned_away > 0
    assert (burst.lost, burst.doubled, burst.most_at_once) == (0, 0, 2)


def test_a_refused_push_comes_again() -> None:
    scene = Scene(replace(ONE, burst=1, of_burst_eligible=1.0))
    invoked: list[Notice] = []
    usual = scene.queue._invoke

    def refusing(notice: Notice) -> object:
        invoked.append(notice)
        if len(invoked) == 1:
            raise Transient("planted")
        return usual(notice)

    scene.queue._invoke = refusing
    scene.play()

    assert scene.queue.refused == 1
    assert [one.holder for one in invoked[:2]] == ["push-1", "push-1"]
    assert figures(scene).lost == 0
