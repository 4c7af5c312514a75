"""A seeded company: who is where, and what they write to each other, as clean data for the product and the oracle."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from shared.domain.identifiers import LocationId
from tests.rules.letters import BEGIN, Letter
from tests.unit.usecases.office import ANNS, HERE, THERE

YONDER = LocationId("yonder")
PLACES = (HERE, THERE, YONDER)
USERS = ("ann", "bob", "cleo", "dan", "elsa", "finn", "gail", "hugo", "iris", "jack")
ACCOUNTS = {user: ANNS if user == "ann" else f"{user}@agency.example" for user in USERS}
ALIASES = {"ann": "sales@agency.example", "cleo": "cleo.office@gmail.com"}
STAFF, INSIDE = "desk@reception.example", "carol@office.example"
EXCLUSIONS = ("lawyer@secret.example", "bank.example", "label:Private")
POLICY: dict[str, object] = {
    "internal_domains": ["office.example"],
    "staff": [STAFF],
    "exclusions": list(EXCLUSIONS),
}
CLIENTS = tuple(f"c{number}@client{number % 5}.example" for number in range(24))
STRANGERS = tuple(f"s{number}@other.example" for number in range(16))
LATE = timedelta(minutes=500)


@dataclass(frozen=True)
class Card:
    """A contact as a location keeps it; `late` ones count from the middle of the play."""

    id: str
    email: str
    others: tuple[str, ...] = ()
    assigned: str | None = None
    age: int = 0
    late: bool = False


@dataclass
class Script:
    """Draws what happens, one mail after the other, from one seed."""

    seed: int
    chance: Random = field(init=False)
    members: dict[LocationId, list[str]] = field(init=False)
    cards: dict[LocationId, list[Card]] = field(init=False)
    letters: list[Letter] = field(default_factory=list)
    made: int = 0

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)  # noqa: S311
        self.members = {
            HERE: list(USERS[:7]),
            THERE: ["ann", "bob", *USERS[4:]],
            YONDER: ["ann", *USERS[7:]],
        }
        self.cards = {place: self._cards(place) for place in PLACES}

    def _cards(self, place: LocationId) -> list[Card]:
        draw, members = self.chance, self.members[place]
        cards = []
        for number, email in enumerate(draw.sample(CLIENTS, 15)):
            others = (STRANGERS[number],) if number < 3 else ()
            assigned = draw.choice([None, *members])
            cards.append(Card(f"{place}-{number}", email, others, assigned, draw.randrange(99), late=number == 14))
        twin = cards[4]
        cards.append(replace(twin, id=f"{place}-twin", age=draw.randrange(99), assigned=draw.choice(members)))
        cards.append(Card(f"{place}-desk", STAFF))
        cards.append(Card(f"{place}-carol", INSIDE))
        cards.append(Card(f"{place}-colleague", f"{members[1]}@crm.example"))
        return cards

    def letter(self) -> Letter:
        """The next mail."""
        kinds = {
            self._written_by_client: 22,
            self._written_by_stranger: 8,
            self._sent_by_user: 18,
            self._reply: 22,
            self._other_subject: 6,
            self._forward: 5,
            self._stranger_joins: 5,
            self._inside: 5,
            self._colleague_to_client: 3,
            self._odd: 12,
        }
        (draw,) = self.chance.choices([*kinds], [*kinds.values()])
        made = draw()
        self.letters.append(made)
        return made

    def _new(self, sender: str, to: list[str], **more: object) -> Letter:
        self.made += 1
        name = f"mail-{self.made}"
        to = [one for one in dict.fromkeys(to) if one != sender] or [self._account()]
        plain = Letter(name, sender, tuple(to), subject=f"Matter {self.made}", thread=name)
        return replace(plain, **more)  # type: ignore[arg-type]

    def _account(self) -> str:
        return ACCOUNTS[self.chance.choice(USERS)]

    def _own(self) -> str:
        """An address that a user sends from."""
        user = self.chance.choice(USERS)
        return ALIASES[user] if user in ALIASES and self.chance.random() < 0.4 else ACCOUNTS[user]

    def _outside(self, most: int) -> list[str]:
        return self.chance.sample(CLIENTS + STRANGERS, self.chance.randint(0, most))

    def _written_by_client(self) -> Letter:
        to = [self._own(), *([self._account()] if self.chance.random() < 0.3 else [])]
        to = [*self._outside(1), *to] if self.chance.random() < 0.3 else to
        return self._new(self.chance.choice(CLIENTS), to, cc=tuple(self._outside(2)))

    def _written_by_stranger(self) -> Letter:
        return self._new(self.chance.choice(STRANGERS), [self._account()], cc=tuple(self._outside(1)))

    def _sent_by_user(self) -> Letter:
        to = self._outside(3) or [self.chance.choice(CLIENTS)]
        return self._new(self._own(), to, cc=tuple(self._outside(1)), bcc=tuple(self._outside(1)))

    def _earlier(self) -> Letter | None:
        return self.chance.choice(self.letters[-120:]) if self.letters else None

    def _reply(self) -> Letter:
        """By somebody who had it, to everybody or to its sender."""
        old = self._earlier()
        if old is None:
            return self._written_by_client()
        author = self.chance.choice([*old.to, *old.cc])
        everybody = [one for one in (old.sender, *old.to, *old.cc) if one != author]
        to = everybody if self.chance.random() < 0.6 else [old.sender]
        return self._new(author, to, subject=f"Re: {old.subject}", thread=old.thread, answers=old.name)

    def _other_subject(self) -> Letter:
        reply = self._reply()
        return replace(reply, subject=f"Other matter {self.made}", thread=reply.name)

    def _forward(self) -> Letter:
        """By one of the users who had it, to somebody else, in the same Gmail thread."""
        old = self._earlier()
        users = [one for one in (old.sender, *old.to) if one in ACCOUNTS.values()] if old else []
        if old is None or not users:
            return self._sent_by_user()
        to = [self.chance.choice(CLIENTS)]
        return self._new(self.chance.choice(users), to, subject=f"Re: {old.subject}", thread=old.thread)

    def _stranger_joins(self) -> Letter:
        """Somebody who was not asked answers in the thread, with or without the others."""
        reply = self._reply()
        to = reply.to if self.chance.random() < 0.5 else (self._account(),)
        return replace(reply, sender=self.chance.choice(STRANGERS), to=to, cc=tuple(self._outside(1)))

    def _inside(self) -> Letter:
        colleagues = [*ACCOUNTS.values(), STAFF, INSIDE, f"{self.chance.choice(USERS)}@crm.example"]
        to = [self._account(), *self.chance.sample(colleagues, 2)]
        sender = self.chance.choice([*colleagues, "dan+home@agency.example", "cleoof.fice@googlemail.com"])
        return self._new(sender, to)

    def _colleague_to_client(self) -> Letter:
        return self._new(self._account(), [self.chance.choice(CLIENTS)], cc=(self._account(),))

    def _odd(self) -> Letter:
        """Mail with something about it that keeps it out, or changes what may come of it."""
        plain = self._reply() if self.chance.random() < 0.3 else self._written_by_client()
        plain = self._sent_by_user() if self.chance.random() < 0.2 else plain
        labels = self.chance.choice(["SPAM", "TRASH", "DRAFT"])
        evil = self.chance.choice([one for one in STRANGERS if one != plain.sender])
        changes: list[dict[str, object]] = [
            {"labels": ("INBOX", labels)},
            {"raw_from": f'"{plain.sender}" <{evil}>', "sender": evil, "forged": True},
            {"raw_from": f"{plain.sender}, {evil}"},
            {"raw_from": "undisclosed"},
            {"forged": True},
            {"sender": self._account(), "forged": True},
            {"headers": {"Auto-Submitted": "auto-replied"}},
            {"sender": self.chance.choice(STRANGERS), "headers": {"List-Id": "news.example"}},
            {"cc": (*plain.cc, "lawyer@secret.example")},
            {"sender": "teller@bank.example"},
            {"labels": ("INBOX", "Label_1")},
            {"at": BEGIN - timedelta(days=1)},
        ]
        return replace(plain, **self.chance.choice(changes))  # type: ignore[arg-type]
