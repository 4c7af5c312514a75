"""By what a request is found, with all that follows from it: trace contexts, read strictly, as anybody may send one."""

import re
from dataclasses import dataclass
from typing import Final

from shared.domain.identifiers import TraceId

TRACEPARENT: Final = "traceparent"
"""The header of a request, and the attribute of a published message."""
LONGEST: Final = 256
_W3C: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[ -~]*)?\Z")
_CLOUD: Final = re.compile(r"([0-9a-fA-F]{32})(?:/[0-9]{1,20})?(?:;o=([0-9]))?\Z")
_NOTHING: Final = frozenset("0")


@dataclass(frozen=True, slots=True)
class Trace:
    """`id` is shared by everything that follows from one request; `sampled`: whoever began it keeps its spans."""

    id: TraceId
    sampled: bool = False


def from_traceparent(text: object) -> Trace | None:
    """What a `traceparent` says (W3C Trace Context 3.2); None for whatever is not exactly one."""
    if not isinstance(text, str) or len(text) > LONGEST or not (found := _W3C.match(text)):
        return None
    version, name, span, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or set(name) == _NOTHING or set(span) == _NOTHING:
        return None
    return Trace(TraceId(name), bool(int(flags, 16) & 1))


def from_cloud(text: object) -> Trace | None:
    """What an `X-Cloud-Trace-Context` says (`TRACE/SPAN;o=OPTIONS`); None for whatever is not exactly one."""
    if not isinstance(text, str) or not (found := _CLOUD.match(text)):
        return None
    name, options = found.groups()
    if set(name) == _NOTHING:
        return None
    return Trace(TraceId(name.lower()), bool(int(options or "0") & 1))


def traceparent(trace: Trace, span: str) -> str:
    """How the trace travels on; `span` is the 16 hex digits of whoever sends it."""
    return f"00-{trace.id}-{span}-{int(trace.sampled):02x}"
