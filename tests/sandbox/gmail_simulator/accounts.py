"""Google accounts that have a mailbox here."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.sandbox.gmail_simulator.addresses import same_account
from tests.sandbox.gmail_simulator.clock import Clock
from tests.sandbox.gmail_simulator.mailbox import Mailbox


@dataclass(frozen=True, slots=True)
class Alias:
    """An address that the account may send as, once it is verified."""

    address: str
    name: str = ""
    verified: bool = True
    signature: str = ""


@dataclass(slots=True)
class Account:
    """One person's account; `sub` never changes, the address might."""

    email: str
    sub: str
    name: str
    hosted_domain: str | None
    mailbox: Mailbox
    aliases: list[Alias] = field(default_factory=list)

    def may_send_as(self, address: str) -> bool:
        """Whether Gmail leaves that From address alone."""
        wanted = address.lower()
        return wanted == self.email.lower() or any(a.verified and a.address.lower() == wanted for a in self.aliases)


class Directory:
    """The accounts by address."""

    def __init__(self, chance: random.Random, clock: Clock) -> None:
        self._chance, self._clock = chance, clock
        self._by_email: dict[str, Account] = {}
        self._by_key: dict[str, Account] = {}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_email.values())

    def add(self, email: str, name: str, hosted_domain: str | None, aliases: list[Alias]) -> Account:
        """A new account; KeyError if the address has one already."""
        if email.lower() in self._by_email:
            raise KeyError(email)
        mailbox = Mailbox(self._chance, self._clock)
        sub = f"1{self._chance.randrange(10**20):020d}"
        account = Account(email, sub, name, hosted_domain, mailbox, aliases)
        self._by_email[email.lower()] = account
        for address in (*(a.address for a in aliases if a.verified), email):
            self._by_key[same_account(address)] = account
        return account

    def find(self, email: str) -> Account | None:
        """The account with exactly that address, in any case."""
        return self._by_email.get(email.lower())

    def receiving(self, address: str) -> Account | None:
        """The account that gets mail for that address."""
        return self._by_key.get(same_account(address))
