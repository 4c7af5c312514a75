"""Takes one send out of the mailbox's rolling limit (R54)."""

from dataclasses import replace
from datetime import datetime

from shared.domain import budget, keys, send_window
from shared.domain.mailbox import Mailbox
from shared.domain.policy import Policy
from shared.errors import Rejected
from shared.usecases.batch import Batch


def reserve(batch: Batch, mailbox: Mailbox, policy: Policy, now: datetime) -> None:
    """Stages the mailbox with one more send, and with the quota that the send and its read-back will take.

    Raises `Rejected` (`daily_limit_reached`) with the next one's time.
    """
    if send_window.left(mailbox, policy, now) < 1:
        limit = send_window.limit(mailbox, policy)
        raise Rejected(
            "daily_limit_reached",
            f"The mailbox has sent {limit} mails in 24 hours.",
            details={"limit": limit, "retry_at": send_window.next_at(mailbox, policy, now)},
        )
    units = budget.spending(mailbox.units, now, budget.SEND + budget.GET)
    batch.put(keys.mailbox(mailbox.id), replace(send_window.reserved(mailbox, now), units=units))
