"""Acts on a grant that Google refused during a delivery."""

from shared.domain import keys
from shared.domain.mailbox import Mailbox
from shared.errors import GrantLost
from shared.usecases.condemn_mailbox import condemn
from shared.usecases.delivery import Delivery


def lose_grant(mailbox: Mailbox, error: GrantLost, ports: Delivery) -> bool:
    """Marks the mailbox; whether it is lost. It is not if its user has given a newer grant meanwhile (F21)."""
    version = mailbox.grant.version if mailbox.grant else 0
    now = ports.patience.now()
    condemn(ports.store, ports.topics, mailbox.id, version, remedy=error.remedy, reason=error.reason, now=now)
    current = ports.store.read(keys.mailbox(mailbox.id)).value(keys.mailbox(mailbox.id))
    return current is None or not current.usable or current.grant is None or current.grant.version == version
