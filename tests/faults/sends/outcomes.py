"""What may become of a send at Gmail: refused, cut, reset, stalled, answered wrongly, before or after it was taken."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

SEND: Final = "gmail.users.messages.send"
START, CHUNK, ASK, GET = "upload.start", "upload.chunk", "upload.status", "gmail.users.messages.get"

DOUBTFUL: Final = {"all goes well", "send fails", "accepted, answer lost", "accepted late"}

Rule = dict[str, Any]


class Marker(StrEnum):
    """What becomes of our own header, and whether this deployment knows."""

    PROVEN = "proven"
    KEPT = "kept"
    DROPPED = "dropped"


class Session(StrEnum):
    """What an upload session says of itself afterwards."""

    ANSWERS = "answers"
    FORGETS = "forgets"
    MUTE = "mute"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Faults of the first attempt, in the simulator's form; `stalls`: its client's deadline is to be short.

    `late`: the call that was held is let go that many minutes later, long after its client gave up.
    """

    name: str
    family: str
    rules: tuple[Rule, ...] = ()
    late: int = 0

    @property
    def doubtful(self) -> bool:
        """Whether the call that sends is concerned itself; of other outcomes a sample is enough."""
        return self.family in DOUBTFUL

    @property
    def stalls(self) -> bool:
        return any("hold" in rule for rule in self.rules)


def rule(method: str, **how: Any) -> Rule:
    """A fault of the next such call."""
    return {"method": method, "times": 1, **how}


_BROKEN: Final[dict[str, Rule]] = {
    "cut": {"drop": "before"},
    "reset": {"drop": "reset_before"},
    "stalled": {"hold": "before"},
    "500": {"status": 500},
    "503": {"status": 503},
    "429": {"status": 429, "reason": "rateLimitExceeded", "retry_after": 60},
    "403-rate": {"status": 403, "reason": "userRateLimitExceeded", "retry_after": 60},
    "401": {"status": 401, "reason": "authError"},
}
"""A call without an effect."""

_LOST: Final[dict[str, Rule]] = {
    "cut": {"drop": "after"},
    "reset": {"drop": "reset_after"},
    "stalled": {"hold": "after"},
    "500": {"status": 500, "effect": True},
    "503": {"status": 503, "effect": True},
    "429": {"status": 429, "reason": "rateLimitExceeded", "retry_after": 60, "effect": True},
    "403-rate": {"status": 403, "reason": "userRateLimitExceeded", "retry_after": 60, "effect": True},
    "408": {"status": 408, "effect": True},
    "truncated": {"drop": "truncate"},
    "html": {"drop": "html"},
}
"""A call that had its effect, but whose answer did not come."""


def _table() -> list[Outcome]:
    made = [Outcome("sent", "all goes well")]
    for method, family in ((START, "start"), (CHUNK, "upload"), (SEND, "send")):
        made += [
            Outcome(f"{family}-{how}", f"{family} fails", (rule(method, **fault),)) for how, fault in _BROKEN.items()
        ]
    made += [
        Outcome(f"start-{how}-done", "start's answer lost", (rule(START, **fault),)) for how, fault in _LOST.items()
    ]
    made += [
        Outcome(f"send-{how}-done", "accepted, answer lost", (rule(SEND, **fault),)) for how, fault in _LOST.items()
    ]
    for how, fault in {**_LOST, "refused": {"status": 401, "reason": "authError"}}.items():
        asked = rule(ASK, **{**fault, "effect": False} if "status" in fault else fault)
        made.append(Outcome(f"accepted-ask-{how}", "accepted, first question fails", (rule(SEND, drop="after"), asked)))
        made.append(Outcome(f"cut-ask-{how}", "not accepted, first question fails", (rule(SEND, drop="before"), asked)))
    for how in ("429", "403-rate"):
        asked = rule(ASK, **_BROKEN[how] | {"times": 2})
        made.append(Outcome(f"accepted-all-{how}", "accepted, first question fails", (rule(SEND, **_LOST[how]), asked)))
        made.append(
            Outcome(f"cut-all-{how}", "not accepted, first question fails", (rule(SEND, **_BROKEN[how]), asked))
        )
    made += [
        Outcome("send-400", "refused", (rule(SEND, status=400, reason="invalidArgument"),)),
        Outcome("start-400", "refused", (rule(START, status=400, reason="invalidArgument"),)),
        Outcome("send-404", "refused", (rule(SEND, status=404, reason="notFound"),)),
        Outcome("send-policy", "refused", (rule(SEND, status=403, reason="domainPolicy"),)),
        Outcome("read-503", "sent, not read back", (rule(GET, status=503, times=9),)),
        Outcome("read-cut", "sent, not read back", (rule(GET, drop="before", times=9),)),
        Outcome("cut-twice", "send fails", (rule(SEND, drop="before", times=2),)),
        Outcome("cut-then-accepted", "accepted, answer lost", (rule(SEND, drop="before"), rule(SEND, drop="after"))),
    ]
    made += [Outcome(f"late-{at}", "accepted late", (rule(SEND, hold="before"),), at) for at in (1, 4, 9)]
    made.append(Outcome("late-90", "accepted very late", (rule(SEND, hold="before"),), 90))
    return made


OUTCOMES: Final = {one.name: one for one in _table()}
