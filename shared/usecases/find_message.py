"""Finds the mail that a name leads to, for a decision that a batch is written for."""

from shared.domain import keys
from shared.domain.identifiers import LocationId, MessageId
from shared.domain.message import Message
from shared.usecases.absence import found, nothing_here
from shared.usecases.batch import Batch


def find_message(batch: Batch, at: LocationId, name: MessageId) -> Message:
    """The mail by its id or another name of it. Raises `Rejected` (`not_found`)."""
    message = found(batch.value(keys.message(at, name)))
    if message.alias_of:
        message = found(batch.value(keys.message(at, message.alias_of)))
    if message.purged or message.alias_of:
        raise nothing_here()
    return message
