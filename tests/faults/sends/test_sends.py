"""A small part of the matrix: each kind of outcome, and every crash point of the plainest send whose answer is lost."""

import json
from collections.abc import Iterator

import pytest

from shared.domain.outbox import EntryState
from tests.faults.sends import provider
from tests.faults.sends.cases import Case, answerable, named, struck, unstruck
from tests.faults.sends.ground import Ground
from tests.faults.sends.outcomes import OUTCOMES, Marker, Session
from tests.faults.sends.play import Verdict, play
from tests.faults.sends.report import run

EVERY = 31
MENDED = {
    "a-rate-limit-behind-an-accepted-mail": "send-429-done:dropped:mute:none:nothing:plain:none",
    "another-rate-limit-behind-an-accepted-mail": "send-403-rate-done:dropped:answers:none:nothing:plain:none",
    "a-rate-limit-that-the-session-repeats": "accepted-all-429:dropped:answers:once:nothing:plain:none",
    "a-session-that-has-it-all-may-yet-send-it": "late-90:proven:answers:none:nothing:plain:none",
    "a-worker-that-stood-still-wakes-beside-a-second-session": (
        "upload-401:dropped:forgets:meanwhile:nothing:plain:9.stall"
    ),
    "a-session-that-had-it-all-says-nothing-more": "late-9:proven:forgets:meanwhile:nothing:plain:7.stall",
    "a-timeout-at-the-start-is-none-of-the-mails-fault": "start-408-done:proven:answers:once:nothing:plain:none",
}


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    made = Ground()
    yield made
    made.close()


def kept(verdict: Verdict) -> Verdict:
    """The verdict, if nothing about it is wrong."""
    assert not verdict.wrong, f"{verdict.wrong}: python -m tests.faults.sends --only {verdict.case.id}"
    return verdict


@pytest.mark.parametrize("case", [case for case in unstruck() if answerable(case)][::EVERY], ids=lambda case: case.id)
def test_f53_no_send_goes_out_twice_or_ends_untruly_whatever_gmail_answers(ground: Ground, case: Case) -> None:
    kept(play(ground, case))


@pytest.mark.parametrize("outcome", ["send-cut-done", "send-cut"])
def test_f52_a_worker_struck_at_any_operation_sends_once(ground: Ground, outcome: str) -> None:
    cases = list(struck(OUTCOMES[outcome], 17))

    for case in cases[::3]:
        kept(play(ground, case))


@pytest.mark.parametrize("name", MENDED.values(), ids=MENDED)
def test_what_the_matrix_found_stays_mended(ground: Ground, name: str) -> None:
    verdict = kept(play(ground, named(name)))

    assert verdict.state is not EntryState.FAILED


@pytest.mark.parametrize("session", [Session.ANSWERS, Session.FORGETS])
def test_r10_an_upload_that_was_cut_is_continued_in_its_session(ground: Ground, session: Session) -> None:
    case = named(f"send-cut:{Marker.PROVEN}:{session}:once:nothing:file:none")

    verdict = kept(play(ground, case))

    assert (verdict.state, verdict.copies, verdict.sessions) == (EntryState.SENT, 1, 1)


def test_f60_nobody_gets_a_mail_twice_through_the_provider_whatever_breaks() -> None:
    names = [f"smtp:bulk:{fault}:1:none" for fault in provider.FAULTS]
    names += [f"smtp:bulk:end-lost-second:1:{at}.die_after" for at in (8, 13, 14)] + [
        "smtp:workflow:end-lost:1:8.stall"
    ]

    for one in provider.run_some(names):
        assert not one.wrong, f"{one.wrong}: python -m tests.faults.sends --only {one.id}"


def test_the_report_counts_and_names_what_it_played() -> None:
    name = "send-cut-done:proven:answers:once:nothing:plain:none"

    report = run(lambda _: None, only=[name])

    assert (report.runs, report.duplicates, report.good, report.settled_themselves) == (1, 0, True, 100.0)
    assert any(line.startswith("accepted, answer lost") for line in report.lines), json.dumps(report.lines)
