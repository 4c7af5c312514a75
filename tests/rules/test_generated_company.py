"""A thousand mails of a made-up company under every preset: the product and the oracle agree on each of them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from shared.domain import keys
from shared.domain.identifiers import ContactId, LocationId, UserId
from shared.domain.location import User
from shared.domain.message import Message
from shared.errors import Rejected
from shared.usecases.change_settings import change_settings
from shared.usecases.put_user import put_user
from tests.rules import oracle
from tests.rules.company import PRESETS, Company
from tests.rules.generated import ACCOUNTS, ALIASES, LATE, PLACES, POLICY, YONDER, Script
from tests.rules.letters import BEGIN, Letter
from tests.rules.oracle_people import contacts_of
from tests.unit.usecases.office import ANNS, THERE, address

SEED = 20_260_302
MAILS = 1_000
CHUNK = 25
ELSEWHERE: dict[LocationId, dict[str, Any]] = {
    THERE: {"contact_addresses": "all"},
    YONDER: {"multi_location": "mirror_always", "reference_cc": False},
}
"""What the other locations decide differently from their presets."""
OWN_EXCLUSION = "c7@client2.example"


@dataclass
class Play:
    """One company under one preset in `here`, the next two presets in the other locations, and the oracle beside it."""

    preset: str
    seed: int = SEED
    script: Script = field(init=False)
    company: Company = field(init=False)
    world: dict[str, Any] = field(init=False)
    waiting: list[Letter] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    sends: int = 0

    def __post_init__(self) -> None:
        self.script, self.draw = Script(self.seed), Random(self.seed + 1)  # noqa: S311
        self.company = Company(connected=False)
        at = PRESETS.index(self.preset)
        chosen = {place: PRESETS[(at + number) % len(PRESETS)] for number, place in enumerate(PLACES)}
        settings = {place: {**POLICY, **ELSEWHERE.get(place, {})} for place in PLACES}
        self.world = oracle.new_world({p: oracle.new_location(chosen[p], settings[p]) for p in PLACES})
        for place in PLACES:
            self.company.policy(chosen[place], place, **settings[place])
        for user, account in ACCOUNTS.items():
            made = self.company.account(account)
            made.own_labels["Label_1"] = "Private"
            if user in ALIASES:
                self.company.alias(ALIASES[user], account)
        for place in PLACES:
            self._move_in(place)
        self.company.gmail = self.company.mailboxes.accounts[ANNS]

    def _move_in(self, place: LocationId) -> None:
        company, known = self.company, self.world["locations"][place]
        for card in self.script.cards[place]:
            since = BEGIN + LATE if card.late else BEGIN - timedelta(days=card.age)
            assigned = UserId(card.assigned) if card.assigned else None
            company.contact(card.id, card.email, place, others=card.others, assigned_to=assigned, created_at=since)
            known["contacts"].append(
                {
                    "id": card.id,
                    "email": card.email,
                    "others": list(card.others),
                    "created": since,
                    "assigned": card.assigned,
                    "filed_by": [],
                }
            )
        for user in self.script.members[place]:
            email, account = f"{user}@crm.example", ACCOUNTS[user]
            put_user(company.store, place, User(UserId(user), address(email)), patience=company.patience)
            company.connect(account, user=UserId(user), location=place)
            since = company.connection(user=UserId(user), location=place).connected_at
            own = [OWN_EXCLUSION] if user == "bob" else []
            if own:
                change_settings(
                    company.store, place, UserId(user), exclusions=own, signature=False, patience=company.patience
                )
            known["internal"] |= {email, account, *([ALIASES[user]] if user in ALIASES else [])}
            known["connected"][account] = {"user": user, "since": since, "exclusions": own}
        for one in ("ann@crm.example", "bob@crm.example"):
            if company.internal(one, location=place):
                known["internal"].add(one)

    # the play

    def run(self, mails: int = MAILS) -> None:
        for number in range(mails):
            letter = self.company.post(self.script.letter(), sync=False)
            self.waiting.append(letter)
            if len(self.waiting) == CHUNK or number == mails - 1:
                self._sync()
                self._crm_sends()
        self._sync()

    def _sync(self) -> None:
        """Every mailbox catches up; the oracle decides the same mail in the same order."""
        for account in self.company.mailboxes.accounts:
            self.company.push(account)
            for letter in self.waiting:
                if account in self.company.copies[letter.name]:
                    self._compare(letter, account)
        self.waiting.clear()

    def _compare(self, letter: Letter, account: str) -> None:
        mail = self._as_data(letter, account)
        for place in PLACES:
            if account not in self.world["locations"][place]["connected"]:
                continue
            thread = repr(oracle.thread_of(self.world, account, mail["thread"]))
            expected = oracle.decide(self.world, place, account, mail)
            told = self._told(letter, account, place, expected)
            had = self._had(letter, account, place)
            self.tally[told.partition(" by ")[2] + (" stored" if "conversation" in expected else "")] += 1
            assert had == told, self._disagreement(letter, mail, place, thread, told, had)

    def _as_data(self, letter: Letter, account: str) -> dict[str, Any]:
        stored = self.company.mailboxes.accounts[account].mails[self.company.copies[letter.name][account]]
        sent = "SENT" in stored.labels
        return {
            "name": letter.name,
            "from": None if letter.raw_from else letter.sender,
            "to": list(letter.to),
            "cc": list(letter.cc),
            "bcc": list(letter.bcc) if self._is_own(letter, account) else [],
            "labels": ["Private" if one == "Label_1" else one for one in stored.labels],
            "at": stored.at,
            "thread": letter.thread,
            "answers": letter.answers or None,
            "automatic": bool(letter.headers),
            "forged": letter.forged and not letter.raw_from,
            "sent": sent,
        }

    def _is_own(self, letter: Letter, account: str) -> bool:
        own = self.company.account_of(letter.sender)
        return own is not None and own.address == account and not letter.forged

    def _told(self, letter: Letter, account: str, place: LocationId, expected: dict[str, Any]) -> str:
        """The oracle's decision; a mail that was stored before is stored by the rule that did it then."""
        if "conversation" not in expected:
            return f"out by {expected['rule']}"
        message = self.world["locations"][place]["messages"][letter.name]
        also = "".join(f" +{one}" for one in sorted(message["references"]))
        return f"{message['conversation']}{also} by {message['rule']}"

    def _had(self, letter: Letter, account: str, place: LocationId) -> str:
        gmail_id = self.company.copies[letter.name][account]
        found = self.company.found(gmail_id, place, account)
        if found is None:
            return self.company.fate(letter, place, account)
        also = "".join(f" +{one}" for one in sorted(self._named(one, place) for one in found.referenced_by))
        return f"{self._named(found.conversation, place)}{also} by {found.rule}"

    def _named(self, contact: ContactId, place: LocationId) -> str:
        """Contacts of the play by their id; who was created, by the address."""
        if contact.startswith(place):
            return contact
        key = keys.contact(place, contact)
        made = self.company.store.read(key).value(key)
        return f"new:{made.email}" if made else contact

    def _disagreement(
        self, letter: Letter, mail: dict[str, Any], place: LocationId, thread: str, told: str, had: str
    ) -> str:
        policy = self.world["locations"][place]["policy"]
        about = {name: value for name, value in policy.items() if value != oracle.FIRST_VALUES[name]}
        lines = [
            f"seed {self.seed}, preset {self.preset}, location {place} with {about}",
            *(f"  {name}: {value}" for name, value in mail.items()),
            f"  headers: {letter.headers} {letter.raw_from}",
            f"  its thread before, says the oracle: {thread}",
            f"  the oracle decides: {told}",
            f"  the product:        {had}",
        ]
        return "\n".join(lines)

    # sends from the CRM

    def _crm_sends(self) -> None:
        for _ in range(2):
            place = self.draw.choice(PLACES)
            user = self.draw.choice(self.script.members[place])
            if self.draw.random() < 0.6:
                self._answers(place, user)
            else:
                self._begins(place, user)

    def _begins(self, place: LocationId, user: str) -> None:
        contact = self.draw.choice(self.world["locations"][place]["contacts"][:15])
        (owner, *_) = contacts_of(self.world["locations"][place], contact["email"])
        others = [self.draw.choice(self.script.letters).sender] if self.draw.random() < 0.4 else []
        others = [one for one in others if one != contact["email"]]
        self._send(place, user, [contact["email"]], others, None, owner["id"])

    def _answers(self, place: LocationId, user: str) -> None:
        """A reply to a mail of the location that lies in the user's own mailbox."""
        account = ACCOUNTS[user]
        there = [
            letter
            for letter in self.script.letters[-200:]
            if letter.name in self.world["locations"][place]["messages"]
            and self.company.copies[letter.name].get(account)
            and self.company.found(self.company.copies[letter.name][account], place, account)
        ]
        if not there:
            return
        letter = self.draw.choice(there)
        to = letter.sender if letter.sender not in (account, ALIASES.get(user)) else letter.to[0]
        conversation = self.world["locations"][place]["messages"][letter.name]["conversation"]
        self._send(place, user, [to], [], letter, conversation)

    def _send(
        self, place: LocationId, user: str, to: list[str], cc: list[str], answered: Letter | None, conversation: str
    ) -> None:
        self.sends += 1
        company, account = self.company, ACCOUNTS[user]
        mail: dict[str, Any] = {
            "cc": [{"address": one} for one in cc],
            "subject": f"Re: {answered.subject}" if answered else f"From the CRM {self.sends}",
            "text": "Yes.",
        }
        if answered:
            replied = company.found(company.copies[answered.name][account], place, account)
            mail["reply_to"] = replied.id if replied else None
        data = {
            "from": account,
            "to": to,
            "cc": cc,
            "bcc": [],
            "thread": answered.thread if answered else f"crm-{self.sends}",
            "answers": answered.name if answered else None,
            "at": company.clock.now() + timedelta(minutes=1),
            "forged": False,
            "name": "",
        }
        claimed = oracle.thread_of(self.world, account, str(data["thread"]))["claimed_by"]
        if claimed not in {None, place}:
            with pytest.raises(Rejected, match="thread_claimed"):
                company.send(to[0], key=f"key-{self.sends}", user=UserId(user), location=place, **mail)
            self.tally["thread_claimed"] += 1
            return
        gone = company.send(to[0], key=f"key-{self.sends}", user=UserId(user), location=place, **mail)
        self._went(place, company.message(gone, place), data, conversation)

    def _went(self, place: LocationId, message: Message | None, data: dict[str, Any], conversation: str) -> None:
        """A mail of the CRM in its own location alone, for the oracle and for those who may answer it."""
        company, account, thread = self.company, data["from"], data["thread"]
        assert message
        (source,) = message.sources.values()
        data["name"] = name = (message.message_id or "").strip("<>").partition("@")[0]
        assert oracle.crm_send(self.world, place, account, data, conversation)
        company.threads.setdefault((thread, account), source.thread_id)
        company.copies[name] = {account: source.gmail_id}
        to, cc = tuple(data["to"]), tuple(data["cc"])
        self.script.letters.append(Letter(name, account, to, cc, subject=message.subject, thread=thread))
        assert self._named(message.conversation, place) == conversation, (data, message)
        self.tally["R10 stored"] += 1
        for other in PLACES:
            if other != place and account in self.world["locations"][other]["connected"]:
                assert company.found(source.gmail_id, other, account) is None, (data, other)


@pytest.mark.parametrize("preset", PRESETS)
def test_R12_R13_R22_R23_R30_R32_R41_R42_every_mail_of_a_company_is_placed_as_the_book_says(preset: str) -> None:
    play = Play(preset)

    play.run()

    happened = {rule for rule, count in play.tally.items() if count > 2}
    assert {"R05", "R19", "R22", "R23", "R24", "R35", "R10 stored", "R11 stored"} <= happened, play.tally
    assert play.tally.total() > MAILS
