"""A Gmail account in memory that answers as no account should, and still does now and then."""

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.errors import PageExpired
from shared.ports.gmail import HistoryPage, IdPage
from tests.fakes.gmail import FakeMailbox
from tests.unit.inbound import ADA, World

PATIENCE = 300
"""Lists after which somebody goes round in circles."""


@dataclass
class OddMailbox(FakeMailbox):
    """`odd_history` may answer in place of a page, given its token and the true page; `odd_search` likewise."""

    odd_history: Callable[[str | None, HistoryPage], HistoryPage] = lambda _, page: page
    odd_search: Callable[[str | None, IdPage], IdPage] = lambda _, page: page
    tokens: list[str | None] = field(default_factory=list)

    def history(self, since: int, page: str | None) -> HistoryPage:
        self._listed(page)
        return self.odd_history(page, super().history(since, page))

    def search(self, query: str, page: str | None, *, include_spam_trash: bool = False) -> IdPage:
        self._listed(page)
        return self.odd_search(page, super().search(query, page, include_spam_trash=include_spam_trash))

    def _listed(self, page: str | None) -> None:
        self.tokens.append(page)
        assert len(self.tokens) < PATIENCE, "the lists never end"


class OddWorld(World):
    """The world of a sync whose account is odd; Bob is a contact."""

    def __init__(self) -> None:
        super().__init__()
        self.odd = OddMailbox(ADA, self.clock.now)
        self.gmail = self.access.accounts[ADA] = self.odd
        self.contact("bob", "bob@client.example")
        self.clock.advance(minutes=5)

    def behaves(self) -> None:
        """From now on the account is like any other."""
        self.odd.odd_history = lambda _, page: page
        self.odd.odd_search = lambda _, page: page
        self.odd.fail = lambda _name, _what: None
        self.odd.tokens.clear()

    def settles(self, minutes: int = 30) -> None:
        """The timer's runs of that many minutes."""
        for _ in range(minutes):
            self.clock.advance(minutes=1)
            self.tick()


def expired(token: str | None) -> None:
    """Any page but the first can no longer be had."""
    if token is not None:
        raise PageExpired
