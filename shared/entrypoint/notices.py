"""Notices about mailboxes: Gmail's own notifications, and the wake-ups of the project's timer."""

from shared.domain.addresses import Address
from shared.domain.identifiers import ID, MailboxId
from shared.entrypoint.push import Pushed
from shared.usecases.process_notification import Notice

LARGEST = 2**63


def notice(pushed: Pushed) -> Notice | None:
    """What a push says; None if it says nothing that anybody could act on.

    Gmail's history id comes as a number or as text, and is never read through a float (F47, F48).
    """
    mailbox = pushed.content.get("mailbox")
    if isinstance(mailbox, str) and ID.match(mailbox):
        return Notice(holder=pushed.id, mailbox=MailboxId(mailbox))
    address, history_id = pushed.content.get("emailAddress"), pushed.content.get("historyId")
    if not isinstance(address, str) or isinstance(history_id, bool) or not isinstance(history_id, int | str):
        return None
    text = str(history_id)
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < LARGEST):  # noqa: PLR2004
        return None
    return Notice(holder=pushed.id, address=Address(address.lower()), history_id=int(text))
