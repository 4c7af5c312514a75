"""Why a mail was not delivered, in a sentence for its sender, from the status code of RFC 3463."""

from collections.abc import Mapping
from typing import Final

REFUSED: Final = "The recipient's mail server refused the mail."
_BY_DETAIL: Final[Mapping[str, str]] = {
    "1.1": "There is no such address.",
    "1.2": "The address's domain does not exist or takes no mail.",
    "1.3": "The address is not valid.",
    "1.6": "The address has moved and left no other.",
    "1.10": "The address's domain takes no mail.",
    "2.1": "The mailbox is closed or may not be written to.",
    "2.2": "The mailbox is full.",
    "2.3": "The mail is too large for the mailbox.",
    "3.1": "The recipient's mail server has no room.",
    "3.4": "The mail is too large for the recipient's mail server.",
    "4.4": "No mail server was found for the address.",
    "4.5": "The sender's daily limit was reached.",
    "4.6": "The mail went in circles between servers.",
    "4.7": "The recipient's mail server could not be reached for too long.",
}
_BY_SUBJECT: Final[Mapping[str, str]] = {
    "1": "The address cannot receive mail.",
    "2": "The mailbox cannot receive mail.",
    "3": "The recipient's mail system cannot receive mail.",
    "4": "The recipient's mail server could not be reached.",
    "6": "The recipient's mail server does not take mail of this form.",
    "7": "The recipient's mail server refused the mail for its rules, perhaps as spam.",
}


def reason(status: str) -> str:
    """The sentence for a status such as `5.1.1`; a general one for a code that nobody knows."""
    _, _, detail = status.partition(".")
    return _BY_DETAIL.get(detail) or _BY_SUBJECT.get(detail.partition(".")[0], REFUSED)
