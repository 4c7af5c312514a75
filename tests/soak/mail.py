"""The mail of a town: who writes to whom in Gmail, and what the users do with it there."""

from datetime import timedelta

from tests.rules.letters import Letter as Text
from tests.soak.book import CANARY, Letter
from tests.soak.people import CLIENTS, client
from tests.soak.town import Town

INBOX, SENT, DRAFT, SPAM = ("INBOX", "UNREAD"), ("SENT",), ("DRAFT",), ("SPAM", "UNREAD")
FLAGS = {"UNREAD", "STARRED"}
LATELY = 300
MOST_AT_ONCE = 25


class Mail:
    """Draws mails and writes them into the book."""

    def __init__(self, town: Town) -> None:
        self.town, self.book, self.draw = town, town.book, town.draw
        self._made = 0

    def clients_write(self) -> None:
        """To one user or to two, in a thread of their own or in an old one."""
        for _ in range(self._some()):
            number, first = self.draw.randrange(CLIENTS), self._user()
            to = list(dict.fromkeys([first, self._user()] if self.draw.random() < 0.1 else [first]))
            thread = f"c{number}-{first}-{self.draw.randrange(4)}" if self.draw.random() < 0.3 and len(to) == 1 else ""
            self.arrives(client(number), tuple(to), contact=client(number), thread=thread)
            self.town.clock.time += timedelta(seconds=self.draw.random())

    def strangers_write(self) -> None:
        for _ in range(self._some()):
            self.arrives(self._stranger(), (self._user(),), private=True)

    def user_writes(self) -> None:
        """In Gmail itself: to a client, or to somebody who is none."""
        if self.draw.random() < 0.3:
            self._lies_in(self._user(), (self._stranger(),), SENT, private=True)
        else:
            to = client(self.draw.randrange(CLIENTS))
            self._lies_in(self._user(), (to,), SENT, contact=to)

    def drafts_and_spam(self) -> None:
        """Nobody's business, unless the user finds it in the spam."""
        user, somebody, kind = self._user(), client(self.draw.randrange(CLIENTS)), self.draw.random()
        if kind < 0.5:
            self._lies_in(user, (somebody,), DRAFT, private=True)
        elif kind < 0.75:
            self.arrives(somebody, (user,), labels=SPAM, private=True)
        else:
            letter = self.arrives(somebody, (user,), labels=SPAM)
            wait = timedelta(minutes=self.draw.randint(1, 200))
            self.town.after(wait, lambda: self._is_rescued(letter, user, somebody))

    def labels_change(self) -> None:
        if found := self._copy():
            letter, email, gmail_id = found
            account, label = self.town.gmail_of(email), self.draw.choice(sorted(FLAGS))
            on = label in account.mails[gmail_id].labels
            account.label(gmail_id, add=() if on else (label,), remove=(label,) if on else ())
            if email in letter.flags:
                letter.flags[email] = FLAGS & account.mails[gmail_id].labels
            self.book.tally["label changes"] += 1
            self.town.notify(email)

    def is_deleted(self) -> None:
        if found := self._copy():
            letter, email, gmail_id = found
            self.town.gmail_of(email).delete(gmail_id)
            self.book.deleted(letter, email)
            self.book.tally["deletions"] += 1

    def poison(self) -> None:
        """A mail that Gmail refuses to give, always."""
        email, somebody = self._user(), client(self.draw.randrange(CLIENTS))
        self.town.gmail_of(email).poison_next()
        self.arrives(somebody, (email,), contact=somebody).poison = True
        self.book.tally["poisonous mails"] += 1

    def arrives(
        self,
        sender: str,
        to: tuple[str, ...],
        *,
        contact: str = "",
        labels: tuple[str, ...] = INBOX,
        thread: str = "",
        only: str = "",
        private: bool = False,
    ) -> Letter:
        """A mail in the mailboxes of its recipients; `contact` is whose conversation it belongs to, if anybody's."""
        letter = self._letter(sender, to, contact=contact, only=only, private=private)
        return self._put(letter, to, labels, thread)

    def _lies_in(
        self, user: str, to: tuple[str, ...], labels: tuple[str, ...], *, contact: str = "", private: bool = False
    ) -> Letter:
        """A mail of the user's own."""
        letter = self._letter(user, (user,), contact=contact, private=private)
        return self._put(letter, to, labels, "")

    def _letter(
        self, sender: str, mailboxes: tuple[str, ...], *, contact: str, only: str = "", private: bool = False
    ) -> Letter:
        self._made += 1
        name, copies = f"{CANARY if private else 'mail'}-{self._made}", dict.fromkeys(mailboxes, "")
        letter = Letter(name, sender, self.town.clock.now(), copies, contact, private=private, only=only)
        if contact:
            self.book.expect(letter)
        self.book.add(letter)
        return letter

    def _put(self, letter: Letter, to: tuple[str, ...], labels: tuple[str, ...], thread: str) -> Letter:
        text = Text(letter.name, letter.sender, to, subject=f"Matter {letter.name}", text=f"About {letter.name}.")
        raw, now = text.raw(letter.at, sent="SENT" in labels), self.town.clock.now()
        for email in letter.copies:
            letter.copies[email] = self.town.gmail_of(email).deliver(raw, labels=labels, at=now, thread=thread)
            letter.flags[email] = FLAGS & set(labels)
        for email in letter.copies:
            self.town.notify(email)
        return letter

    def _is_rescued(self, letter: Letter, email: str, contact: str) -> None:
        self.town.gmail_of(email).label(letter.copies[email], add=("INBOX",), remove=("SPAM",))
        letter.contact = contact
        self.book.expect(letter)
        self.book.open.append(letter)
        self.town.notify(email)

    def _copy(self) -> tuple[Letter, str, str] | None:
        """A mail of late in one of its mailboxes."""
        lately = self.book.letters[-LATELY:]
        letter = self.draw.choice(lately) if lately else None
        if letter is None or not letter.copies or not letter.contact:
            return None
        email = self.draw.choice(list(letter.copies))
        return letter, email, letter.copies[email]

    def _some(self) -> int:
        return min(MOST_AT_ONCE, 1 + int(self.draw.expovariate(0.55)))

    def _user(self) -> str:
        return self.draw.choice(self.town.emails)

    def _stranger(self) -> str:
        return f"s{self._made}@{CANARY}.example"
