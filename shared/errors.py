"""Failures, each a decision about who must act next."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum


class Rejected(Exception):
    """Will never work as asked: `code` is one of `CODES`; `details` may hold sizes, limits and times."""

    def __init__(self, code: str, message: str, *, action: str = "", details: Mapping[str, object] | None = None):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.action, self.details = code, message, action, dict(details or {})


class Remedy(StrEnum):
    """Who can bring a lost grant back: its user by consenting again, or an administrator."""

    RECONNECT = "reauth_required"
    ADMINISTRATOR = "blocked"


class GrantLost(Exception):
    """Google refuses the mailbox for good until somebody acts (R06); `reason` is Google's own word for it."""

    def __init__(self, remedy: Remedy, reason: str):
        super().__init__(f"{remedy}: {reason}")
        self.remedy, self.reason = remedy, reason


class Transient(Exception):
    """The same call may work later, not before `retry_at` where that is known."""

    def __init__(self, reason: str, *, retry_at: datetime | None = None):
        super().__init__(reason)
        self.reason, self.retry_at = reason, retry_at


class CursorExpired(Exception):
    """Gmail no longer knows the history id, or the page of it: catch up from a list instead."""


class PageExpired(Exception):
    """A page of a list can no longer be had: list again from the cursor that is kept."""


class Gone(Exception):
    """Gmail has no message of that id (any more)."""


class Refused(Exception):
    """Gmail refuses this one request for good; the mailbox itself is fine."""

    def __init__(self, reason: str, message: str):
        super().__init__(f"{reason}: {message}")
        self.reason, self.message = reason, message


class Conflict(Exception):
    """Somebody wrote one of the documents since it was read: read again and decide again."""


class LeaseLost(Exception):
    """Another worker holds the mailbox now: write nothing more."""


class Doubtful(Exception):
    """A send was cut off after it began: nobody here knows whether Gmail accepted it."""


CODES: dict[str, tuple[int, str]] = {
    "invalid_request": (400, "Correct the request as described and send it again."),
    "unauthenticated": (401, "Sign in again and repeat the request with a fresh token."),
    "forbidden": (403, "Ask somebody with the right role to do this."),
    "not_found": (404, "Check the address of the request."),
    "reauth_required": (409, "Reconnect the Gmail account in your profile."),
    "not_connected": (409, "Connect a Gmail account in your profile first."),
    "already_connected": (409, "Disconnect the Gmail account first, or update the connection."),
    "mailbox_in_use": (409, "Choose another Gmail account, or have its present user disconnect it."),
    "different_mailbox": (409, "Choose the Gmail account that was connected before, or update the connection."),
    "thread_claimed": (
        409,
        "Reply from that location, or have the user of the Gmail account move or release the thread.",
    ),
    "not_retryable": (409, "Look at the message's present status."),
    "code_expired": (410, "Begin connecting again."),
    "too_large": (413, "Remove or shrink attachments, then send again."),
    "no_contact": (422, "Add a contact with one of the recipients' addresses, or name the contact."),
    "idempotency_key_reused": (422, "Use a new Idempotency-Key for a different mail."),
    "invalid_policy": (422, "Correct the setting that is named."),
    "too_many_recipients": (422, "Split the mail so that each has at most 100 recipients."),
    "daily_limit_reached": (429, "Wait until the time given, then send again."),
    "internal": (500, "Report the correlation id to the operators."),
    "unavailable": (503, "Repeat the request after the time given."),
}
