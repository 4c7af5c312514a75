"""What an overview of `operations` says to a person: the figures, then what waits for somebody and what to do."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from shared.domain.attention import age, many

Row = dict[str, Any]
WIDTH = 12


def told(overview: Row) -> str:
    """The whole text."""
    at = datetime.fromisoformat(overview["at"])
    lines = [
        ("mailboxes", _mailboxes(overview["mailboxes"])),
        ("", _at_it(overview["mailboxes"])),
        ("", _paused(overview["mailboxes"]["paused"])),
        ("behind", _waiting(overview["mailboxes"]["unhandled"], at, "mailbox", "behind Gmail's notifications")),
        ("overdue", _waiting(overview["mailboxes"]["overdue"], at, "mailbox", "not looked at in time")),
        ("watches", _watches(overview["watches"], at)),
        *_parked(overview["parked"], at),
        ("sends", _sends(overview["sends"])),
        ("", _waiting(overview["sends"]["in_doubt"], at, "send", "in doubt")),
        ("", _waiting(overview["sends"]["unknown"], at, "send", "of which nobody knows the end")),
        ("", _waiting(overview["sends"]["overdue"], at, "send", "not taken up in time")),
        ("endings", _waiting(overview["endings"], at, "connection", "ended, and not done with")),
        ("events", _events(overview["events"], at)),
        ("coverage", _coverage(overview["coverage"])),
    ]
    figures = [f"{name:<{WIDTH}}{text}".rstrip() for name, text in lines if text]
    return "\n".join([f"As of {overview['at']}", "", *figures, "", *_needs(overview["attention"])])


def _mailboxes(told: Row) -> str:
    states = ("connected", "reauth_required", "blocked", "disconnected")
    return ", ".join(f"{told[state]} {state.replace('_', ' ')}" for state in states)


def _at_it(told: Row) -> str:
    kinds = (("leased", "being worked on"), ("catching_up", "catching up"), ("relisting", "being gone through again"))
    return ", ".join(f"{told[name]} {text}" for name, text in kinds if told[name])


def _paused(told: Row) -> str:
    reasons = [f"{one['count']} {one['reason']}" for one in told["reasons"]]
    reasons += [f"{told['beyond']} not asked why"] if told["beyond"] else []
    return f"{told['count']} paused: {', '.join(reasons)}" if told["count"] else ""


def _waiting(told: Row, at: datetime, what: str, how: str) -> str:
    if not told["count"]:
        return ""
    oldest = told["oldest"]
    return f"{many(told['count'], what)} {how}" + (f", the oldest for {_ago(oldest, at)}" if oldest else "")


def _ago(oldest: Row, at: datetime) -> str:
    return f"{age(at - datetime.fromisoformat(oldest['since']))}: {oldest['id']}"


def _watches(told: Row, at: datetime) -> str:
    soonest = told["soonest"]
    if soonest is None:
        return "none to renew within 36 h"
    until = soonest["expires_at"]
    when = f"in {age(datetime.fromisoformat(until) - at)}" if until else "never had one"
    lapsed = until and datetime.fromisoformat(until) <= at
    when = f"{age(at - datetime.fromisoformat(until))} ago" if lapsed else when
    return f"{told['due']} to renew within 36 h, {told['lapsed']} lapsed, the first {when}: {soonest['mailbox']}"


def _parked(told: Row, at: datetime) -> Iterator[tuple[str, str]]:
    yield "parked", f"{many(told['count'], 'mail')}, {told['stuck']} of them not tried again"
    for one in told["reasons"]:
        oldest = f", the oldest for {_ago(one['oldest'], at)}" if one["oldest"] else ""
        yield "", f"{one['count']} {one['reason']}{oldest}"
    if told["beyond"]:
        yield "", f"{told['beyond']} for other reasons"


def _sends(told: Row) -> str:
    return ", ".join(f"{told[state]} {state}" for state in ("queued", "claimed", "calling"))


def _events(told: Row, at: datetime) -> str:
    receiver = told["receiver"]
    oldest = f", the oldest for {age(at - datetime.fromisoformat(told['oldest']))}" if told["oldest"] else ""
    reason = f" ({receiver['reason']})" if receiver["reason"] and receiver["state"] != "up" else ""
    return f"receiver {receiver['state']}{reason}, {told['waiting']} waiting{oldest}, {told['undelivered']} given up"


def _coverage(told: Row) -> str:
    if not told["seen"]:
        return "no mail seen yet"
    ends = ", ".join(f"{told[name]} {name.replace('_', ' ')}" for name in _ENDS)
    return f"{told['percent']} % of {many(told['seen'], 'mail')} seen: {ends}"


_ENDS = ("stored", "left_out", "gone", "dropped", "parked")


def _needs(needs: list[Row]) -> Iterator[str]:
    if not needs:
        yield "Nothing needs anybody."
        return
    yield f"{many(len(needs), 'thing')} to see to:"
    for number, one in enumerate(needs, 1):
        yield ""
        yield f"{number}. {one['message']}"
        yield f"   {one['action']}"
