"""Who is in a schedule: the plant, the accounts and people around it, and all that is remembered of what they did."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from shared.domain import keys
from shared.domain.connection import ConnectionState
from shared.domain.identifiers import LocationId, UserId
from tests.fakes.gmail import FakeMailbox
from tests.fakes.sender import FakeSender
from tests.faults.odd_gmail import OddMailbox
from tests.faults.plant import Plant, Post
from tests.faults.schedule.copies import Copy
from tests.faults.schedule.expected import Expected
from tests.rules.letters import Letter
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE

NEWS, BOBS = "anne@gmail.com", "bob@gmail.com"
ACCOUNTS = (ANNS, NEWS, BOBS)
PEOPLE = {one: f"{one}@customer.example" for one in ("carl", "dora", "eve")}
STAFFED: Final = ((HERE, "carl"), (THERE, "dora"), (HERE, "eve"), (THERE, "eve"))
PAGES: Final = {ANNS: 2}
"""Records on a page of history, where they are not as many as usual."""
SEATS: Final = ((HERE, ANN), (THERE, ANN), (HERE, BOB))
"""Who may be connected, and where."""


@dataclass
class Sent:
    """A mail that the CRM accepted for Gmail; `thread` where it answers in one."""

    id: str
    subject: str
    at: LocationId
    user: UserId
    to: str
    account: str
    conversation: str
    thread: str = ""
    answers: str | None = None
    known_sent: bool = False
    claimed: bool = False
    name: str = ""


@dataclass
class Cast:
    """Ann and Bob, both locations, Carl, Dora and Eve; nobody is connected yet."""

    plant: Plant = field(default_factory=Plant)
    steps: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    sent: dict[str, Sent] = field(default_factory=dict)
    keys_used: list[tuple[str, dict[str, Any], LocationId, UserId, bytes | None]] = field(default_factory=list)
    drafts: list[tuple[str, str, Letter]] = field(default_factory=list)
    hidden: list[tuple[str, Any]] = field(default_factory=list)
    poisoned: set[str] = field(default_factory=set)
    trouble: dict[str, list[Exception]] = field(default_factory=dict)
    flags: dict[tuple[str, LocationId], tuple[bool, bool]] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    filed_subjects: dict[str, str] = field(default_factory=dict)
    absent: set[UserId] = field(default_factory=set)
    provided: list[tuple[LocationId, str]] = field(default_factory=list)
    made: int = 0
    answers_seen: int = 0
    shown: dict[tuple[LocationId, UserId], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for email in ACCOUNTS:
            self._opens(email)
        self.plant.gmail = self.account(ANNS)
        self.expected = Expected(self.plant)
        for at, who in STAFFED:
            name = who if at == HERE else f"{who}-there"
            self.plant.contact(name, PEOPLE[who], at)
            self.knows(at, name, who)
        self.plant.clock.advance(minutes=5)

    def _opens(self, email: str) -> None:
        own = self.plant.durable.accounts
        own.accounts[email] = account = OddMailbox(email, self.plant.clock.now)
        account.page = PAGES.get(email, account.page)
        own.senders[email] = FakeSender(account, named=f"-{email.partition('@')[0]}")
        account.fail = lambda call, what: self._fails(email, call, what)

    def _fails(self, email: str, call: str, what: str) -> None:
        if what in self.poisoned and call in {"headers", "full"}:
            raise ValueError("no mail that can be read")
        if self.trouble.get(email) and call != "stop":
            error = self.trouble[email].pop(0)
            for copy in self.expected.copies:
                copy.odd |= copy.gmail_id == what
            self.expected.look()
            raise error

    # what acts use

    def account(self, email: str) -> OddMailbox:
        found: FakeMailbox = self.plant.durable.accounts.accounts[email]
        assert isinstance(found, OddMailbox)
        return found

    def sender(self, email: str) -> FakeSender:
        return self.plant.durable.accounts.senders[email]

    def name(self, kind: str) -> str:
        """A name that is in no other one."""
        self.made += 1
        return f"{kind}{self.made}x"

    def knows(self, at: LocationId, name: str, who: str) -> None:
        """A contact as the CRM has it from now on."""
        key = keys.contact(at, name)  # type: ignore[arg-type]
        kept = self.plant.durable.store.read(key).value(key)
        assert kept
        assert kept.created_at <= self.plant.clock.now()
        filed = list(kept.filed_by)
        card = {
            "id": name,
            "email": PEOPLE[who],
            "others": [],
            "created": kept.created_at,
            "assigned": kept.assigned_to,
            "filed_by": filed,
        }
        location = self.expected.world["locations"][at]
        location["contacts"] = [one for one in location["contacts"] if one["id"] != name] + [card]

    def posts(self, letter: Letter, *, pushed: bool) -> Post:
        """A mail at Gmail, of which something may come."""
        post = self.plant.comes(letter, {}, pushed=pushed)
        self.expected.posted(post, self.plant.copies[letter.name])
        self.expected.look()
        self.counts["mails"] += 1
        return post

    def filed(self, letter: Letter, conversation: str, at: LocationId = HERE, *, synced: bool) -> None:
        """A mail is in a conversation by auto-BCC; maybe Gmail has it as well."""
        self.expected.placed[letter.name, at] = conversation
        self.filed_subjects[letter.name] = letter.subject
        if synced:
            self.posts(letter, pushed=True)
        else:
            self.plant.posts.append(Post(letter, {at: conversation}))
            self.plant.copies[letter.name] = {}

    def pick(self, copies: list[Copy], number: int) -> Copy | None:
        """One of them, the latest first."""
        return copies[-1 - number % len(copies)] if copies else None

    def there(self) -> list[Copy]:
        """Copies that Gmail still has, and shows."""
        accounts = self.plant.durable.accounts.accounts
        return [one for one in self.expected.copies if one.gmail_id in accounts[one.account].mails]

    def connected(self, at: LocationId, user: UserId) -> str | None:
        """The account that a user uses in a location."""
        connection = self._connection(at, user)
        return connection.address if connection and connection.state is ConnectionState.CONNECTED else None

    def _connection(self, at: LocationId, user: UserId) -> Any:
        key = keys.connection(at, user)
        return self.plant.durable.store.read(key).value(key)

    def troubled(self, email: str) -> bool:
        """Whether the product knows that the grant is lost."""
        mailbox = self.plant.known_mailbox(email)
        return bool(mailbox and mailbox.trouble)
