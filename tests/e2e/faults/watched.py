"""An office whose store, Sent folder, calls, events and logs are in view, and what must be true of them in the end."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from shared.adapters.firestore.store import FirestoreStore
from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import MailboxId
from shared.domain.mailbox import Mailbox
from tests.e2e.driver import Office, Row, until
from tests.sandbox import emulators
from tests.sandbox.plan import PROJECT, Plan
from tests.sandbox.stack import Stack

A_WHILE_S = 200
"""Longer than a lease, a claim, or the pauses after the first few failures."""
SOON_S, BUSY_S = 0.4, 5.0
LOG_BLOCK, LOG_HEADER = 32_768, 7


@dataclass(slots=True)
class Watched:
    """One office on a fronted stack; `arrived` and `strangers` are Gmail ids, `canary` is in every stranger's mail."""

    office: Office
    stack: Stack
    store: FirestoreStore
    canary: str = field(default_factory=lambda: f"canary{uuid.uuid4().hex}")
    arrived: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    @property
    def mailbox_id(self) -> MailboxId:
        """The mailbox, by its address."""
        key = keys.mailbox_address(Address(self.office.mailbox))
        found = self.store.read(key).value(key)
        assert found
        return found.mailbox

    @property
    def mailbox(self) -> Mailbox:
        """Its document as it now is."""
        key = keys.mailbox(self.mailbox_id)
        found = self.store.read(key).value(key)
        assert found
        return found

    def letter(self) -> Row:
        """A mail of the user's to the contact, as the CRM asks to send it."""
        return {"to": [{"address": self.office.contact_email}], "subject": "An offer", "text": "Take it."}

    def arrive(self, count: int = 3, **more: str) -> list[Row]:
        """Mails of the contact, and one of a stranger."""
        rows = [self.office.arrives(f"Number {one}", **more) for one in range(count)]
        stranger = self.office.arrives(self.canary, self.canary, sender=f"{self.canary}@elsewhere.example")
        self.arrived += [row["id"] for row in rows]
        self.strangers.append(stranger["id"])
        return [*rows, stranger]

    def commit(self, which: str) -> tuple[str, ...]:
        """What a sync's commit has in it and no other of its commits: of the claim, the chunk, the cursor."""
        own = f"/mailboxes/{self.mailbox_id}"
        return {
            "claim": (own, "fence"),
            "chunk": (own, f"/gmail_ids/{self.mailbox_id}_"),
            "cursor": (own, "last_synced_at"),
        }[which]

    def held(self, count: int = 3, **more: str) -> list[Row]:
        """They arrive, and nobody is told before `let_go`."""
        self.office.gmail.pushes(hold=True)
        return self.arrive(count, **more)

    def let_go(self) -> None:
        """Notifications go out again."""
        self.office.gmail.end_pushes()

    def at_rest(self) -> None:
        """Nothing is due for the mailbox for a good while."""
        self.timer(lambda: self._idle(self.mailbox), what="rest")

    def _idle(self, mailbox: Mailbox) -> bool:
        now = datetime.fromisoformat(self.office.gmail.advance(0))
        due = mailbox.wake_at is None or mailbox.wake_at - now > timedelta(minutes=10)
        return not mailbox.holder and due and mailbox.pending <= mailbox.cursor

    def timer(self, done: Callable[[], Any], *, step_s: float = A_WHILE_S, what: str, within_s: float = 40.0) -> None:
        """The project's timer runs, and time goes on, until it is `done`."""

        def look() -> Any:
            if done():
                return True
            self.office.gmail.advance(step_s)
            self.office.endpoints.run_schedule("reconcile_mailboxes")
            return self._settling(done)

        until(look, within_s=within_s, every_s=0.0, what=what)

    def _settling(self, done: Callable[[], Any]) -> Any:
        """What was woken gets on with it: time shall not run away from a worker, whose lease ends by that clock."""
        began, now = time.monotonic(), datetime.fromisoformat(self.office.gmail.advance(0))
        while not (seen := done()):
            spent = time.monotonic() - began
            if spent > BUSY_S or (spent > SOON_S and not self.mailbox.leased(now)):
                return None
            time.sleep(0.05)
        return seen

    def drained(self) -> None:
        """All that arrived is in the conversation, and the mailbox is at rest."""
        wanted = set(self.arrived)
        self.timer(lambda: wanted <= set(self.stored()), what="all mails in the conversation")
        self.at_rest()

    def stored(self) -> list[str]:
        """The Gmail ids in the conversation, one for each message."""
        items, cursor = [], None
        while True:
            answer = self.office.crm.ask(
                "GET", "conversations", f"/conversations/{self.office.contact}/messages", cursor=cursor
            )
            if answer.status == 404:
                return []
            page = answer.json()
            items += [item["gmail"]["id"] for item in page["items"] if item["gmail"]]
            cursor = page["next_cursor"]
            if not cursor:
                return items

    def kept_every_promise(self, *, sent: int = 0) -> None:
        """I1 to I5 and I8: each mail once, told of under one id, nothing of strangers', nobody holds the mailbox."""
        office = self.office
        assert sorted(self.stored()) == sorted(
            [*self.arrived, *(row["id"] for row in office.gmail.sent(office.mailbox))]
        )
        if self.arrived or sent:
            (conversation,) = office.crm.conversations()
            assert conversation["message_count"] == len(self.arrived) + sent
            assert conversation["unread"] == len(self.arrived)
        assert len(office.gmail.sent(office.mailbox)) == sent
        for stranger in self.strangers:
            office.decided(stranger, "left_out")
        self._told()
        mailbox = self.mailbox
        assert not mailbox.holder
        assert mailbox.pending <= mailbox.cursor
        if self.arrived:
            assert office.crm.connection()["coverage"] == 100
        self.nothing_of_strangers()

    def _told(self) -> None:
        office = self.office
        messages = {item["id"] for item in office.crm.messages(office.contact, limit=100) if item["gmail"]}

        def told() -> bool:
            events = office.endpoints.happened("message.stored", office.location)
            events += office.endpoints.happened("message.sent", office.location)
            names = {(event["id"], event["data"]["message"]) for event in events}
            return {name for _, name in names} >= messages and len({name for name, _ in names}) == len(names)

        if len(messages) < 100:
            until(told, what="an event for each message")

    def nothing_of_strangers(self) -> None:
        """I2: not fetched beyond the headers, and nowhere in documents, blobs or logs."""
        calls = self.office.gmail.calls(self.office.mailbox, "gmail.users.messages.get")
        full = {call["id"] for call in calls if call["format"] not in {"metadata", "minimal"}}
        assert not full & set(self.strangers)
        found = [where for where, content in _sinks(self.stack.plan) if self.canary.encode() in content]
        assert found == []

    def limit_left(self, left: int) -> None:
        """I7."""
        assert self.office.crm.connection()["sends"]["left"] == left


def watched(office: Office, stack: Stack) -> Watched:
    """The office, seen from behind too: its store is read past all fronts."""
    options = {"api_endpoint": stack.plan.host("firestore")}
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", stack.plan.host("firestore"))
        client = firestore.Client(project=PROJECT, credentials=credentials, client_options=options)
    return Watched(office, stack, FirestoreStore(client))


def _sinks(plan: Plan) -> list[tuple[str, bytes]]:
    """Every place where something may have been left: documents, blobs, logs of functions."""
    kept = emulators.export_firestore(plan).parent
    exported = [(str(path), _joined(path.read_bytes())) for path in kept.rglob("output-*")]
    files = [path for path in (plan.run_dir / "blobs").rglob("*") if path.is_file()]
    files += [plan.log(name) for name in plan.table.functions]
    return exported + [(str(path), path.read_bytes()) for path in files if Path(path).exists()]


def _joined(log: bytes) -> bytes:
    """An export's records without the headers that cut them up, so that no word of them is missed."""
    out = bytearray()
    for first in range(0, len(log), LOG_BLOCK):
        block, at = log[first : first + LOG_BLOCK], 0
        while at + LOG_HEADER <= len(block):
            length = int.from_bytes(block[at + 4 : at + 6], "little")
            out += block[at + LOG_HEADER : at + LOG_HEADER + length]
            at += LOG_HEADER + length
    return bytes(out)
