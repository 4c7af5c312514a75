"""Control of accounts and their mail."""

import base64

from aiohttp import web

from tests.sandbox.gmail_simulator import drafts
from tests.sandbox.gmail_simulator.accounts import Account, Alias
from tests.sandbox.gmail_simulator.addresses import is_address
from tests.sandbox.gmail_simulator.behaviour import SentShape
from tests.sandbox.gmail_simulator.clock import epoch_ms
from tests.sandbox.gmail_simulator.control import (
    ControlError,
    account_of,
    answer,
    answered,
    body_of,
    done,
    listed,
    only,
    text_of,
    texts_of,
    unreadable,
)
from tests.sandbox.gmail_simulator.grants import GrantEnd
from tests.sandbox.gmail_simulator.message import StoredMessage
from tests.sandbox.gmail_simulator.sending import deliver, send_by_hand
from tests.sandbox.gmail_simulator.wire import Json
from tests.sandbox.gmail_simulator.world import World


class MailboxControl:
    """Everything below /control/mailboxes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """The routes of this part."""
        one = "/control/mailboxes/{email}"
        return [
            web.post("/control/mailboxes", answered(self.make)),
            web.get("/control/mailboxes", answered(self.list_all)),
            web.post(f"{one}/deliver", answered(self.deliver)),
            web.post(f"{one}/send", answered(self.send)),
            web.post(f"{one}/draft", answered(self.draft)),
            web.post(f"{one}/labels", answered(self.relabel)),
            web.post(f"{one}/delete", answered(self.delete)),
            web.post(f"{one}/password", answered(self.change_password)),
            web.post(f"{one}/expire_history", answered(self.expire_history)),
            web.get(f"{one}/messages", answered(self.messages)),
            web.get(f"{one}/sent", answered(self.sent)),
        ]

    async def make(self, request: web.Request) -> web.Response:
        """A new account."""
        body = await body_of(request, "email", "name", "hosted_domain", "aliases")
        email = text_of(body, "email")
        if not is_address(email):
            raise unreadable(f"email is no address: {email!r}")
        hosted = body.get("hosted_domain")
        try:
            account = self._world.add_account(
                email,
                name=text_of(body, "name", ""),
                hosted_domain=None if hosted is None else text_of(body, "hosted_domain"),
                aliases=_aliases(body.get("aliases") or []),
            )
        except KeyError as error:
            raise ControlError(409, "exists", f"{email} has an account already") from error
        return answer({"email": account.email, "sub": account.sub}, 201)

    async def list_all(self, request: web.Request) -> web.Response:
        """All accounts."""
        return listed(request, [{"email": a.email, "sub": a.sub, "name": a.name} for a in self._world.directory])

    async def deliver(self, request: web.Request) -> web.Response:
        """A mail arrives."""
        account = account_of(self._world, request)
        only(request, "labels", "internal_date")
        names = request.query.get("labels", "INBOX,UNREAD").split(",")
        labels = [account.mailbox.labels.find_or_make(name.strip()) for name in names if name.strip()]
        date = request.query.get("internal_date")
        raw = await request.read()
        message = deliver(self._world, account, raw, labels, internal_date=epoch_ms(date) if date else None)
        return answer(_reference(message), 201)

    async def send(self, request: web.Request) -> web.Response:
        """The account's owner sends a mail from Gmail itself."""
        account = account_of(self._world, request)
        only(request, "threadId")
        sent = send_by_hand(self._world, account, await request.read(), request.query.get("threadId"))
        return answer(_reference(sent), 201)

    async def draft(self, request: web.Request) -> web.Response:
        """Saves, sends or drops a draft."""
        account = account_of(self._world, request)
        body = await body_of(request, "raw", "draft_id", "threadId", "act", "shape")
        draft_id, act = body.get("draft_id"), body.get("act")
        if act is None:
            raw = _decoded(text_of(body, "raw"))
            kept, message = drafts.save(self._world, account, raw, draft_id, body.get("threadId"))
            return answer({"draft_id": kept, **_reference(message)}, 201)
        if act == "drop":
            drafts.drop(account, text_of(body, "draft_id"))
            return done()
        if act != "send":
            raise unreadable("act is 'send' or 'drop'")
        shape = SentShape(body.get("shape") or self._world.behaviour.sent_shape)
        sent = drafts.send(self._world, account, text_of(body, "draft_id"), shape)
        return answer({"draft_id": draft_id, **_reference(sent)}, 201)

    async def relabel(self, request: web.Request) -> web.Response:
        """Applies and takes off labels, by name or id, made if missing."""
        account = account_of(self._world, request)
        body = await body_of(request, "id", "add", "remove")
        message = _message(account, body)
        labels = account.mailbox.labels
        add = [labels.find_or_make(name) for name in texts_of(body, "add")]
        remove = [labels.find_or_make(name) for name in texts_of(body, "remove")]
        account.mailbox.relabel(message, add, remove)
        return done()

    async def delete(self, request: web.Request) -> web.Response:
        """Deletes a message for good."""
        account = account_of(self._world, request)
        account.mailbox.remove(_message(account, await body_of(request, "id")))
        return done()

    async def change_password(self, request: web.Request) -> web.Response:
        """Ends all tokens with Gmail scopes."""
        account = account_of(self._world, request)
        await body_of(request)
        self._world.grants.end(account, GrantEnd.PASSWORD)
        return done()

    async def expire_history(self, request: web.Request) -> web.Response:
        """Makes every history id handed out so far too old."""
        account = account_of(self._world, request)
        await body_of(request)
        account.mailbox.history.expire()
        return done()

    async def messages(self, request: web.Request) -> web.Response:
        """All messages, or those with one label, oldest first."""
        account = account_of(self._world, request)
        only(request, "label", "limit", "cursor")
        return listed(request, _rows(account, request.query.get("label")))

    async def sent(self, request: web.Request) -> web.Response:
        """The messages with SENT, oldest first."""
        account = account_of(self._world, request)
        only(request, "limit", "cursor")
        return listed(request, _rows(account, "SENT"))


def _aliases(values: list[Json]) -> list[Alias]:
    made = []
    for value in values:
        if not isinstance(value, dict) or value.keys() - {"address", "name", "verified", "signature"}:
            raise unreadable("an alias is {address, name?, verified?, signature?}")
        verified = value.get("verified", True)
        if not isinstance(verified, bool):
            raise unreadable("verified must be true or false")
        signature = text_of(value, "signature", "")
        made.append(Alias(text_of(value, "address"), text_of(value, "name", ""), verified, signature))
    return made


def _message(account: Account, body: Json) -> StoredMessage:
    message = account.mailbox.messages.get(text_of(body, "id"))
    if message is None:
        raise ControlError(404, "not_found", f"no message {body['id']} in {account.email}")
    return message


def _decoded(raw: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(raw.translate(str.maketrans("+/", "-_")) + "==")
    except ValueError as error:
        raise unreadable("raw must be base64url") from error


def _reference(message: StoredMessage) -> Json:
    return {"id": message.id, "threadId": message.thread_id, "historyId": str(message.history_id)}


def _rows(account: Account, label: str | None) -> list[Json]:
    mailbox = account.mailbox
    wanted = mailbox.labels.find(label) or label if label else None
    chosen = (mailbox.messages[message_id] for _, _, message_id in mailbox.dated)
    return [
        {
            "id": message.id,
            "threadId": message.thread_id,
            "labelIds": list(message.labels),
            "internalDate": str(message.internal_date),
            "historyId": str(message.history_id),
            "raw": base64.urlsafe_b64encode(message.raw).decode(),
        }
        for message in chosen
        if wanted is None or wanted in message.labels
    ]
