"""Drafts, and threads as a whole."""

from tests.sandbox.gmail_simulator import drafts
from tests.sandbox.gmail_simulator.api import Call, Perform
from tests.sandbox.gmail_simulator.errors import invalid, not_found
from tests.sandbox.gmail_simulator.message import StoredMessage
from tests.sandbox.gmail_simulator.methods_messages import changes, check_format, matches, page_of, raw_mail, reference
from tests.sandbox.gmail_simulator.wire import Json, to_json


def create_draft(call: Call) -> bytes:
    """Saves a new draft."""
    return _saved(call, None)


def update_draft(call: Call) -> bytes:
    """Saves a draft again, under a new message id."""
    return _saved(call, call.path["id"])


def _saved(call: Call, draft_id: str | None) -> bytes:
    body: Json = call.body.get("message") or {}
    raw = raw_mail(call, body)
    if not raw:
        raise invalid("Message not RFC822 compliant")
    kept, message = drafts.save(call.world, call.account, raw, draft_id, body.get("threadId"))
    return to_json({"id": kept, "message": reference(message)})


def get_draft(call: Call) -> bytes:
    """A draft with its message."""
    message = drafts.draft_message(call.account, call.path["id"])
    rendered = call.world.renderer.message(message, check_format(call))
    return b'{"id":%s,"message":%s}' % (to_json(call.path["id"]), rendered)


def list_drafts(call: Call) -> bytes:
    """Ids of all drafts."""
    mailbox = call.account.mailbox
    there = mailbox.messages
    found = [(kept, there[message_id]) for kept, message_id in mailbox.drafts.items() if message_id in there]
    listed = [{"id": kept, "message": {"id": m.id, "threadId": m.thread_id}} for kept, m in found]
    return to_json({**({"drafts": listed} if listed else {}), "resultSizeEstimate": len(listed)})


def delete_draft(call: Call) -> bytes:
    """Throws a draft away."""
    drafts.drop(call.account, call.path["id"])
    return b""


def send_draft(call: Call) -> bytes:
    """Sends a draft that is there, in the shape that the behaviour says."""
    draft_id = call.body.get("id")
    if draft_id is None:
        raise invalid("Missing draft id")
    sent = drafts.send(call.world, call.account, draft_id, call.world.behaviour.sent_shape)
    return to_json(reference(sent))


def _thread(call: Call) -> list[StoredMessage]:
    mailbox = call.account.mailbox
    ids = mailbox.threads.get(call.path["id"])
    if ids is None:
        raise not_found()
    return [mailbox.messages[one] for one in ids]


def get_thread(call: Call) -> bytes:
    """A thread with all its messages, oldest first."""
    messages, form = _thread(call), check_format(call)
    wanted = call.query.get("metadataHeaders", ())
    rendered = b",".join(call.world.renderer.message(one, form, wanted) for one in messages)
    newest = max(one.history_id for one in messages)
    return b'{"id":"%s","historyId":"%d","messages":[%s]}' % (call.path["id"].encode(), newest, rendered)


def list_threads(call: Call) -> bytes:
    """Threads that have a matching message."""
    page, token = page_of(call, matches(call))
    mailbox = call.account.mailbox
    threads = [mailbox.messages[mailbox.threads[t][-1]] for t in dict.fromkeys(m.thread_id for m in page)]
    answer: Json = {"threads": [{"id": m.thread_id, "historyId": str(m.history_id)} for m in threads]} if page else {}
    if token:
        answer["nextPageToken"] = token
    return to_json({**answer, "resultSizeEstimate": len(threads)})


def modify_thread(call: Call) -> bytes:
    """Adds and removes labels of all messages of a thread."""
    return _relabelled(call, *changes(call))


def trash_thread(call: Call) -> bytes:
    """Moves a thread to the trash."""
    return _relabelled(call, ["TRASH"], ["INBOX"])


def untrash_thread(call: Call) -> bytes:
    """Takes a thread out of the trash."""
    return _relabelled(call, [], ["TRASH"])


def _relabelled(call: Call, add: list[str], remove: list[str]) -> bytes:
    messages = _thread(call)
    for message in messages:
        call.account.mailbox.relabel(message, add, remove)
    return to_json({"id": call.path["id"], "messages": [reference(message) for message in messages]})


METHODS: dict[str, Perform] = {
    "gmail.users.drafts.create": create_draft,
    "gmail.users.drafts.update": update_draft,
    "gmail.users.drafts.get": get_draft,
    "gmail.users.drafts.list": list_drafts,
    "gmail.users.drafts.delete": delete_draft,
    "gmail.users.drafts.send": send_draft,
    "gmail.users.threads.get": get_thread,
    "gmail.users.threads.list": list_threads,
    "gmail.users.threads.modify": modify_thread,
    "gmail.users.threads.trash": trash_thread,
    "gmail.users.threads.untrash": untrash_thread,
}
