"""The trace under which the present invocation works: from its request to its log lines and to what it publishes."""

import secrets
from contextvars import ContextVar
from dataclasses import dataclass, replace

from werkzeug.datastructures import Headers

from shared.domain.identifiers import NO_TRACE, TraceId
from shared.domain.trace import TRACEPARENT, Trace, from_cloud, from_traceparent, traceparent

CLOUD_HEADER = "X-Cloud-Trace-Context"


@dataclass(frozen=True, slots=True)
class Invocation:
    """`trace`: what it belongs to. `run`: the trace of its own request, another one where a message brought its own.

    `span` is this invocation's alone: the `correlation_id` of its answers.
    """

    trace: Trace
    run: TraceId
    span: str


_PRESENT: ContextVar[Invocation | None] = ContextVar("invocation", default=None)


def begin(headers: Headers) -> str:
    """Begins an invocation under its request's trace, or under a new one where it has none → its correlation id.

    It lasts until the thread begins the next one, so that an answer that is streamed belongs to it too.
    """
    trace = from_traceparent(headers.get(TRACEPARENT)) or from_cloud(headers.get(CLOUD_HEADER))
    trace = trace or Trace(TraceId(secrets.token_hex(16)))
    span = secrets.token_hex(8)
    _PRESENT.set(Invocation(trace, trace.id, span))
    return span


def join(carried: object) -> None:
    """Goes on under the trace of the message that the request brought, if it brought one."""
    invocation, trace = present(), from_traceparent(carried)
    if invocation and trace:
        _PRESENT.set(replace(invocation, trace=trace))


def present() -> Invocation | None:
    """The invocation that this thread works for."""
    return _PRESENT.get()


def trace_id() -> TraceId:
    """The present trace, to be kept with what outlives the invocation; empty outside of any."""
    invocation = present()
    return invocation.trace.id if invocation else NO_TRACE


def carried(trace: TraceId) -> str:
    """The `traceparent` of a message that belongs to `trace`, or to the present trace if that is empty."""
    invocation = present()
    if invocation is None:
        return traceparent(Trace(trace), secrets.token_hex(8)) if trace else ""
    own = invocation.trace if trace in {NO_TRACE, invocation.trace.id} else Trace(trace)
    return traceparent(own, invocation.span)
