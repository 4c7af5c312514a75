"""The offices of a town with their accounts at Gmail, and what can be seen of them from outside."""

from dataclasses import replace
from random import Random
from typing import Any

from shared.domain import keys
from shared.domain.identifiers import LocationId, MessageId, UserId
from shared.domain.location import User
from shared.errors import GrantLost, Remedy
from shared.usecases.put_user import put_user
from tests.fakes.sender import FakeSender
from tests.rules.company import Company
from tests.rules.premises import Accounts
from tests.soak.account import Account
from tests.soak.book import Book
from tests.unit.usecases.office import HERE, THERE, address, id_of

PLACES = (HERE, THERE, LocationId("yonder"))
KEEPS_MARKER = 0.7
"""How many of the accounts have a Gmail that leaves headers of ours on what is sent."""
LIMITED, LIMIT = THERE, 12
"""An office with a limit of its own on a day's mails."""


class Grounds(Company):
    """Offices `here`, `there` and `yonder`, with a user of each account in each of them."""

    def __init__(self, seed: int, *, mailboxes: int) -> None:
        super().__init__(connected=False)
        self.draw, self.book = Random(seed), Book()  # noqa: S311 - the same town again
        self.violations: list[str] = []
        self.told: set[str] = set()
        self.said: list[str] = []
        self.lost: set[str] = set()
        self.ports = replace(self.ports, units_per_minute=6_000)
        self.emails = [f"u{number}@agency.example" for number in range(mailboxes)]
        self.cursors = {keys.mailbox(id_of(email)).path: 0 for email in self.emails}
        for place in PLACES:
            self.policy("known_contacts", place, daily_limit=LIMIT if place == LIMITED else None)
            self.book.contacts[place] = {}
            for number in range(mailboxes):
                someone = User(UserId(f"u{number}"), address(f"u{number}@crm.example"))
                put_user(self.store, place, someone, patience=self.patience)
        assert isinstance(self.mailboxes, Accounts)
        self.google_accounts = self.mailboxes
        self.mailboxes.accounts.clear()
        for email in self.emails:
            self.mailboxes.accounts[email] = Account(email, self.clock.now)
            self.sender_of(email)

    def gmail_of(self, email: str) -> Account:
        account = self.mailboxes.accounts[email]
        assert isinstance(account, Account)
        return account

    def sender_of(self, email: str) -> FakeSender:
        """The account's way out, always the same one."""
        if email not in self.google_accounts.senders:
            account, named = self.gmail_of(email), f"-{email.partition('@')[0]}"
            keeps = self.draw.random() < KEEPS_MARKER
            made = FakeSender(account, before=account.well, named=named, keeps_marker=keeps)
            self.google_accounts.senders[email] = made
        return self.google_accounts.senders[email]

    def lose(self, email: str) -> bool:
        """Google takes the account's grant no more, if it has one."""
        kept = self.store.documents.get(keys.mailbox(id_of(email)).path)
        if email in self.lost or not kept or not kept[0].get("grant"):
            return False
        self.lost.add(email)
        self.gmail_of(email).refused = GrantLost(Remedy.RECONNECT, "invalid_grant")
        return True

    def cursor(self, path: str) -> int:
        kept = self.store.documents.get(path)
        return int(kept[0]["cursor"]) if kept else 0

    def consents_anew(self, email: str) -> None:
        """The account consents anew, and Google is well."""
        self.lost.discard(email)
        account = self.gmail_of(email)
        account.refused = account.trouble = None

    def entry(self, name: str) -> dict[str, Any]:
        """The fields of an outbox entry; none if it was never kept."""
        kept = self.store.documents.get(keys.outbox(MessageId(name)).path)
        return kept[0] if kept else {}

    def state(self, name: str) -> str:
        """How a send stands."""
        return str(self.entry(name).get("state", ""))

    def watch_cursors(self) -> None:
        """I5: no cursor ever goes back."""
        for path, known in self.cursors.items():
            cursor = self.cursor(path)
            if cursor != known:
                if cursor < known:
                    self.violations.append(f"I5: the cursor of {path} went back from {known} to {cursor}")
                self.cursors[path] = cursor
