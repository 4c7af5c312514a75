"""Mail that the CRM sends, asked for until the answer comes, and the answers to it."""

from shared.domain.identifiers import LocationId, MessageId, UserId
from shared.errors import GrantLost, Rejected, Transient
from shared.usecases.accept_send import entry_id
from tests.faults.strikes import Died
from tests.soak.book import Send
from tests.soak.mail import Mail
from tests.soak.town import Town

TRIES = 6
AGAIN = 0.05
"""How often a client asks once more although it was answered (F51)."""
LATELY = 60


class Sends:
    """Draws sends and writes what was accepted into the book."""

    def __init__(self, town: Town, mail: Mail) -> None:
        self.town, self.book, self.draw, self._mail = town, town.book, town.draw, mail
        self._asked = 0

    def crm_sends(self) -> None:
        """A new mail to a contact."""
        email = self.draw.choice(self.town.emails)
        if not (places := list(self.book.links.get(email, ()))):
            return
        place = LocationId(self.draw.choice(places))
        contact = self.draw.choice(list(self.book.contacts[place]))
        self._asked += 1
        key, user = f"key-{self._asked}", UserId(email.partition("@")[0])
        subject, entry = f"Offer {key}", entry_id(place, user, key)
        self._ask({"to": [{"address": contact}], "subject": subject, "text": "Take it."}, key, user, place)
        since = self.book.links[email].get(place)
        if self.town.state(entry) and since:
            self.book.sends.append(Send(entry, place, email, contact, subject, self.town.clock.now(), since))
            self.book.tally["sends"] += 1

    def _ask(self, mail: dict[str, object], key: str, user: UserId, place: LocationId) -> None:
        for _ in range(TRIES):
            try:
                self.town.accept(mail, key=key, user=user, location=place)
            except (Transient, Died):
                continue
            except (Rejected, GrantLost) as refusal:
                code = refusal.code if isinstance(refusal, Rejected) else refusal.remedy
                self.book.tally[f"sends refused: {code}"] += 1
                return
            if self.draw.random() >= AGAIN:
                return

    def client_answers(self) -> None:
        """An answer to a send is for the location that sent it, and for no other (F39)."""
        gone = [send for send in self.book.sends[-LATELY:] if self._stands(send)]
        if not gone:
            return
        send = self.draw.choice(gone)
        account = self.town.gmail_of(send.account)
        threads = [mail.thread for mail in account.mails.values() if mail.id == self._copy_of(send)]
        for thread in threads:
            to = (send.account,)
            self._mail.arrives(send.contact, to, contact=send.contact, thread=thread, only=send.location)

    def _stands(self, send: Send) -> bool:
        """Whether it went out, and the connection still stands by which its location has the thread."""
        since = self.book.links[send.account].get(send.location)
        return since == send.linked and self.town.state(send.entry) == "sent"

    def _copy_of(self, send: Send) -> str:
        return str(self.town.entry(MessageId(send.entry)).get("gmail_id", ""))
