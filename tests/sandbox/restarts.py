"""An emulator that ends and comes back, as a service does that was restarted."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.client.wire import until
from tests.sandbox import emulators, topics
from tests.sandbox.processes import Part, stop
from tests.sandbox.stack import Stack

BACK_WITHIN_S = 30.0


@contextmanager
def away(stack: Stack, name: str) -> Iterator[None]:
    """`firestore` or `pubsub` is ended; behind the block it is started anew and answers.

    Firestore comes back with its documents. Pub/Sub's emulator keeps nothing: its topics and subscriptions are made
    anew, as the cloud would have kept them, and the messages that were in them are lost, as the cloud's would not be.
    """
    kept = _ended(stack, name)
    try:
        yield
    finally:
        _begun(stack, name, kept)


def _ended(stack: Stack, name: str) -> Path | None:
    fronts = stack.fronts
    assert fronts, "an emulator is restarted behind a front only"
    (fronts.firestore if name == "firestore" else fronts.pubsub).refuse()
    kept = emulators.export_firestore(stack.plan) if name == "firestore" else None
    stop([_part(stack, name)])
    return kept


def _begun(stack: Stack, name: str, kept: Path | None) -> None:
    fronts = stack.fronts
    assert fronts
    plan = stack.plan
    begun = emulators.start_firestore(plan, kept=kept) if name == "firestore" else emulators.start_pubsub(plan)
    stack.parts[stack.parts.index(_part(stack, name))] = begun
    until(lambda: emulators.answers(plan, name), within_s=BACK_WITHIN_S, what=f"the {name} emulator")
    if name == "pubsub":
        topics.create(plan)
        fronts.pubsub.admit()
    else:
        fronts.gate.reconnect()
        fronts.firestore.admit()


def _part(stack: Stack, name: str) -> Part:
    return next(part for part in stack.parts if part.name == name)
