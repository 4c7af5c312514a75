"""Why a send did not go out, in words for its user (R56)."""

from datetime import datetime
from typing import Final

from shared.domain.message import Failure
from shared.errors import CODES, GrantLost, Remedy

DISCONNECTED: Final = Failure(
    "disconnected",
    "The Gmail account was disconnected before the mail was sent.",
    "Connect a Gmail account, then send the mail again.",
)
EXPIRED: Final = Failure(
    "expired", "The mail could not be sent within a day.", "Try again; if it fails again, tell the operators."
)
FILE_LOST: Final = Failure("file_lost", "A file of the mail is not there any more.", "Write the mail again.")
UNKNOWN: Final = Failure(
    "unknown",
    "The connection broke off while the mail was being sent, and nothing tells whether Gmail accepted it.",
    "Look into the Sent folder in Gmail, then say whether it was sent, or send it again.",
)


def refused(reason: str) -> Failure:
    """Gmail refuses this mail for good."""
    return Failure("refused", f"Gmail refused the mail ({reason}).", "Correct the mail, then send it again.")


def waiting(until: datetime) -> Failure:
    """The mail is queued still: Gmail takes no more at the moment."""
    return Failure(
        "daily_limit_reached",
        "Gmail takes no more mail from this account at the moment.",
        "Nothing: the mail is sent by itself as soon as Gmail takes it.",
        retry_at=until,
    )


def grant_lost(error: GrantLost) -> Failure:
    """Somebody must act before the account can send."""
    if error.remedy is Remedy.ADMINISTRATOR:
        return Failure(
            "blocked", "Google does not let this account be used.", "Ask the administrator of the Google account."
        )
    return Failure("reauth_required", "Google no longer accepts this connection.", CODES["reauth_required"][1])
