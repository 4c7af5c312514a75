"""The calls of `conversations`: what is asked, put into the words of the use cases, and back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from shared.domain.addresses import normalise
from shared.domain.flags import Flags
from shared.domain.headers import message_ids
from shared.domain.identifiers import ID, ContactId, GmailId, LocationId, MessageId
from shared.domain.session import Role
from shared.entrypoint import paging
from shared.entrypoint.answers import Answer, Page
from shared.entrypoint.downloads import download
from shared.entrypoint.http import Call, Route
from shared.entrypoint.views import message_view
from shared.errors import Rejected
from shared.ports.gmail import GmailAccess
from shared.ports.store import Store
from shared.ports.world import Blobs, Topics
from shared.usecases import explain as explaining
from shared.usecases.contended import Patience
from shared.usecases.list_conversations import Listed, list_conversations
from shared.usecases.list_messages import list_messages
from shared.usecases.mark_read import mark_read
from shared.usecases.move_claim import Moving, move_claim
from shared.usecases.set_flags import Flagging, set_flags
from shared.usecases.show_message import open_attachment, show_message

READERS = frozenset({Role.USER, Role.ADMIN, Role.SERVICE})
OWNERS = frozenset({Role.USER})
PAGES = paging.PARAMETERS
EXPLAINED = ("gmail_id", "message_id", "address")


class FlagsBody(msgspec.Struct, forbid_unknown_fields=True):
    """What becomes of a mail; what is left out stays as it is."""

    read: bool | msgspec.UnsetType = msgspec.UNSET
    starred: bool | msgspec.UnsetType = msgspec.UNSET


class ClaimBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which location gets a thread; null: none."""

    to: str | None


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A body in which there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What the calls may touch; Gmail only where something has to be explained."""

    store: Store
    blobs: Blobs
    access: Callable[[], GmailAccess]
    topics: Topics
    patience: Patience
    capture_domain: str = ""

    def routes(self) -> tuple[Route, ...]:
        """Every route of the function, and who may take it."""
        at = "/locations/{location}"
        return (
            Route("GET", f"{at}/conversations", self.list, READERS, query=(*PAGES, "changed_since")),
            Route("GET", f"{at}/conversations/{{conversation}}/messages", self.messages, READERS, query=PAGES),
            Route("POST", f"{at}/conversations/{{conversation}}/read", self.read, READERS),
            Route("GET", f"{at}/messages/{{message}}", self.message, READERS),
            Route("GET", f"{at}/messages/{{message}}/attachments/{{attachment}}", self.attachment, READERS),
            Route("POST", f"{at}/messages/{{message}}/flags", self.flag, READERS),
            Route("POST", f"{at}/messages/{{message}}/claim", self.claim, OWNERS),
            Route("GET", f"{at}/explain", self.explain, OWNERS, query=(*EXPLAINED, *PAGES)),
        )

    def list(self, call: Call) -> Answer:
        """The location's conversations."""
        pages = paging.asked(call.request.path, call.query)
        since = _moment(call.query["changed_since"]) if "changed_since" in call.query else None
        found = list_conversations(call.location, since=since, limit=pages.limit, after=pages.after, store=self.store)
        last = found[-1].conversation if len(found) == pages.limit else None
        page = [_conversation(one) for one in found]
        following = (last.changed_ms if since else last.last_message_ms, last.id) if last else None
        return Answer(body=Page(page, pages.cursor(*following) if following else None))

    def messages(self, call: Call) -> Answer:
        """One contact's mail."""
        pages = paging.asked(call.request.path, call.query)
        page = list_messages(
            call.location,
            ContactId(call.path["conversation"]),
            caller=call.session.user,
            limit=pages.limit,
            after=pages.after,
            store=self.store,
            blobs=self.blobs,
        )
        items = [message_view(one, call.location, call.session.locations) for one in page.messages]
        return Answer(body=Page(items, pages.cursor(*page.after) if page.after else None))

    def read(self, call: Call) -> Answer:
        """Nothing in the conversation is unread any more."""
        if call.request.content_length:
            call.body(Nothing)
        mark_read(call.location, ContactId(call.path["conversation"]), now=call.now, store=self.store)
        return Answer(204)

    def message(self, call: Call) -> Answer:
        """One mail."""
        return self._shown(call)

    def _shown(self, call: Call) -> Answer:
        name = MessageId(call.path["message"])
        shown = show_message(call.location, name, caller=call.session.user, store=self.store, blobs=self.blobs)
        return Answer(body=message_view(shown, call.location, call.session.locations))

    def flag(self, call: Call) -> Answer:
        """One mail read or unread, starred or not."""
        body = call.body(FlagsBody)
        if body.read is msgspec.UNSET and body.starred is msgspec.UNSET:
            raise Rejected("invalid_request", "Give read, starred or both.")
        flags = Flags(_given(body.read), _given(body.starred))
        asked = Flagging(call.location, MessageId(call.path["message"]), flags)
        set_flags(asked, store=self.store, topics=self.topics, patience=self.patience)
        return self._shown(call)

    def claim(self, call: Call) -> Answer:
        """The Gmail thread of one mail for another location, or for none."""
        to = call.body(ClaimBody).to
        if to is not None and not ID.match(to):
            raise Rejected("invalid_request", "to is the id of a location, or null.")
        asked = Moving(
            location=call.location,
            user=call.session.user,
            message=MessageId(call.path["message"]),
            to=LocationId(to) if to is not None else None,
            locations=call.session.locations,
        )
        move_claim(asked, store=self.store, topics=self.topics, patience=self.patience)
        return self._shown(call)

    def attachment(self, call: Call) -> Answer:
        """One file of a mail."""
        name = MessageId(call.path["message"])
        return download(
            *open_attachment(call.location, name, call.path["attachment"], store=self.store, blobs=self.blobs)
        )

    def explain(self, call: Call) -> Answer:
        """Why mail of the caller's own mailbox is here or not."""
        pages = paging.asked(call.request.path, call.query)
        explained = explaining.explain(
            call.location,
            _asked({name: value for name, value in call.query.items() if name in EXPLAINED}),
            explaining.Extent(pages.limit, GmailId(pages.after[1]) if pages.after else None),
            caller=call.session.user,
            now=call.now,
            store=self.store,
            access=self.access,
            capture_domain=self.capture_domain,
        )
        return Answer(body=Page(explained.items, pages.cursor(0, explained.after) if explained.after else None))


def _given(flag: bool | msgspec.UnsetType) -> bool | None:
    return flag if isinstance(flag, bool) else None


def _conversation(one: Listed) -> dict[str, object]:
    at = one.conversation.last_message_ms
    contact = one.contact
    return {
        "id": one.conversation.id,
        "contact": {
            "id": one.conversation.id,
            "name": (contact.name if contact else "") or None,
            "email": contact.email if contact else None,
        },
        "subject": one.conversation.subject,
        "last_message_at": datetime.fromtimestamp(at / 1000, UTC) if at else None,
        "message_count": one.conversation.message_count,
        "unread": max(0, one.conversation.unread),
    }


def _moment(text: str) -> datetime:
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise Rejected("invalid_request", "changed_since is a time as RFC 3339 writes it.") from error
    if moment.tzinfo is None:
        raise Rejected("invalid_request", "changed_since needs its offset from UTC.")
    return moment


def _asked(query: dict[str, str]) -> explaining.Asked:
    if len(query) != 1:
        raise Rejected("invalid_request", "Give exactly one of gmail_id, message_id and address.")
    name, value = next(iter(query.items()))
    if name == "gmail_id" and ID.match(value):
        return explaining.Asked(gmail_id=GmailId(value))
    if name == "message_id" and (ids := message_ids(value)):
        return explaining.Asked(message_id=ids[0])
    address = normalise(value) if name == "address" else None
    if address and '"' not in address:
        return explaining.Asked(address=address)
    raise Rejected("invalid_request", f"{name} is not one.")
