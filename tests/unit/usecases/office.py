"""Everything around connecting, in memory: a location with two users, accounts at Google, and what they may do."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from shared.domain import keys
from shared.domain.addresses import Address, normalise
from shared.domain.connection import SCOPES, Connection, Intent
from shared.domain.connection_status import ConnectionStatus
from shared.domain.identifiers import LocationId, MailboxId, UserId, mailbox_id
from shared.domain.location import User
from shared.domain.mailbox import Mailbox
from shared.usecases.begin_consent import Begun, Wish, begin_consent
from shared.usecases.complete_connection import Caller, Completed, complete
from shared.usecases.contended import Patience
from shared.usecases.disconnect import disconnect
from shared.usecases.grants import Google
from shared.usecases.put_location import put_location
from shared.usecases.put_user import put_user
from shared.usecases.read_connection import read_connection
from shared.usecases.receive_consent import CameBack, receive_consent
from tests.fakes.chance import FakeChance
from tests.fakes.clock import FakeClock
from tests.fakes.gmail import FakeGmailAccess, FakeMailbox
from tests.fakes.grants import FakeGrants
from tests.fakes.sealer import FakeSealer
from tests.fakes.store import FakeStore
from tests.fakes.topics import FakeTopics

PAGE = "https://crm.example/connected"
TOPIC = "projects/p/topics/gmail"
HERE, THERE = LocationId("here"), LocationId("there")
ANN, BOB = UserId("ann"), UserId("bob")
ANNS = "ann@gmail.com"


def address(text: str) -> Address:
    read = normalise(text)
    assert read
    return read


class Office:
    """Locations `here` and `there`, in both the users Ann and Bob; Ann has the account `ann@gmail.com`."""

    def __init__(self) -> None:
        self.clock, self.chance = FakeClock(), FakeChance()
        self.store, self.topics = FakeStore(self.clock.now), FakeTopics()
        self.mailboxes, self.grants, self.sealer = FakeGmailAccess(), FakeGrants(), FakeSealer()
        self.google = Google(self.mailboxes, self.grants, self.sealer)
        self.patience = Patience(self.clock, self.chance)
        self.return_urls = frozenset({PAGE})
        for location in (HERE, THERE):
            put_location(
                self.store, location, name="Office", preset="known_contacts", settings={}, patience=self.patience
            )
            for user in (ANN, BOB):
                put_user(self.store, location, User(user, address(f"{user}@crm.example")), patience=self.patience)
        self.account(ANNS)

    def account(self, email: str) -> FakeMailbox:
        return self.mailboxes.add(email, self.clock.now)

    def begin(
        self, *, user: UserId = ANN, location: LocationId = HERE, intent: Intent = Intent.CONNECT, return_to: str = PAGE
    ) -> Begun:
        return begin_consent(
            Wish(location, user, intent, return_to),
            store=self.store,
            grants=self.grants,
            sealer=self.sealer,
            chance=self.chance,
            return_urls=self.return_urls,
            now=self.clock.now(),
        )

    def come_back(self, state: str, *, code: str = "", error: str = "") -> str:
        return receive_consent(
            CameBack(state, code, error),
            store=self.store,
            grants=self.grants,
            sealer=self.sealer,
            chance=self.chance,
            return_urls=self.return_urls,
            now=self.clock.now(),
        )

    def consented(
        self,
        email: str = ANNS,
        *,
        user: UserId = ANN,
        location: LocationId = HERE,
        intent: Intent = Intent.CONNECT,
        scopes: tuple[str, ...] = SCOPES,
        hosted_domain: str | None = None,
    ) -> dict[str, str]:
        """A consent begun, agreed to and come back → what the CRM's page is told."""
        state = state_of(self.begin(user=user, location=location, intent=intent))
        code = self.grants.consent(state, email, scopes=scopes, hosted_domain=hosted_domain)
        return told(self.come_back(state, code=code))

    def complete(self, connect_code: str, *, user: UserId = ANN, location: LocationId = HERE) -> Completed:
        return complete(
            connect_code,
            Caller(location, user),
            store=self.store,
            google=self.google,
            topics=self.topics,
            gmail_topic=TOPIC,
            patience=self.patience,
        )

    def connect(
        self,
        email: str = ANNS,
        *,
        user: UserId = ANN,
        location: LocationId = HERE,
        intent: Intent = Intent.CONNECT,
        hosted_domain: str | None = None,
    ) -> Completed:
        back = self.consented(email, user=user, location=location, intent=intent, hosted_domain=hosted_domain)
        return self.complete(back["connect_code"], user=user, location=location)

    def disconnect(self, *, user: UserId = ANN, location: LocationId = HERE) -> str:
        return disconnect(
            location,
            user,
            by=user,
            store=self.store,
            google=self.google,
            topics=self.topics,
            patience=self.patience,
        )

    def status(self, *, user: UserId = ANN, location: LocationId = HERE) -> ConnectionStatus:
        return read_connection(self.store, location, user, now=self.clock.now())

    def connection(self, *, user: UserId = ANN, location: LocationId = HERE) -> Connection:
        key = keys.connection(location, user)
        read = self.store.read(key).value(key)
        assert read
        return read

    def mailbox(self, email: str = ANNS) -> Mailbox:
        key = keys.mailbox(id_of(email))
        read = self.store.read(key).value(key)
        assert read
        return read

    def internal(self, email: str, *, location: LocationId = HERE) -> dict[str, Address]:
        key = keys.address(location, address(email))
        read = self.store.read(key).value(key)
        return read.internal if read else {}

    def dump(self) -> str:
        """All that the store holds."""
        return repr(self.store.documents)


def id_of(email: str) -> MailboxId:
    return mailbox_id(f"sub-of-{email}")


def state_of(begun: Begun) -> str:
    return parse_qs(urlsplit(begun.authorize_url).query)["state"][0]


def told(target: str) -> dict[str, str]:
    assert target.startswith(PAGE)
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
