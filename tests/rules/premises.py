"""The premises of a company in memory: locations, accounts at Google and their mail, the sync, and what came of it."""

from collections.abc import Iterable, Sequence
from typing import Any

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import ContactId, GmailId, LocationId, MessageId
from shared.domain.location import Contact
from shared.domain.mailbox import Alias, Mailbox
from shared.domain.message import Message
from shared.errors import GrantLost, Remedy
from shared.ports.store import Query
from shared.usecases.capturing import Capturing
from shared.usecases.deliver_entry import deliver_entry
from shared.usecases.delivery import Delivery
from shared.usecases.grants import Google
from shared.usecases.process_notification import Notice, Outcome, process_notification
from shared.usecases.put_contact import ContactDraft, put_contact
from shared.usecases.put_location import put_location
from shared.usecases.reconcile import reconcile
from shared.usecases.sync_work import SyncPorts
from tests.fakes.blobs import FakeBlobs
from tests.fakes.gmail import FakeGmailAccess, FakeMailbox
from tests.fakes.provider import FakeProvider
from tests.fakes.sender import FakeSender
from tests.rules.letters import Letter
from tests.unit.outbound import PROVIDER
from tests.unit.usecases.office import ANNS, HERE, Office, address, id_of

NO_LIMIT = 1_000_000_000
DOMAIN = "in.crm.example"
"""Of the auto-BCC addresses."""
PRESETS = (
    "known_contacts",
    "populate_contacts",
    "assigned_contacts",
    "crm_threads",
    "crm_started",
    "privacy_first",
)


class Accounts(FakeGmailAccess):
    """Accounts at Google that can be sent from, too."""

    def __init__(self) -> None:
        super().__init__()
        self.senders: dict[str, FakeSender] = {}

    def sender(self, mailbox: Mailbox) -> FakeSender:
        account = self.open(mailbox)
        named = f"-{account.address.partition('@')[0]}"
        return self.senders.setdefault(account.address, FakeSender(account, named=named))


class Premises(Office):
    """Locations `here` and `there` with Ann and Bob; Ann's account `ann@gmail.com` is connected in `here`.

    `policy` is that of `here`; `there` has the default.
    """

    def __init__(self, preset: str = "known_contacts", *, connected: bool = True, **settings: Any) -> None:
        super().__init__()
        self.blobs, self.mailboxes = FakeBlobs(), Accounts()
        self.google = Google(self.mailboxes, self.grants, self.sealer)
        self.ports = SyncPorts(
            self.store,
            self.mailboxes,
            self.blobs,
            self.topics,
            self.clock,
            self.sealer,
            {},
            units_per_minute=NO_LIMIT,
            capture_domain=DOMAIN,
        )
        self.provider, self.default = FakeProvider(), PROVIDER
        self.delivery = Delivery(
            self.store,
            self.topics,
            self.blobs,
            self.mailboxes,
            self.sealer,
            self.patience,
            self.provider,
            self.default,
        )
        self.capturing = Capturing(self.store, self.blobs, self.topics, self.patience, DOMAIN)
        self.gmail = self.account(ANNS)
        self.copies: dict[str, dict[str, GmailId]] = {}
        self.threads: dict[tuple[str, str], str] = {}
        self.pushes = 0
        self._left: dict[str, tuple[int, dict[GmailId, dict[LocationId, str]]]] = {}
        self.policy(preset, **settings)
        if connected:
            self.connect()

    # what the CRM says

    def policy(self, preset: str, location: LocationId = HERE, **settings: Any) -> None:
        put_location(self.store, location, name="Office", preset=preset, settings=settings, patience=self.patience)

    def contact(
        self, name: str, email: str, location: LocationId = HERE, *, others: Sequence[str] = (), **more: Any
    ) -> ContactId:
        draft = ContactDraft(
            ContactId(name), address(email), other_emails=tuple(map(address, others)), name=name.title(), **more
        )
        put_contact(self.store, location, draft, patience=self.patience)
        return ContactId(name)

    def contacts(self, location: LocationId = HERE) -> dict[ContactId, Contact]:
        found = self.store.find(Query(keys.contacts(location), limit=10_000))
        return {one.value.id: one.value for one in found if not one.value.deleted_at}

    # what happens at Google

    def alias(self, email: str, account: str = ANNS) -> None:
        self.mailboxes.accounts[account].more_aliases += (Alias(address(email)),)

    def lose_grant(self, remedy: Remedy = Remedy.RECONNECT, email: str = ANNS) -> None:
        """Google takes the account's present grant no more."""
        grant = self.mailbox(email).grant
        assert grant
        self.mailboxes.refused[grant.sealed] = GrantLost(remedy, "invalid_grant")

    def account_of(self, email: str) -> FakeMailbox | None:
        for account in self.mailboxes.accounts.values():
            if email == account.address or any(email == one.address for one in account.more_aliases):
                return account
        return None

    def post(self, letter: Letter, *, sync: bool = True) -> Letter:
        """Puts the mail where it belongs, a minute after the last one."""
        self.clock.advance(minutes=1)
        self.copies[letter.name] = dict(self._copies(letter))
        if sync:
            self.sync()
        return letter

    def _copies(self, letter: Letter) -> Iterable[tuple[str, GmailId]]:
        own = self.account_of(letter.sender) if not letter.forged else None
        people = (*letter.to, *letter.cc, *letter.bcc)
        others = [account for one in people if (account := self.account_of(one)) and account is not own]
        for name in dict.fromkeys([one.address for one in [*([own] if own else []), *others]]):
            if letter.only and name not in letter.only:
                continue
            sent = own is not None and name == own.address
            labels = letter.labels or (("SENT",) if sent else ("INBOX", "UNREAD"))
            at = letter.at or self.clock.now()
            mailbox = self.mailboxes.accounts[name]
            own_name = f"{letter.thread}-{name}" if letter.thread else ""
            thread = self.threads.get((letter.thread, name), own_name)
            yield name, mailbox.deliver(letter.raw(at, sent=sent), labels=labels, at=at, thread=thread)

    # what the product makes of it

    def push(self, email: str = ANNS) -> Outcome:
        self.pushes += 1
        newest = self.mailboxes.accounts[email].newest
        return process_notification(
            self.ports, Notice(f"push-{self.pushes}", address=Address(email), history_id=newest)
        )

    def sync(self) -> None:
        """Gmail's notification of every account."""
        for email in self.mailboxes.accounts:
            self.push(email)

    def drain(self, minutes: int = 10) -> None:
        """The timer's runs of that many minutes, with all that they lead to."""
        for _ in range(minutes):
            self.topics.woken.clear()
            reconcile(self.store, self.topics, self.clock)
            for mailbox in list(self.topics.woken):
                self.pushes += 1
                process_notification(self.ports, Notice(f"push-{self.pushes}", mailbox=mailbox))
            while self.topics.delivered:
                deliver_entry(self.topics.delivered.pop(0), self.delivery)
            self.clock.advance(minutes=1)

    def fate(self, letter: Letter | str, location: LocationId = HERE, email: str = ANNS) -> str:
        """`carl by R12`, `out by R23`, `parked`, or `unseen`."""
        name = letter if isinstance(letter, str) else letter.name
        gmail_id = self.copies[name].get(email)
        if gmail_id is None:
            return "unseen"
        if found := self.found(gmail_id, location, email):
            return f"{found.conversation} by {found.rule}"
        if rule := self.left_out(email).get(gmail_id, {}).get(location):
            return f"out by {rule}"
        key = keys.parked(id_of(email), gmail_id)
        return "parked" if self.store.read(key).value(key) else "unseen"

    def found(self, gmail_id: GmailId, location: LocationId = HERE, email: str = ANNS) -> Message | None:
        key = keys.known_mail(id_of(email), gmail_id)
        known = self.store.read(key).value(key)
        name = known.messages.get(location) if known else None
        return self.message(name, location) if name else None

    def shown(self, letter: Letter, location: LocationId = HERE, email: str = ANNS) -> Message:
        """The message that a mail became."""
        found = self.found(self.copies[letter.name][email], location, email)
        assert found, self.fate(letter, location, email)
        return found

    def left_out(self, email: str = ANNS) -> dict[GmailId, dict[LocationId, str]]:
        """By which rule each mail of an account was left out of each location, as it was last decided."""
        written = self.store.operations["writes"]
        if self._left.get(email, (-1, {}))[0] != written:
            self._left[email] = written, self._left_out(email)
        return self._left[email][1]

    def _left_out(self, email: str) -> dict[GmailId, dict[LocationId, str]]:
        chunks = self.store.find(Query(keys.decisions(id_of(email)), limit=10_000))
        last: dict[GmailId, dict[LocationId, str]] = {}
        for chunk in sorted((one.value for one in chunks), key=lambda one: (one.at, one.through)):
            for gmail_id, rules in chunk.left_out.items():
                last[gmail_id] = {location: left.rule for location, left in rules.items()}
        return last

    def message(self, name: MessageId, location: LocationId = HERE) -> Message | None:
        key = keys.message(location, name)
        return self.store.read(key).value(key)

    def messages(self, location: LocationId = HERE) -> list[Message]:
        found = self.store.find(Query(keys.messages(location), limit=100_000))
        return [one.value for one in found if not one.value.alias_of and not one.value.purged]

    def conversation(self, name: str, location: LocationId = HERE) -> list[str]:
        """The subjects in a conversation, oldest first."""
        there = [one for one in self.messages(location) if one.conversation == name]
        return [one.subject for one in sorted(there, key=lambda one: (one.at or self.clock.now(), one.id))]

    def bodies_asked(self, email: str = ANNS) -> set[str]:
        return {what for name, what in self.mailboxes.accounts[email].asked if name in {"full", "raw"}}

    def events(self, kind: str = "") -> list[str]:
        return [one.type for one in self.topics.announced if one.type.startswith(kind)]
