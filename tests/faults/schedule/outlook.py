"""What must, may and must not become of mail: by the oracle of the rule book, kept beside the product.

Each copy of a mail has the outcomes that it could have had so far: those of every state of the company while it was on
its way.
"""

from collections import ChainMap
from datetime import datetime
from typing import Any

from shared.domain.identifiers import GmailId, LocationId
from tests.faults.plant import Plant, Post
from tests.faults.schedule.copies import LOCATIONS, NOWHERE, Copy
from tests.rules import oracle
from tests.unit.usecases.office import ANN, BOB, id_of


class Outlook:
    """The company as the book knows it, and every mail on its way with all that may become of it."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.copies: list[Copy] = []
        self.home: dict[LocationId, dict[str, str]] = {at: {} for at in LOCATIONS}
        self.placed: dict[tuple[str, LocationId], str] = {}
        self.seen_chunks: set[tuple[str, Any]] = set()
        self.unsure_threads: set[tuple[str, str]] = set()
        self.faults: list[str] = []
        self.rough = False
        locations: dict[str, dict[str, Any]] = {at: oracle.new_location("known_contacts", {}) for at in LOCATIONS}
        self.world = oracle.new_world(locations)
        for at in LOCATIONS:
            locations[at]["internal"] |= {f"{ANN}@crm.example", f"{BOB}@crm.example"}

    # the company

    def contacts(self, at: LocationId) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.world["locations"][at]["contacts"]
        return found

    def contact(self, at: LocationId, email: str) -> dict[str, Any] | None:
        return next((one for one in self.contacts(at) if one["email"] == email), None)

    def merged(self, at: LocationId, old: str, new: str) -> None:
        """All that was the one's is the other's."""
        self.home[at][old] = new
        location = self.world["locations"][at]
        for message in location["messages"].values():
            message["conversation"] = self.homed(at, message["conversation"])
        for thread in self.world["threads"].values():
            if at in thread["pins"]:
                thread["pins"][at] = self.homed(at, thread["pins"][at])
        for key, conversation in self.placed.items():
            if key[1] == at:
                self.placed[key] = self.homed(at, conversation)
                self._post(key[0]).places[at] = self.placed[key]  # type: ignore[index]
        for copy in self.copies:
            copy.allowed[at] = {self.homed(at, one) for one in copy.allowed[at]}

    def homed(self, at: LocationId, conversation: str) -> str:
        while conversation in self.home[at]:
            conversation = self.home[at][conversation]
        return conversation

    def connection_of(self, at: LocationId, account: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.world["locations"][at]["connected"].get(account)
        return found

    def links(self, at: LocationId, account: str, user: str, since: datetime) -> None:
        location = self.world["locations"][at]
        location["connected"][account] = {"since": since, "user": user, "exclusions": []}
        location["internal"] |= {account}

    def unlinks(self, at: LocationId, account: str) -> None:
        """The connection is over, and with it what it claimed."""
        location = self.world["locations"][at]
        location["connected"].pop(account, None)
        for copy in self.copies:
            copy.flags_sure &= copy.account != account
        location["internal"] -= {account}
        for (owner, _), thread in self.world["threads"].items():
            if owner == account and thread["claimed_by"] == at:
                thread["claimed_by"] = thread["begun_in"] = None

    # mail

    def posted(self, post: Post, copies: dict[str, GmailId]) -> None:
        """A mail that Gmail has from now on."""
        for account, gmail_id in copies.items():
            mail = self.plant.durable.accounts.accounts[account].mails[gmail_id]
            self.copies.append(Copy(post, account, gmail_id, mail.thread, mail.at, post.at_history[account]))

    def reopened(self, copy: Copy) -> None:
        """It is to be decided once more, as if it had just come."""
        copy.open, copy.relisted = True, True
        copy.history_id = self.plant.durable.accounts.accounts[copy.account].newest
        copy.allowed = {at: set() for at in LOCATIONS}

    def known(self, copy: Copy) -> dict[str, Any] | None:
        """What the product keeps of the copy, if it stored it."""
        kept = self.plant.durable.store.documents.get(f"gmail_ids/{id_of(copy.account)}_{copy.gmail_id}")
        return kept[0] if kept else None

    def mail(self, copy: Copy) -> dict[str, Any]:
        """As the oracle is told of it."""
        letter, account = copy.letter, self.plant.durable.accounts.accounts[copy.account]
        kept = account.mails.get(copy.gmail_id)
        return {
            "name": letter.name,
            "from": letter.sender,
            "to": list(letter.to),
            "cc": list(letter.cc),
            "bcc": [],
            "labels": set(kept.labels) if kept else set(),
            "at": copy.at,
            "forged": False,
            "automatic": False,
            "answers": letter.answers or None,
            "thread": copy.thread,
        }

    # what may come of it

    def look(self) -> None:
        """Notes what would become of every open mail now; where only one thing ever could, that must."""
        waiting = [one for one in self.copies if one.open]
        self._simulate(waiting)
        if self.rough or any(one.odd or one.relisted for one in waiting):
            self._simulate([one for one in waiting if not one.odd])
            for one in waiting:
                self._simulate([one])
        for post in dict.fromkeys(id(one.post) for one in waiting):
            self._expects(next(one.post for one in waiting if id(one.post) == post))

    def unsettle(self) -> None:
        """While an act goes on nothing is certain of the mail on its way."""
        for copy in self.copies:
            if copy.open:
                self._watched(copy.post).clear()

    def _simulate(self, waiting: list[Copy]) -> None:
        world = self._overlay()
        for copy in waiting:
            mail = self.mail(copy)
            for at in LOCATIONS:
                outcomes = copy.allowed[at]
                if self.connection_of(at, copy.account) is None:
                    outcomes.add(NOWHERE)
                    continue
                if (copy.account, copy.thread) in self.unsure_threads:
                    outcomes |= self._either(at, copy, mail)
                    continue
                outcomes |= self._decided(world, at, copy, mail)

    def _either(self, at: LocationId, copy: Copy, mail: dict[str, Any]) -> set[str]:
        """With and without the other location's claim."""
        found = set()
        for claimed in (None, next(one for one in LOCATIONS if one != at)):
            world = self._overlay()
            thread = oracle.thread_of(world, copy.account, mail["thread"])
            thread["claimed_by"] = claimed
            found |= self._decided(world, at, copy, mail)
        return found

    def _decided(self, world: dict[str, Any], at: LocationId, copy: Copy, mail: dict[str, Any]) -> set[str]:
        """What the oracle says; but nobody goes on in the conversation of a contact who is gone (R39).

        Where the contact came later than the mail, one that it replaced may have been there, or the thread may have
        begun here after the mail (R12).
        """
        conversation = oracle.decide(world, at, copy.account, mail).get("conversation", NOWHERE)
        owner = next((one for one in self.contacts(at) if one["id"] == conversation), None)
        if owner is None:
            return {NOWHERE}
        return {NOWHERE, conversation} if owner["created"] > mail["at"] else {conversation}

    def _overlay(self) -> dict[str, Any]:
        """The world, on which a decision leaves nothing behind."""
        world = self.world
        threads = {
            key: {**one, "pins": {**one["pins"]}, "people": {**one["people"]}} for key, one in world["threads"].items()
        }
        locations = {at: {**one, "messages": ChainMap({}, one["messages"])} for at, one in world["locations"].items()}
        return {"locations": locations, "threads": threads, "lies_in": ChainMap({}, world["lies_in"])}

    def _expects(self, post: Post) -> None:
        """Where it is or must come, and which accounts' cursors must not pass it before that."""
        places = self._kept(post)
        self._watched(post).clear()
        for copy in self.copies:
            if copy.post is not post or copy.odd or not copy.open:
                continue
            for at, outcomes in copy.allowed.items():
                if len(outcomes) == 1 and NOWHERE not in outcomes:
                    places.setdefault(at, next(iter(outcomes)))
                    self._watched(post)[copy.account] = copy.history_id
        self._places(post).clear()
        self._places(post).update(places)

    def _watched(self, post: Post) -> dict[str, int]:
        return post.at_history  # type: ignore[return-value]

    def _places(self, post: Post) -> dict[LocationId, str]:
        return post.places  # type: ignore[return-value]

    def _post(self, name: str) -> Post:
        return next(one for one in self.plant.posts if one.letter.name == name)

    def _kept(self, post: Post) -> dict[LocationId, str]:
        return {at: conversation for (name, at), conversation in self.placed.items() if name == post.letter.name}
