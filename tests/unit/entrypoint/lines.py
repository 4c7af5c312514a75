"""The lines that were logged, and what may be in one."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.entrypoint import log

TRACE, SPAN = "logging.googleapis.com/trace", "logging.googleapis.com/spanId"
SAMPLED, LABELS = "logging.googleapis.com/trace_sampled", "logging.googleapis.com/labels"
ORIGIN = log.Origin("demo", "deliver_email", "deliver-email-00007-abc")
ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{ID}-00f067aa0ba902b7-01"
OTHER = "0af7651916cd43dd8448eb211c80319c"

Line = dict[str, Any]


def lines(text: str) -> list[Line]:
    """Every line, each of which must be one JSON object."""
    return [json.loads(line) for line in text.splitlines()]


@contextmanager
def written_by(origin: log.Origin) -> Iterator[None]:
    """Lines say meanwhile that they are of this function."""
    before = log._Writer.origin
    log.written_by(origin)
    try:
        yield
    finally:
        log.written_by(before)


def named(line: Mapping[str, Any]) -> str:
    """The trace of a line, without its project."""
    return str(line[TRACE]).rpartition("/")[2]
