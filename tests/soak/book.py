"""What ought to become of every mail, kept by whoever makes it up: people, times and places, none of the product."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

CANARY = "canary"
"""In the sender, the subject and the text of every mail that nobody may see: found anywhere, it was read in full."""


@dataclass
class Letter:
    """One mail: in which mailboxes it lies, and where it has to be.

    `must`: by location, the mailboxes that bring it there. What may or may not be there, because
    something changed before it was settled, is in `may`; everywhere else it must not be. `flags` are those to compare.
    """

    name: str
    sender: str
    at: datetime
    copies: dict[str, str]
    contact: str = ""
    """Whose conversation it is for, by address."""
    must: dict[str, set[str]] = field(default_factory=dict)
    may: set[str] = field(default_factory=set)
    only: str = ""
    """The location whose CRM began the thread, and which has it for as long as that connection lasts."""
    poison: bool = False
    private: bool = False
    flags: dict[str, set[str]] = field(default_factory=dict)

    def doubt(self, location: str) -> None:
        """It may be there."""
        if self.must.pop(location, None) is not None:
            self.may.add(location)

    def without(self, mailbox: str, location: str | None = None) -> None:
        """The mailbox no longer brings it, to one location or to all."""
        for place in [location] if location else list(self.must):
            if place in self.must:
                self.must[place] -= {mailbox}
                if not self.must[place]:
                    self.doubt(place)


@dataclass
class Send:
    """A mail that the CRM accepted, by its subject, which nothing else has."""

    entry: str
    location: str
    account: str
    contact: str
    subject: str
    at: datetime
    linked: datetime
    """Since when the account had been connected there."""


@dataclass
class Book:
    """Everything that happened: `open` are the mails that came since all was last found in order."""

    letters: list[Letter] = field(default_factory=list)
    open: list[Letter] = field(default_factory=list)
    sends: list[Send] = field(default_factory=list)
    contacts: dict[str, dict[str, datetime]] = field(default_factory=dict)
    """By location: the address of each contact that is there, and since when."""
    links: dict[str, dict[str, datetime]] = field(default_factory=dict)
    """By account: the locations that it is connected in, and since when."""
    tally: Counter[str] = field(default_factory=Counter)

    def add(self, letter: Letter) -> None:
        """A mail arrived."""
        self.letters.append(letter)
        self.open.append(letter)
        self.tally["messages"] += 1

    def expect(self, letter: Letter) -> None:
        """It belongs wherever the contact is known and one of its mailboxes is connected, or in that location alone."""
        for account in letter.copies:
            for place, since in self.links.get(account, {}).items():
                known = self.contacts[place].get(letter.contact)
                if known and known <= letter.at and since <= letter.at and letter.only in {"", place}:
                    letter.must.setdefault(place, set()).add(account)

    def connected(self, account: str, location: str, at: datetime) -> None:
        """From now on the account's mail counts there."""
        self.links.setdefault(account, {})[location] = at

    def disconnected(self, account: str, location: str) -> None:
        """What was on its way may have arrived; flags are no longer followed, parked mail is no longer tried."""
        self.links[account].pop(location, None)
        for letter in self.open:
            letter.without(account, location)
            if account in letter.copies and letter.only == location:
                letter.may |= set(self.links[account])
        for letter in self.letters:
            if account in letter.copies:
                letter.flags.pop(account, None)
                if letter.poison:
                    letter.without(account, location)

    def appeared(self, contact: str, location: str, at: datetime) -> None:
        """Somebody became a contact."""
        self.contacts[location][contact] = at

    def vanished(self, contact: str, location: str) -> None:
        """A contact was deleted."""
        self.contacts[location].pop(contact, None)
        for letter in self.open:
            if letter.contact == contact:
                letter.doubt(location)

    def deleted(self, letter: Letter, account: str) -> None:
        """The user deleted it in Gmail."""
        letter.without(account)
        letter.flags.pop(account, None)
        letter.copies.pop(account, None)

    def forgot(self, account: str) -> None:
        """Gmail's history of the account is gone: what it said of labels is not to be had any more."""
        for letter in self.letters:
            letter.flags.pop(account, None)

    def settled(self) -> None:
        """All is in order so far."""
        self.open.clear()
