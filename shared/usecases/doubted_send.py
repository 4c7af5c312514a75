"""Whether a mail from the Sent folder may be a send of ours that is in doubt, its marker lost on the way (F53, F58)."""

from shared.domain import keys
from shared.domain.addresses import Person
from shared.domain.mail import Mail
from shared.domain.outbox import EntryState, OutboxEntry
from shared.ports.store import Query, Where
from shared.usecases.sync_work import Work


class InDoubt(Exception):
    """It waits, parked, until the send is settled: placed now, it might show twice."""


def await_doubted(work: Work, mail: Mail) -> None:
    """Raises `InDoubt` for a mail without marker that has the recipients and subject of a send that is being called.

    Asks for such sends only while the account has never yet given our marker back: once it has, a mail without marker
    is none of ours.
    """
    if work.mailbox.keeps_marker:
        return
    mine = (Where("mailbox", "==", work.mailbox.id), Where("state", "==", str(EntryState.CALLING)))
    if any(_alike(found.value, mail) for found in work.ports.store.find(Query(keys.OUTBOX, mine))):
        raise InDoubt


def _alike(entry: OutboxEntry, mail: Mail) -> bool:
    same = entry.subject.strip() == mail.subject.strip()
    return same and _addresses(entry.to) == _addresses(mail.to) and _addresses(entry.cc) == _addresses(mail.cc)


def _addresses(people: tuple[Person, ...]) -> set[str]:
    return {person.address for person in people}
