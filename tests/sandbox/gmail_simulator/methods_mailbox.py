"""The mailbox as a whole: profile, watch, stop, history."""

import base64
import re

from tests.sandbox.gmail_simulator.api import Call, Perform
from tests.sandbox.gmail_simulator.errors import bad_field, invalid, not_found
from tests.sandbox.gmail_simulator.history import Record, matching
from tests.sandbox.gmail_simulator.wire import Json, to_json

_MOST, _USUAL = 500, 100
_TOKEN = re.compile(r"h:([0-9]+)")


def get_profile(call: Call) -> bytes:
    """Address, counts and the current history id."""
    mailbox = call.account.mailbox
    return to_json(
        {
            "emailAddress": call.account.email,
            "messagesTotal": len(mailbox.messages),
            "threadsTotal": len(mailbox.threads),
            "historyId": str(mailbox.history.current),
        }
    )


async def watch(call: Call) -> bytes:
    """Sets or renews the watch of this mailbox and project."""
    labels = call.body.get("labelIds") or ()
    if unknown := [one for one in labels if not call.account.mailbox.labels.exists(one)]:
        raise invalid(f"Invalid label: {unknown[0]}")
    made = await call.world.watches.watch(call.account, call.token.grant.client, call.body)
    history_id = str(call.account.mailbox.history.current)
    return to_json({"historyId": history_id, "expiration": str(int(made.expires_at * 1000))})


def stop(call: Call) -> bytes:
    """Ends the watch; 204."""
    call.world.watches.stop(call.account, call.token.grant.client)
    return b""


def list_history(call: Call) -> bytes:
    """The changes after startHistoryId; a page may be empty, historyId is always there."""
    history, query = call.account.mailbox.history, call.query
    start = query.get("startHistoryId")
    if start is None:
        raise bad_field("startHistoryId", "Missing required parameter: startHistoryId")
    if not history.knows(start):
        raise not_found()
    since = _place(query["pageToken"]) if query.get("pageToken") else start
    behaviour = call.world.behaviour
    settled = call.world.clock.now() - behaviour.history_lag_s
    seen = [r for r in history.after(since) if r.at <= settled] if behaviour.history_lag_s else history.after(since)
    page, more = _page(call, seen)
    current = _last_settled(call, seen) if behaviour.history_lag_s else history.current
    answer: Json = {"history": [r.body(with_labels=behaviour.labels_in_history) for r in page]} if page else {}
    if more is not None:
        answer["nextPageToken"] = base64.urlsafe_b64encode(f"h:{more.id}".encode()).decode()
    return to_json({**answer, "historyId": str(current)})


def _page(call: Call, seen: list[Record]) -> tuple[list[Record], Record | None]:
    """The records of one page, and the last one it covers if there are more."""
    most = min(call.query.get("maxResults") or _USUAL, _MOST)
    kinds, label = frozenset(call.query.get("historyTypes", ())), call.query.get("labelId")
    if call.world.behaviour.sparse_history_pages:
        cut = seen[:most]
        return matching(cut, kinds, label), cut[-1] if len(seen) > most else None
    found = matching(seen, kinds, label)
    return found[:most], found[most - 1] if len(found) > most else None


def _last_settled(call: Call, seen: list[Record]) -> int:
    start: int = call.query["startHistoryId"]
    return seen[-1].id if seen else start


def _place(token: str) -> int:
    try:
        told = _TOKEN.fullmatch(base64.urlsafe_b64decode(token).decode())
    except ValueError:
        told = None
    if told is None:
        raise invalid("Invalid page token", "badRequest")
    return int(told[1])


METHODS: dict[str, Perform] = {
    "gmail.users.getProfile": get_profile,
    "gmail.users.watch": watch,
    "gmail.users.stop": stop,
    "gmail.users.history.list": list_history,
}
