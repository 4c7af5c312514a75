"""What the functions of a running stack have logged, as an operator would look it up."""

import json
import secrets
from typing import Any

from tests.e2e.driver import until
from tests.sandbox.stack import Stack

TRACE, SPAN, LABELS = (f"logging.googleapis.com/{name}" for name in ("trace", "spanId", "labels"))
Line = dict[str, Any]


def new_trace() -> str:
    """A trace that no other test has."""
    return secrets.token_hex(16)


def parent(trace: str) -> dict[str, str]:
    """The header of a request under that trace."""
    return {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}


def of(line: Line) -> str:
    """The trace of a line."""
    return str(line.get(TRACE, "")).rpartition("/")[2]


def by(line: Line) -> str:
    """The function that wrote it."""
    return str(line[LABELS]["function"])


def lines(stack: Stack) -> list[Line]:
    """All that the functions have logged; each line is one JSON object, whoever in the process wrote it."""
    texts = (stack.plan.log(name).read_text() for name in stack.plan.table.functions)
    return [json.loads(line) for text in texts for line in text.splitlines()]


def under(stack: Stack, trace: str, **fields: object) -> list[Line]:
    """The lines of one trace that have these fields."""
    found = (line for line in lines(stack) if of(line) == trace)
    return [line for line in found if fields.items() <= line.items()]


def one(stack: Stack, trace: str, function: str, message: str, **fields: object) -> Line:
    """The line of that trace, function and message, once it is there."""

    def look() -> Line | None:
        found = (line for line in under(stack, trace, message=message, **fields) if by(line) == function)
        return next(found, None)

    return until(look, what=f"a line {message!r} of {function} with {fields} under {trace}")
