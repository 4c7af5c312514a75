"""Who is known where: contacts come and go, connections begin and end, grants are lost and given anew."""

from datetime import timedelta

from shared.domain.connection import Intent
from shared.domain.identifiers import ContactId, LocationId, UserId
from shared.usecases.delete_contact import delete_contact
from tests.soak.grounds import PLACES
from tests.soak.town import Town

CLIENTS = 60
APART = timedelta(seconds=2)
"""Between a change and the next mail, because some times are kept in whole seconds."""


def client(number: int) -> str:
    """The address of somebody outside; the local part is the contact's id."""
    return f"c{number}@client{number % 7}.example"


class People:
    """`settle_in` has the first contacts made and everybody connect."""

    def __init__(self, town: Town) -> None:
        self.town, self.book, self.draw = town, town.book, town.draw

    def settle_in(self) -> None:
        for place in PLACES:
            for number in self.draw.sample(range(CLIENTS), CLIENTS // 2):
                self._contact(place, number)
        for email in self.town.emails:
            for place in self.draw.sample(PLACES, self.draw.choice((1, 1, 2))):
                self._connect(email, place)

    def contact_comes(self) -> None:
        place, number = self.draw.choice(PLACES), self.draw.randrange(CLIENTS)
        if client(number) not in self.book.contacts[place]:
            self._contact(place, number)
            self.book.tally["contacts come"] += 1

    def _contact(self, place: LocationId, number: int) -> None:
        self.town.clock.time += APART
        self.town.contact(f"c{number}", client(number), place)
        self.book.appeared(client(number), place, self.town.clock.now())
        self.town.clock.time += APART

    def contact_goes(self) -> None:
        place = self.draw.choice(PLACES)
        known = list(self.book.contacts[place])
        if len(known) > CLIENTS // 4:
            gone = self.draw.choice(known)
            name = ContactId(gone.partition("@")[0])
            delete_contact(self.town.store, place, name, patience=self.town.patience)
            self.book.vanished(gone, place)
            self.book.tally["contacts go"] += 1

    def connection_begins(self) -> None:
        email, place = self.draw.choice(self.town.emails), self.draw.choice(PLACES)
        if place not in self.book.links.get(email, ()) and email not in self.town.lost:
            self._connect(email, place)
            self.book.tally["connections begun"] += 1

    def _connect(self, email: str, place: LocationId, intent: Intent = Intent.CONNECT) -> None:
        self.town.clock.time += APART
        self.town.consents_anew(email)
        self.town.connect(email, user=UserId(email.partition("@")[0]), location=place, intent=intent)
        self.town.pump()
        self.book.connected(email, place, self.town.clock.now())
        self.town.clock.time += APART

    def connection_ends(self) -> None:
        email = self.draw.choice(self.town.emails)
        if places := list(self.book.links.get(email, ())):
            place = LocationId(self.draw.choice(places))
            self.town.disconnect(user=UserId(email.partition("@")[0]), location=place)
            self.town.pump()
            self.book.disconnected(email, place)
            self.book.tally["connections ended"] += 1

    def grant_is_lost(self) -> None:
        """The user consents again within hours; the mail of the gap is caught up (R07)."""
        email = self.draw.choice(self.town.emails)
        if self.book.links.get(email) and self.town.lose(email):
            self.book.tally["grants lost"] += 1
            self.town.after(timedelta(minutes=self.draw.randint(5, 400)), lambda: self.grant_is_given(email))

    def grant_is_given(self, email: str) -> None:
        """By consenting anew in one location, for all; no connection begins a new life by that."""
        places = list(self.book.links.get(email, ()))
        if places and email in self.town.lost:
            since = dict(self.book.links[email])
            self._connect(email, LocationId(places[0]), Intent.RECONNECT)
            self.book.links[email] = since
            self.book.tally["grants given anew"] += 1
