"""A log line's shape: what Cloud Logging groups and Error Reporting picks up, and nothing that quotes a mail."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from werkzeug.datastructures import Headers

from shared.domain.identifiers import NO_TRACE, TraceId
from shared.entrypoint import log, tracing
from tests.unit.entrypoint.lines import ID, LABELS, ORIGIN, OTHER, PARENT, SAMPLED, SPAN, TRACE, Line, lines, written_by

CANARY = "canary@customer.example"
FAILURE = {"severity", "message", "error", "causes", "stack_trace", "@type", "serviceContext", TRACE, SPAN, SAMPLED}


class Written:
    """Reads what was logged since the last look."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self) -> list[Line]:
        return lines(self._capsys.readouterr().out)


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    with written_by(ORIGIN):
        yield Written(capsys)


def begun(**headers: str) -> str:
    return tracing.begin(Headers(list(headers.items())))


def elsewhere(write: threading.Thread) -> None:
    write.start()
    write.join()


def test_a_line_has_exactly_what_groups_it_and_what_it_tells(written: Written) -> None:
    span = begun(traceparent=PARENT)
    log.record("INFO", "push", push="7", stored=2, problem=None)
    assert written() == [
        {
            "severity": "INFO",
            "message": "push",
            TRACE: f"projects/demo/traces/{ID}",
            SPAN: span,
            SAMPLED: True,
            LABELS: {"function": ORIGIN.function, "revision": ORIGIN.revision},
            "push": "7",
            "stored": 2,
            "problem": None,
        }
    ]


def test_a_line_outside_of_any_request_has_no_trace(written: Written) -> None:
    elsewhere(threading.Thread(target=log.record, args=("WARNING", "library")))
    assert [set(line) for line in written()] == [{"severity", "message", LABELS}]


def test_where_the_platform_says_nothing_the_trace_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with written_by(log.Origin()):
        span = begun(traceparent=PARENT.replace("-01", "-00"))
        log.record("INFO", "push")
    assert lines(capsys.readouterr().out) == [
        {"severity": "INFO", "message": "push", TRACE: ID, SPAN: span, SAMPLED: False}
    ]


def test_a_line_under_a_messages_trace_names_the_run_that_wrote_it_too(written: Written) -> None:
    begun(traceparent=PARENT)
    tracing.join(f"00-{OTHER}-00f067aa0ba902b7-00")
    log.record("INFO", "push")
    (line,) = written()
    assert (line[TRACE], line["run"], line[SAMPLED]) == (f"projects/demo/traces/{OTHER}", ID, False)


def test_what_was_published_is_told_under_the_trace_that_it_is_about(written: Written) -> None:
    begun(traceparent=PARENT)
    log.published("events", ["message.sent:a", "message.sent:b", "thread.claimed:here:x"], TraceId(OTHER))
    log.published("work", ["m1"], NO_TRACE)
    events, work = written()
    assert (events[TRACE], events["run"], events["topic"], events["count"]) == (
        f"projects/demo/traces/{OTHER}", ID, "events", 3,
    )  # fmt: skip
    assert events["types"] == {"message.sent": 2, "thread.claimed": 1}
    assert events["events"] == ["message.sent:a", "message.sent:b", "thread.claimed:here:x"]
    assert (work[TRACE], "run" in work, work["mailboxes"]) == (f"projects/demo/traces/{ID}", False, ["m1"])


def test_a_long_list_is_cut_and_its_count_is_not(written: Written) -> None:
    log.published("outbox", [f"e{number}" for number in range(700)], NO_TRACE)
    (line,) = written()
    assert (line["count"], len(line["entries"])) == (700, log.MOST_LISTED)


def raising(error: Exception) -> None:
    raise error


def test_a_bug_is_what_error_reporting_reads_without_the_exceptions_text(written: Written) -> None:
    begun(traceparent=PARENT)
    try:
        try:
            raising(ValueError(CANARY))
        except ValueError as cause:
            raise LookupError(f"about {CANARY}") from cause
    except LookupError as error:
        log.failure("push failed", error, push="7")
    (line,) = written()
    assert set(line) == FAILURE | {LABELS, "push"}
    assert (line["severity"], line["message"], line["@type"]) == ("ERROR", "push failed", log.REPORTED)
    assert line["serviceContext"] == {"service": ORIGIN.function, "version": ORIGIN.revision}
    assert (line["error"], line["causes"]) == ("LookupError", ["ValueError"])
    first, *places, last = line["stack_trace"].split("\n")
    assert (first, last) == ("Traceback (most recent call last):", "LookupError")
    assert all(place.startswith(f'  File "{__file__}", line ') for place in places)
    assert CANARY not in str(line)


def test_an_error_whose_causes_go_round_in_a_circle_is_told(written: Written) -> None:
    one, other = ValueError("x"), KeyError("y")
    one.__cause__, other.__cause__ = other, one
    log.failure("push failed", one)
    assert written()[0]["causes"] == ["KeyError", "ValueError", "KeyError", "ValueError", "KeyError"]


class Speaking:
    """Something whose text is content."""

    def __str__(self) -> str:
        return CANARY

    __repr__ = __str__


@pytest.mark.parametrize("severity", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        "Canary, é",
        "canary\r\n{}",
        "canary\x00\x1b[2J",
        "canary\u2028",
        '"canary"',
        "canary\\",
        "canary " * 100,
        ValueError(CANARY),
        Speaking(),
        b"canary",
        [CANARY, Speaking()],
        {"reason": CANARY},
        {CANARY: 1},
        {"a": {"b": (CANARY,)}},
        {CANARY},
        iter([CANARY]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Speaking) else repr(value)[:20],
)
def test_T28_a_text_that_is_no_plain_word_is_withheld_at_every_severity(
    severity: str, value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    log.record(severity, "push", told=value)
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    assert "canary" not in text.lower()


@pytest.mark.parametrize(
    "value", ["message.stored:here:4e9b", "gmail: 503", "not yet", "held no_contact", "(a) [b] {c} <d>", "", 7, None]
)
def test_a_plain_word_is_told_as_it_is(value: object, written: Written) -> None:
    log.record("INFO", "push", told=value)
    assert written()[0]["told"] == value


def test_times_and_truths_are_told(written: Written) -> None:
    log.record("INFO", "push", at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC), good=True, part=0.5)
    (line,) = written()
    assert (line["at"], line["good"], line["part"]) == ("2026-11-22T09:00:00Z", True, 0.5)
