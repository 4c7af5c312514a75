"""The calls of `send_email`: the form of a send, and what becomes of one that failed."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from shared.domain.draft import Draft, draft_of
from shared.domain.identifiers import MessageId
from shared.domain.provider import Provider
from shared.domain.session import Role
from shared.entrypoint import paging, tracing
from shared.entrypoint.answers import Answer, Page
from shared.entrypoint.form import parts
from shared.entrypoint.http import Call, Route
from shared.entrypoint.views import failure_view, message_view
from shared.errors import Rejected
from shared.ports.store import Store
from shared.ports.world import Blobs, Topics
from shared.usecases.accept_send import Asked, accept_send, entry_id
from shared.usecases.contended import Patience
from shared.usecases.list_recipients import list_recipients
from shared.usecases.receive_mail import Received, receive_mail
from shared.usecases.retry_send import Retrying, retry_send
from shared.usecases.show_message import show_message

SENDERS = frozenset({Role.USER, Role.ADMIN, Role.SERVICE})
"""The CRM's backend sends bulk and workflow mail only."""
LARGEST_FORM = 67_108_864
"""Of a form: more than any send may have, so that what is too large is measured and refused with its size."""
_KEY = re.compile(r"[!-~]{1,200}")


class _Retry(msgspec.Struct, forbid_unknown_fields=True):
    was_sent: bool | None = None


@dataclass(frozen=True, slots=True)
class Sends:
    """What the calls may touch; `token` gives unguessable text, `default` the provider of locations without one."""

    store: Store
    blobs: Blobs
    topics: Topics
    patience: Patience
    token: Callable[[], str]
    default: Provider | None = None

    def routes(self) -> tuple[Route, ...]:
        """Every route of the function, and who may take it."""
        at = "/locations/{location}/messages"
        return (
            Route("POST", at, self.send, SENDERS, max_bytes=LARGEST_FORM, own_body=True),
            Route("POST", f"{at}/{{message}}/retry", self.retry, SENDERS),
            Route("GET", f"{at}/{{message}}/recipients", self.recipients, SENDERS, query=paging.PARAMETERS),
        )

    def send(self, call: Call) -> Answer:
        """Accepts a mail: 202, the same answer whenever the key comes again."""
        key = call.request.headers.get("Idempotency-Key", "")
        if not _KEY.fullmatch(key):
            raise Rejected("invalid_request", "The header Idempotency-Key is 1 to 200 visible ASCII characters.")
        entry = entry_id(call.location, call.session.user, key)
        folder = f"locations/{call.location}/outbox/{entry}/{self.token()}"
        received = receive_mail(parts(call.request), self.blobs, folder=folder)
        service = call.session.role is Role.SERVICE
        asked = Asked(call.location, call.session.user, key, _draft(received), service, tracing.trace_id())
        accepted = accept_send(
            asked, received, store=self.store, topics=self.topics, patience=self.patience, default=self.default
        )
        body = {
            "id": accepted.id,
            "conversation": accepted.conversation,
            "status": "queued",
            "warnings": list(accepted.warnings),
        }
        return Answer(202, body, told={"entry": accepted.id})

    def retry(self, call: Call) -> Answer:
        """Sends a failed mail again, or settles a doubtful one: 202 with the message as it is now."""
        name = MessageId(call.path["message"])
        asked = Retrying(call.location, call.session.user, name, call.body(_Retry).was_sent)
        retry_send(asked, store=self.store, topics=self.topics, patience=self.patience)
        shown = show_message(call.location, name, caller=call.session.user, store=self.store, blobs=self.blobs)
        return Answer(202, message_view(shown, call.location, call.session.locations))

    def recipients(self, call: Call) -> Answer:
        """How it stands with each recipient."""
        pages = paging.asked(call.request.path, call.query)
        name = MessageId(call.path["message"])
        start = pages.after[0] if pages.after else 0
        rows, following = list_recipients(call.location, name, start=start, limit=pages.limit, store=self.store)
        items = [
            {
                "address": row.address,
                "status": row.status,
                "message": row.message,
                "failure": failure_view(row.failure),
            }
            for row in rows
        ]
        return Answer(body=Page(items, pages.cursor(following, name) if following else None))


def _draft(received: Received) -> Draft:
    try:
        return draft_of(received.content or b"")
    except Rejected:
        received.discard()
        raise
