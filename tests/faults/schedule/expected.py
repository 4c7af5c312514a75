"""What became of the mail, held against what might: the product is looked at for when it decided, never for what.

What it decided then must be one of the outcomes that the mail could have had.
"""

from collections.abc import Iterator

from shared.domain.identifiers import LocationId
from tests.faults.plant import Post
from tests.faults.schedule.copies import LOCATIONS, NOWHERE, Copy
from tests.faults.schedule.outlook import Outlook
from tests.rules import oracle
from tests.rules.oracle_people import everybody, is_internal
from tests.unit.usecases.office import id_of


class Expected(Outlook):
    """All that is expected, and what came of it so far; `faults` is what should never have."""

    def observe(self) -> None:
        """What the product has decided by now must be what it might."""
        left_out, gone = self._newly_left_out()
        for copy in self.copies:
            if not copy.open:
                continue
            if known := self.known(copy):
                self._stored(copy, known.get("messages", {}))
            elif (copy.account, copy.gmail_id) in left_out and not copy.relisted:
                self._left_out(copy)
            elif (copy.account, copy.gmail_id) in gone and not copy.relisted:
                if not copy.fleeting:
                    self.faults.append(f"{copy.letter.name} counts as gone, and was always there")
                copy.open = False

    def _newly_left_out(self) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
        left_out, gone = set(), set()
        documents = self.plant.durable.store.documents
        for account in self.plant.durable.accounts.accounts:
            for path in documents.under(f"mailboxes/{id_of(account)}/decided"):
                fields, version = documents[path]
                if (path, version) in self.seen_chunks:
                    continue
                self.seen_chunks.add((path, version))
                left_out |= {(account, one) for one in fields.get("left_out", {})}
                gone |= {(account, one) for one in fields.get("gone", ())}
        return left_out, gone

    def _stored(self, copy: Copy, messages: dict[LocationId, str]) -> None:
        copy.open = False
        for at in LOCATIONS:
            conversation = NOWHERE
            if at in messages:
                kept = self.plant.durable.store.documents.get(f"locations/{at}/messages/{messages[at]}")
                conversation = self.homed(at, kept[0]["conversation"]) if kept else "a message that is not there"
            self._check(copy, at, conversation)
            if conversation:
                self._places_now(copy, at, conversation)

    def _left_out(self, copy: Copy) -> None:
        copy.open = False
        for at in LOCATIONS:
            self._check(copy, at, NOWHERE)

    def _check(self, copy: Copy, at: LocationId, conversation: str) -> None:
        allowed = copy.allowed[at]
        if (first := self.placed.get((copy.letter.name, at))) and conversation == first:
            return
        if conversation not in allowed:
            self.faults.append(
                f"{copy.letter.name} of {copy.account} is in {conversation or 'no conversation'} of {at}, "
                f"not in one of {sorted(allowed)}"
            )

    def _places_now(self, copy: Copy, at: LocationId, conversation: str) -> None:
        """The world goes on with what was decided."""
        mail, location = self.mail(copy), self.world["locations"][at]
        people = [one for one in everybody(mail) if not is_internal(location, one)]
        thread = oracle.continued(self.world, copy.account, mail)
        references: list[str] = []
        answer = {"conversation": conversation, "rule": "", "references": references}
        oracle.keep(location, thread, at, mail, people, answer)
        self.world["lies_in"][at, copy.account, mail["name"]] = mail["thread"]
        self.world["threads"][copy.account, mail["thread"]] |= thread
        self.placed.setdefault((copy.letter.name, at), conversation)
        self._places(copy.post)[at] = self.placed[copy.letter.name, at]

    # at the end

    def conclude(self) -> None:
        """From now on what is there is all that there may be."""
        for post in self.plant.posts:
            self._places(post).clear()
            self._places(post).update(self._kept(post))

    def unfinished(self) -> Iterator[str]:
        """Mail of a connection that works, of which nothing became that may be."""
        documents = self.plant.durable.store.documents
        for copy in self.copies:
            if not copy.open or self.lost(copy.account):
                continue
            parked = f"parked/{id_of(copy.account)}_{copy.gmail_id}" in documents
            for at in LOCATIONS:
                must = NOWHERE not in copy.allowed[at] and (copy.letter.name, at) not in self.placed
                if must and not parked and not copy.fleeting:
                    yield f"I4 {copy.letter.name} of {copy.account} is not in {at}, but must be in {copy.allowed[at]}"

    def lost(self, account: str) -> bool:
        """Whether the account's user has to consent again before anything more can come."""
        mailbox = self.plant.known_mailbox(account)
        return bool(mailbox and mailbox.trouble)

    def tempting(self, post: Post) -> bool:
        """Whether it might have been stored at any time."""
        return any(
            outcomes - {NOWHERE} for one in self.copies if one.post is post for outcomes in one.allowed.values()
        ) or any(one.relisted or one.fleeting for one in self.copies if one.post is post)
