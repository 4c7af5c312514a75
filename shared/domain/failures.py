"""Why a send did not go out, in words for its user (R56)."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from shared.domain.delivery_reasons import reason
from shared.domain.message import Bounce, Failure
from shared.errors import CODES, GrantLost, Remedy

_STATUS: Final = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
"""As RFC 3463 has it, in what a mail server says."""
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
UNKNOWN_AT_PROVIDER: Final = Failure(
    "unknown",
    "The connection broke off while the mail was handed over, and nothing tells whether the mail server accepted it.",
    "Ask the recipient, or look at the mail provider's own records, then say whether it was sent, or send it again.",
)
REMOVED: Final = Failure(
    "disconnected",
    "The user or the location was removed before the mail was sent.",
    "Send the mail as somebody who belongs to the location.",
)
NO_PROVIDER: Final = Failure(
    "no_provider",
    "The location has no mail provider any more.",
    "Have the mail provider set up again, then send the mail again.",
)
PROVIDER_CHANGED: Final = Failure(
    "no_provider",
    "The location's mail provider sends from another address than this mail has.",
    "Write the mail again.",
)


def provider_unusable(reason: str) -> Failure:
    """The provider refuses the connection itself for good."""
    return Failure(
        "provider_refused",
        _AT_PROVIDER.get(reason, "The location's mail provider refused the mail."),
        "Have the location's mail provider set up correctly, then send the mail again.",
    )


_AT_PROVIDER: Final = {
    "tls": "The location's mail provider does not prove who it is, or speaks no up-to-date TLS; nothing was sent.",
    "no_tls": "The location's mail provider offers no encryption (STARTTLS); nothing is ever sent without.",
    "inside": "The location's mail provider is not on the public internet; nothing was sent.",
    "password": "The location's mail provider refused our user name and password.",
    "sender": "The location's mail provider does not send for the address of its sender.",
    "too_large": "The mail is too large for the location's mail provider.",
}


def recipient_refused(said: str) -> Failure:
    """The provider does not take mail for this recipient."""
    status = _STATUS.search(said)
    why = reason(status[0]) if status else "The mail server refused the recipient."
    return Failure("recipient_refused", f"{why} {said}".strip(), "Look at the address, then send the mail again.")


def some_refused(refused: int, total: int) -> Failure:
    """A mail that some of its recipients did not get."""
    return Failure(
        "recipient_refused",
        f"The mail did not go to {refused} of {total} recipients; the others have it.",
        "Look at the recipients; sending again reaches only those who did not get it.",
    )


def provider_busy(until: datetime, said: str = "") -> Failure:
    """The mail is queued still: the provider cannot be reached, or wants it later."""
    return Failure(
        "provider_busy",
        f"The mail server cannot take the mail at the moment. {said}".strip(),
        "Nothing: the mail is sent by itself as soon as the mail server takes it.",
        retry_at=until,
    )


def refused(reason: str) -> Failure:
    """Gmail refuses this mail for good."""
    return Failure("refused", f"Gmail refused the mail ({reason}).", "Correct the mail, then send it again.")


def bounced(bounces: Sequence[Bounce]) -> Failure:
    """It went out, but did not reach everybody (R57)."""
    first, more = bounces[0], len(bounces) - 1
    others = f" {more} more did not get it either." if more else ""
    return Failure(
        "bounced",
        f"The mail was not delivered to {first.address}. {first.reason}{others}",
        "Check the address, then write the mail again.",
    )


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
