"""One JSON line an outcome, as Cloud Logging reads them: ids, counts and reasons, never content or addresses."""

import re
import sys
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import TracebackType

import msgspec

from shared.domain.identifiers import NO_TRACE, TraceId
from shared.entrypoint import tracing

WITHHELD = "withheld"
MOST_LISTED = 50
"""Of a list; beyond that, its count has to do."""
FRAMES = 12
CAUSES = 5
REPORTED = "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent"
LISTS = {"work": "mailboxes", "outbox": "entries", "events": "events", "again": "events"}
"""What is published to each topic, as the line calls it."""
_PLAIN = re.compile(r"[ !#-?A-\[\]-~]{0,200}\Z")
"""An id, a word, a reason: short ASCII, no address, nothing that anybody would have to escape."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which function writes, in which revision; `project` has the traces. Empty where the platform says nothing."""

    project: str = ""
    function: str = ""
    revision: str = ""


class _Writer:
    origin = Origin()


def written_by(origin: Origin) -> None:
    """From now on every line of this process says who wrote it."""
    _Writer.origin = origin


def record(severity: str, message: str, /, **fields: object) -> None:
    """Writes one line; a text in it that is not as plain as an id or a reason is withheld, whoever gave it (T28)."""
    _write(severity, message, {name: _plain(value) for name, value in fields.items()})


def failure(message: str, error: BaseException, /, **fields: object) -> None:
    """A bug, for Error Reporting: where it was raised and what kind it is, but not its text, which may quote a mail."""
    kinds = [type(one).__name__ for one in islice(_chain(error), CAUSES + 1)]
    reported = {
        "@type": REPORTED,
        "error": kinds[0],
        "causes": kinds[1:],
        "stack_trace": stack_trace(kinds[0], error.__traceback__),
        "serviceContext": {"service": _Writer.origin.function, "version": _Writer.origin.revision},
    }
    _write("ERROR", message, {name: _plain(value) for name, value in fields.items()} | reported)


def published(topic: str, ids: Sequence[str], trace: TraceId) -> None:
    """What a topic has taken over, under the trace that it belongs to: one line a trace."""
    told: dict[str, object] = {"topic": topic, "count": len(ids), LISTS[topic]: list(ids)}
    if topic == "events":
        told["types"] = dict(Counter(one.partition(":")[0] for one in ids))
    _write("INFO", "published", {name: _plain(value) for name, value in told.items()}, under=trace)


def stack_trace(kind: str, trace: TracebackType | None) -> str:
    """As Python prints it, without the exception's text and without source."""
    frames = traceback.extract_tb(trace)[-FRAMES:]
    places = [f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in frames]
    return "\n".join(["Traceback (most recent call last):", *places, kind])


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _write(severity: str, message: str, fields: Mapping[str, object], *, under: TraceId = NO_TRACE) -> None:
    """`under`: the trace that the line is about, where it is not the present one."""
    line = msgspec.json.encode({"severity": severity, "message": message, **_belonging(under), **fields})
    sys.stdout.write(line.decode("utf-8") + "\n")
    sys.stdout.flush()


def _belonging(under: TraceId) -> dict[str, object]:
    """What groups the lines of one trace, one invocation, one function."""
    origin, invocation = _Writer.origin, tracing.present()
    told: dict[str, object] = {}
    trace = under or (invocation.trace.id if invocation else "")
    if trace:
        told["logging.googleapis.com/trace"] = f"projects/{origin.project}/traces/{trace}" if origin.project else trace
    if invocation:
        told["logging.googleapis.com/spanId"] = invocation.span
        told["logging.googleapis.com/trace_sampled"] = invocation.trace.sampled and trace == invocation.trace.id
        if invocation.run != trace:
            told["run"] = invocation.run
    if origin.function:
        told["logging.googleapis.com/labels"] = {"function": origin.function, "revision": origin.revision}
    return told


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | float() | datetime():
            return value
        case str():
            return str(value) if _PLAIN.match(value) else WITHHELD
        case Mapping():
            return {str(_plain(name)): _plain(one) for name, one in islice(value.items(), MOST_LISTED)}
        case Sequence() | AbstractSet():
            return [_plain(one) for one in islice(value, MOST_LISTED)]
        case _:
            return type(value).__name__
