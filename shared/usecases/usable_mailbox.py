"""The mailbox through which a user may send now (R50)."""

from shared.domain import keys
from shared.domain.connection import ConnectionState
from shared.domain.identifiers import LocationId, UserId
from shared.domain.linking import not_connected
from shared.domain.mailbox import Mailbox
from shared.errors import GrantLost
from shared.usecases.batch import Batch


def usable_mailbox(batch: Batch, location: LocationId, user: UserId) -> Mailbox:
    """Raises `Rejected` (`not_connected`), and `GrantLost` where somebody must act before anything can be sent."""
    connection = batch.value(keys.connection(location, user))
    if connection is None or connection.state is not ConnectionState.CONNECTED:
        raise not_connected()
    mailbox = batch.value(keys.mailbox(connection.mailbox))
    if mailbox is None or location not in mailbox.links or mailbox.links[location].user != user:
        raise not_connected()
    if mailbox.trouble:
        raise GrantLost(mailbox.trouble.remedy, mailbox.trouble.reason)
    return mailbox
