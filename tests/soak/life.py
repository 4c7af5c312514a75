"""What happens in a town, one act after the other, each as often as it is likely to."""

from collections.abc import Callable

from tests.soak.mail import Mail
from tests.soak.people import People
from tests.soak.sends import Sends
from tests.soak.town import Town
from tests.soak.trouble import Trouble


class Life:
    """`begin`, then `act` after `act`."""

    def __init__(self, town: Town) -> None:
        self.people, mail, trouble = People(town), Mail(town), Trouble(town)
        sends = Sends(town, mail)
        self._draw = town.draw
        self._acts: dict[Callable[[], None], float] = {
            mail.clients_write: 40,
            mail.strangers_write: 22,
            mail.user_writes: 14,
            mail.drafts_and_spam: 6,
            mail.labels_change: 9,
            mail.is_deleted: 2,
            mail.poison: 0.3,
            sends.crm_sends: 9,
            sends.client_answers: 5,
            self.people.contact_comes: 3,
            self.people.contact_goes: 2,
            self.people.connection_begins: 1.5,
            self.people.connection_ends: 0.5,
            self.people.grant_is_lost: 0.4,
            trouble.history_is_forgotten: 0.6,
            trouble.outage: 1.2,
            trouble.index_lags: 0.9,
            trouble.page_expires: 0.3,
            trouble.sessions_forget: 0.8,
            trouble.upload_is_cut: 1.5,
            trouble.watch_fails: 0.5,
        }

    def begin(self) -> None:
        self.people.settle_in()

    def act(self) -> None:
        """Something happens."""
        (drawn,) = self._draw.choices([*self._acts], [*self._acts.values()])
        drawn()
