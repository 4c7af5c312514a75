"""What goes wrong at Google: histories that are forgotten, outages, lags, uploads that are cut, watches that lapse."""

from datetime import timedelta

from shared.errors import Transient
from tests.soak.account import Account
from tests.soak.town import Town


class Trouble:
    """Each strikes one account."""

    def __init__(self, town: Town) -> None:
        self.town, self.book, self.draw = town, town.book, town.draw

    def history_is_forgotten(self) -> None:
        email = self.draw.choice(self.town.emails)
        self.town.gmail_of(email).forget_history()
        self.book.forgot(email)
        self.book.tally["histories forgotten"] += 1

    def outage(self) -> None:
        """Errors without a time, or a wait that Gmail names (F18, F20)."""
        account = self._account()
        until = self.town.clock.now() + timedelta(seconds=self.draw.randint(20, 4_000))
        named = self.draw.random() < 0.5
        account.trouble = Transient("gmail: rate limit", retry_at=until) if named else Transient("gmail: 503")
        account.trouble_until = until
        self.book.tally["Gmail: 429 with a time" if named else "Gmail: 5xx"] += 1

    def index_lags(self) -> None:
        """A push says more than the history shows (F11)."""
        account = self._account()
        account.lag = 3 * self.draw.randint(1, 4)
        self.book.tally["Gmail: index lags"] += 1
        self.town.after(timedelta(seconds=self.draw.randint(2, 25)), lambda: setattr(account, "lag", 0))

    def page_expires(self) -> None:
        """The next page of a history is no longer to be had (F12)."""
        self._account().stale_pages = 1

    def sessions_forget(self) -> None:
        """For hours an account's upload sessions say nothing of themselves."""
        sender = self.town.sender_of(self.draw.choice(self.town.emails))
        sender.forgets = True
        self.book.tally["Gmail: sessions forget"] += 1
        self.town.after(timedelta(minutes=self.draw.randint(30, 600)), lambda: setattr(sender, "forgets", False))

    def upload_is_cut(self) -> None:
        """The next upload of an account ends in the middle."""
        self.town.sender_of(self.draw.choice(self.town.emails)).cut_at = self.draw.randint(1, 400)
        self.book.tally["Gmail: uploads cut"] += 1

    def watch_fails(self) -> None:
        """For days an account's watch cannot be renewed; it may lapse meanwhile (F32)."""
        until = self.town.clock.now() + timedelta(hours=self.draw.randint(40, 120))
        self._account().unwatchable_until = until
        self.book.tally["Gmail: watches that cannot be renewed"] += 1

    def _account(self) -> Account:
        return self.town.gmail_of(self.draw.choice(self.town.emails))
