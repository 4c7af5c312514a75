"""Messages: listing, reading, sending, relabelling."""

import base64
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

from tests.sandbox.gmail_simulator.api import Call, Perform
from tests.sandbox.gmail_simulator.errors import GoogleError, invalid, not_found
from tests.sandbox.gmail_simulator.labels import FIXED
from tests.sandbox.gmail_simulator.message import StoredMessage
from tests.sandbox.gmail_simulator.rendering import base64url
from tests.sandbox.gmail_simulator.search import parse
from tests.sandbox.gmail_simulator.search_terms import Asked
from tests.sandbox.gmail_simulator.sending import deliver, send_by_api
from tests.sandbox.gmail_simulator.wire import Json, to_json

_MOST, _USUAL = 500, 100
_MANY = 201
_METADATA = "https://www.googleapis.com/auth/gmail.metadata"
_HIDDEN = frozenset({"SPAM", "TRASH"})


def reads_bodies(call: Call) -> bool:
    """Whether the token may see more than headers: any scope of the method besides gmail.metadata."""
    return bool(call.token.scopes & (call.method.scopes - {_METADATA}))


def found(call: Call, message_id: str) -> StoredMessage:
    """The message of that id in this mailbox; GoogleError 404 if there is none."""
    message = call.account.mailbox.messages.get(message_id)
    if message is None:
        raise not_found()
    return message


def check_format(call: Call) -> str:
    """The wanted format; GoogleError 403 if the token may not have it."""
    form = call.format or "full"
    if form in {"full", "raw"} and not reads_bodies(call):
        message = f"Metadata scope doesn't allow format {form.upper()}"
        raise GoogleError(403, message, "forbidden")
    return form


def get_message(call: Call) -> bytes:
    """One message in one of the four formats."""
    message = found(call, call.path["id"])
    return call.world.renderer.message(message, check_format(call), call.query.get("metadataHeaders", ()))


def get_attachment(call: Call) -> bytes:
    """The bytes behind an attachmentId."""
    message = found(call, call.path["messageId"])
    part = call.world.renderer.attached(message, call.path["id"])
    if part is None:
        raise invalid("Invalid attachment token")
    content = part.content()
    return b'{"size":%d,"data":"%s"}' % (len(content), base64url(content))


def matches(call: Call) -> Iterator[StoredMessage]:
    """The messages that labelIds, q and includeSpamTrash of a list call choose, newest first."""
    mailbox, query = call.account.mailbox, call.query
    if query.get("q") and not reads_bodies(call):
        raise GoogleError(403, "Metadata scope does not support 'q' parameter", "forbidden")
    search = parse(query.get("q", ""), Asked(call.account, call.world.clock.now()))
    if search is None:
        return iter(())
    wanted = frozenset(query.get("labelIds", ()))
    everywhere = search.everywhere or query.get("includeSpamTrash") or bool(wanted & _HIDDEN)
    visible = call.world.clock.now() - call.world.behaviour.list_lag_s
    dated = mailbox.dated[: bisect_left(mailbox.dated, _before(query.get("pageToken")))]
    return (
        message
        for message in (mailbox.messages[message_id] for _, _, message_id in reversed(dated))
        if wanted.issubset(message.labels)
        and (everywhere or not _HIDDEN.intersection(message.labels))
        and message.arrived <= visible
        and search.matches(message)
    )


def _before(token: str | None) -> tuple[float, float, str]:
    if not token:
        return (float("inf"), 0, "")
    try:
        date, order = base64.urlsafe_b64decode(token).decode().split(":")
        return (int(date), int(order), "")
    except ValueError as error:
        raise invalid("Invalid page token", "badRequest") from error


def page_of(call: Call, chosen: Iterator[StoredMessage]) -> tuple[list[StoredMessage], str | None]:
    """One page and the token of the next, if there is one."""
    most = min(call.query.get("maxResults") or _USUAL, _MOST)
    page = list(islice(chosen, most))
    if next(chosen, None) is None:
        return page, None
    last = page[-1]
    return page, base64.urlsafe_b64encode(f"{last.internal_date}:{last.order}".encode()).decode()


def list_messages(call: Call) -> bytes:
    """Ids of the messages that match; no `messages` where none does."""
    page, token = page_of(call, matches(call))
    answer: Json = {}
    if page:
        answer["messages"] = [{"id": message.id, "threadId": message.thread_id} for message in page]
    if token:
        answer["nextPageToken"] = token
    answer["resultSizeEstimate"] = _MANY if token else len(page)
    return to_json(answer)


def raw_mail(call: Call, body: Json) -> bytes:
    """The mail of an upload, or of `raw` in a JSON body; b"" if there is neither."""
    if call.media is not None:
        return call.media
    text = str(body.get("raw") or "").translate(str.maketrans("+/", "-_")).rstrip("=")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise invalid("Invalid value for ByteString", "badRequest") from error


def reference(message: StoredMessage) -> Json:
    """The short form in which changes are answered."""
    labels = {"labelIds": list(message.labels)} if message.labels else {}
    return {"id": message.id, "threadId": message.thread_id, **labels}


def send(call: Call) -> bytes:
    """Sends a mail."""
    sent = send_by_api(call.world, call.account, raw_mail(call, call.body), call.body.get("threadId"))
    return to_json(reference(sent))


def insert(call: Call) -> bytes:
    """Puts a mail into the mailbox without sending it; its Message-ID stays."""
    raw = raw_mail(call, call.body)
    if not raw:
        raise invalid("'raw' RFC822 payload message string or uploading message via /upload/* URL required")
    labels = call.body.get("labelIds") or []
    check_labels(call, labels)
    return to_json(reference(deliver(call.world, call.account, raw, labels)))


def check_labels(call: Call, labels: list[str]) -> None:
    """GoogleError 400 for a label that does not exist."""
    for one in labels:
        if not call.account.mailbox.labels.exists(one):
            raise invalid(f"Invalid label: {one}")


def changes(call: Call) -> tuple[list[str], list[str]]:
    """The labels that a modify call adds and removes; GoogleError 400 for one that cannot be."""
    add, remove = call.body.get("addLabelIds") or [], call.body.get("removeLabelIds") or []
    check_labels(call, [*add, *remove])
    for one in FIXED.intersection([*add, *remove]):
        raise invalid(f"Invalid label: {one}")
    return add, remove


def modify(call: Call) -> bytes:
    """Adds and removes labels of one message."""
    message = found(call, call.path["id"])
    call.account.mailbox.relabel(message, *changes(call))
    return to_json(reference(message))


def trash(call: Call) -> bytes:
    """Moves one message to the trash."""
    message = found(call, call.path["id"])
    call.account.mailbox.relabel(message, ["TRASH"], ["INBOX"])
    return to_json(reference(message))


def untrash(call: Call) -> bytes:
    """Takes one message out of the trash."""
    message = found(call, call.path["id"])
    call.account.mailbox.relabel(message, (), ["TRASH"])
    return to_json(reference(message))


def delete(call: Call) -> bytes:
    """Deletes one message for good."""
    call.account.mailbox.remove(found(call, call.path["id"]))
    return b""


def batch_modify(call: Call) -> bytes:
    """Adds and removes labels of many messages; ids that are not there are passed over."""
    add, remove = changes(call)
    for message_id in call.body.get("ids") or []:
        message = call.account.mailbox.messages.get(message_id)
        if message is not None:
            call.account.mailbox.relabel(message, add, remove)
    return b""


METHODS: dict[str, Perform] = {
    "gmail.users.messages.get": get_message,
    "gmail.users.messages.list": list_messages,
    "gmail.users.messages.attachments.get": get_attachment,
    "gmail.users.messages.send": send,
    "gmail.users.messages.insert": insert,
    "gmail.users.messages.import": insert,
    "gmail.users.messages.modify": modify,
    "gmail.users.messages.batchModify": batch_modify,
    "gmail.users.messages.trash": trash,
    "gmail.users.messages.untrash": untrash,
    "gmail.users.messages.delete": delete,
}
