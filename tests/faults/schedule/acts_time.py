"""Time, timers and pushes, mail by auto-BCC, and what breaks."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from tests.faults.schedule.acts_mail import accounts, eligible, picks
from tests.faults.schedule.acts_office import people
from tests.faults.schedule.cast import PEOPLE
from tests.faults.schedule.play import Play, act
from tests.faults.strikes import Mode
from tests.unit.usecases.office import ANN, ANNS, HERE


@act(weight=3)
def pushes_arrive(play: Play) -> None:
    """All that is due."""
    play.plant.deliver()


@act(weight=3, count=st.sampled_from([1, 1, 2, 5]))
def minutes_pass(play: Play, count: int) -> None:
    play.plant.minutes(count)


@act(hours=st.sampled_from([1, 1, 7]))
def hours_pass(play: Play, hours: int) -> None:
    """With the timers' runs, but few of them."""
    for _ in range(hours):
        play.plant.hour()
        play.plant.minutes(2, each=timedelta(minutes=30))


@act(seconds=st.sampled_from([1, 30, 61, 3_700, 90_000, 800_000]))
def clock_jumps(play: Play, seconds: int) -> None:
    """Forward, with nothing happening meanwhile."""
    play.plant.clock.advance(seconds=seconds)


@act(email=accounts)
def gmail_notifies(play: Play, email: str) -> None:
    play.plant.notifies(email)


@act(email=accounts, back=st.sampled_from([3, 30, 3_000]))
def an_old_push_comes(play: Play, email: str, back: int) -> None:
    """Or one about an account that nobody knows."""
    queues, newest = play.plant.durable.queues, play.account(email).newest
    queues.publish("gmail", [{"emailAddress": email, "historyId": max(0, newest - back)}])
    queues.publish("gmail", [{"emailAddress": "nobody@else.example", "historyId": 5}])
    play.plant.deliver()


@act(pick=picks, times=st.sampled_from([1, 3]))
def pushes_come_twice(play: Play, pick: int, times: int) -> None:
    """The same messages, as they are, once more."""
    waiting = play.plant.durable.queues.waiting
    if waiting:
        waiting += [replace(waiting[pick % len(waiting)]) for _ in range(times)]


@act(delay=st.sampled_from([5, 90, 4_000]))
def pushes_are_late(play: Play, delay: int) -> None:
    """And come in the reverse order."""
    now, waiting = play.plant.clock.now(), play.plant.durable.queues.waiting
    for number, message in enumerate(waiting):
        message.not_before = now + timedelta(seconds=delay + len(waiting) - number)


@act(when=lambda play: any(one.topic != "events" for one in play.plant.durable.queues.waiting))
def pushes_are_lost(play: Play) -> None:
    """Gmail's, which promises nothing; and our own, which are only hurry: the timer has them."""
    play.plant.durable.queues.waiting.clear()


@act(weight=4, mode=st.sampled_from(list(Mode)), after=st.integers(0, 40))
def something_breaks(play: Play, mode: Mode, after: int) -> None:
    """One of the next operations, whoever does it."""
    play.expected.rough = True
    play.plant.strikes.arm(mode, after=after)


@act(weight=2, who=people, shape=st.sampled_from(["filed", "forged", "twice", "synced"]))
def user_files_a_mail(play: Play, who: str, shape: str) -> None:
    """By the auto-BCC address; also one that only claims to be the user's, or that Gmail has as well."""
    card = play.expected.contact(HERE, PEOPLE[who])
    excluded = PEOPLE[who] in play.expected.world["locations"][HERE]["policy"]["exclusions"]
    account = play.connected(HERE, ANN)
    if card is None or excluded or account != ANNS:
        return
    used = play.plant.capture_address()
    now = play.plant.clock.now() + timedelta(minutes=1)
    letter = eligible(play, ANNS, PEOPLE[who], bcc=(used,), at=now)
    if shape == "forged":
        play.plant.brings(letter, used, proof="dmarc=fail")
        return
    play.plant.clock.advance(minutes=1)
    for _ in range(2 if shape == "twice" else 1):
        play.plant.brings(letter, used)
    play.counts["filed"] += 1
    card["filed_by"] = [*card["filed_by"], ANN]
    play.filed(letter, card["id"], synced=shape == "synced")
