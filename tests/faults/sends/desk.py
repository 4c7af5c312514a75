"""One location and one mailbox with the product around it in memory, Google's part of it real."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.adapters.gmail.access import GoogleMailboxes
from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import GmailId, MailboxId, MessageId, ThreadId
from shared.domain.mailbox import Alias, Grant, Mailbox
from shared.domain.outbox import EntryState, OutboxEntry
from shared.domain.places import MailboxAddress
from shared.errors import GrantLost, Rejected, Transient
from shared.ports.gmail import Gmail, MailHeaders, MailStream, Sender, SentMail, SessionAnswer
from shared.ports.store import Delete, Put, Query
from shared.usecases.deliver_entry import deliver_entry
from shared.usecases.delivery import Delivery
from shared.usecases.disconnect import disconnect
from shared.usecases.grants import Google
from shared.usecases.process_notification import Notice, process_notification
from shared.usecases.reconcile import reconcile
from shared.usecases.sync_work import SyncPorts
from tests.fakes.grants import FakeGrants
from tests.fakes.sealer import FakeSealer
from tests.faults.sends.ground import At, Ground
from tests.faults.sends.outcomes import Marker, Session
from tests.faults.strikes import Fate, struck
from tests.simulator.running import mail
from tests.unit.inbound import ADA, HERE
from tests.unit.outbound import CARL, USER, Outbound

ENDED = {EntryState.SENT, EntryState.FAILED, EntryState.UNKNOWN}
HOURS = timedelta(hours=30)
"""Of simulated time: longer than anything may wait."""


class Watched:
    """A mailbox's way out; `around` happens when an upload has ended at Gmail, before the worker sees its answer."""

    def __init__(self, sender: Sender, around: Callable[[], None]) -> None:
        self._sender, self._around = sender, around

    def begin(self, size: int, thread_id: ThreadId | None) -> str:
        return self._sender.begin(size, thread_id)

    def finish(self, session: str, content: MailStream, *, start: int = 0) -> SentMail:
        try:
            return self._sender.finish(session, content, start=start)
        finally:
            self._around()

    def ask(self, session: str, size: int) -> SentMail | int | SessionAnswer:
        return self._sender.ask(session, size)

    def message_id(self, gmail_id: GmailId) -> MailHeaders:
        return self._sender.message_id(gmail_id)


class WatchedAccess:
    """Google's adapter, whose uploads are watched."""

    def __init__(self, mailboxes: GoogleMailboxes, around: Callable[[], None]) -> None:
        self._mailboxes, self._around = mailboxes, around

    def open(self, mailbox: Mailbox) -> Gmail:
        return self._mailboxes.open(mailbox)

    def open_with(self, refresh_token: str) -> Gmail:
        return self._mailboxes.open_with(refresh_token)

    def sender(self, mailbox: Mailbox) -> Sender:
        return Watched(self._mailboxes.sender(mailbox), self._around)


class Desk(Outbound):
    """`first` is the worker whose every operation is counted and may be struck; all others are fresh processes."""

    def __init__(self, ground: Ground, marker: Marker, session: Session, *, stalls: bool) -> None:
        super().__init__()
        self.ground = ground
        self.account: At = ground.account(self.clock.now, marker, session)
        self._settle_in(marker)
        self.fate = Fate(counting=False)
        self.around: Callable[[], None] = lambda: None
        self.syncing, self.cuts_off = True, False
        first, self._second = ground.adapters(stalls=stalls)
        mine = WatchedAccess(first, self._call_ended)
        self.raw = self.store, self.topics, self.blobs
        self.first = Delivery(
            struck(self.store, "store", self.fate),
            struck(self.topics, "topics", self.fate),
            struck(self.blobs, "blobs", self.fate),
            struck(mine, "google", self.fate),
            FakeSealer(),
            self.patience,
        )
        self.delivery = Delivery(self.store, self.topics, self.blobs, self._second, FakeSealer(), self.patience)
        self.ports = SyncPorts(self.store, self._second, self.blobs, self.topics, self.clock, FakeSealer(), {})

    def _settle_in(self, marker: Marker) -> None:
        """The mailbox is the simulator's account; a deployment that proved the marker has read it back before."""
        address, sealer = Address(self.account.email), FakeSealer()
        name = MailboxId(f"mailbox-of-{self.account.account.sub}")
        sealed = sealer.seal(self.account.refresh_token, owner=name, purpose="refresh-token")
        made = replace(
            self.mailbox,
            id=name,
            subject=self.account.account.sub,
            address=address,
            aliases=(Alias(address), *(Alias(Address(one.address)) for one in self.account.account.aliases)),
            grant=Grant(sealed, 1),
            cursor=self.ground.newest(self.account),
            keeps_marker=marker is Marker.PROVEN,
        )
        gone = [Delete(keys.mailbox(self.mailbox_id)), Delete(keys.mailbox_address(Address(ADA)))]
        self.mailbox_id = name
        here = [Put(keys.mailbox(name), made), Put(keys.mailbox_address(address), MailboxAddress(name))]
        self.store.commit([*gone, *here])
        self.link(HERE)

    def _call_ended(self) -> None:
        self.around()

    def question(self) -> MessageId:
        """A mail of the contact's that is synced; its id."""
        self.clock.advance(seconds=1)
        there = mail(CARL, self.account.email, "A question", Message_ID="<question@customer.example>")
        self.ground.deliver(self.account, bytes(there))
        self.sync()
        (found,) = [one.id for one in self.messages() if one.subject == "A question"]
        return found

    def work(self, name: MessageId) -> None:
        """The first worker has the outbox's message; the caller is told of its death."""
        deliver_entry(name, self.first)

    def redeliver(self, name: MessageId) -> None:
        """A fresh worker has the outbox's message; one that can write nothing leaves it for later."""
        try:
            deliver_entry(name, self.delivery)
        except Transient:
            return

    def sync(self) -> None:
        """A fresh worker brings the mailbox up to date."""
        self.pushes += 1
        try:
            process_notification(self.ports, Notice(f"push-{self.pushes}", mailbox=self.mailbox_id))
        except Transient:
            return

    def pass_time(self, name: MessageId, *, at_most: timedelta = HOURS) -> None:
        """The timer runs, and whatever it publishes is done, until nothing more is going to happen by itself."""
        end = self.clock.now() + at_most
        for _ in range(400):
            self._minute()
            due = self._due(name)
            if due is None or due > end:
                return
            self.clock.time = max(self.clock.time + timedelta(minutes=1), due)
        raise AssertionError("it never comes to rest")

    def _minute(self) -> None:
        if self.cuts_off:
            self.ground.release(go=False)
        reconcile(self.store, self.topics, self.clock)
        woken, self.topics.woken = list(dict.fromkeys(self.topics.woken)), []
        for _ in woken if self.syncing else ():
            self.sync()
        while self.topics.delivered:
            self.redeliver(self.topics.delivered.pop(0))

    def _due(self, name: MessageId) -> Any:
        """When something is to happen next; None once the send has ended and a sync has passed since."""
        entry, mailbox = self.entry(name), self.mailbox
        times = [entry.settle_at] if entry.settle_at else []
        waits = mailbox.wake_at is not None and self.syncing and mailbox.usable
        if entry.state not in ENDED or entry.settle_at or mailbox.parked_due or self._owes_sync(mailbox):
            times += [mailbox.wake_at] if waits and mailbox.wake_at else []
        return min(times, default=None)

    def _owes_sync(self, mailbox: Mailbox) -> bool:
        return self.syncing and mailbox.usable and mailbox.cursor < self.ground.newest(self.account)

    def user_settles(self, name: MessageId) -> None:
        """The user says whether it went out; a failed mail is sent again, if the connection still works."""
        state = self.entry(name).state
        with suppress(Rejected, GrantLost):
            if state is EntryState.UNKNOWN:
                self.retry(name, was_sent=bool(self.account.left))
            elif state is EntryState.FAILED:
                self.retry(name)

    def disconnects(self) -> None:
        """The user ends the connection."""
        google = Google(self._second, FakeGrants(), FakeSealer())
        disconnect(HERE, USER, by=USER, store=self.store, google=google, topics=self.topics, patience=self.patience)

    def entries(self) -> list[OutboxEntry]:
        return [one.value for one in self.store.find(Query(keys.OUTBOX))]
