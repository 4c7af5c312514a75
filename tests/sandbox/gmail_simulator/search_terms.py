"""The operators of the search box."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from tests.sandbox.gmail_simulator.accounts import Account
from tests.sandbox.gmail_simulator.headers import message_ids
from tests.sandbox.gmail_simulator.message import StoredMessage

Term = Callable[[StoredMessage], bool]

HIDDEN_FOLDERS: Final = ("anywhere", "spam", "trash")
_PACIFIC = timezone(timedelta(hours=-8))
_EPOCH = re.compile(r"[0-9]{9,}")
_DATE = re.compile(r"([0-9]{4})[/-]([0-9]{1,2})[/-]([0-9]{1,2})")
_AGE = re.compile(r"([0-9]+)([dmyh])")
_SIZE = re.compile(r"([0-9]+)([km]b?)?", re.IGNORECASE)
_AGE_S = {"h": 3_600, "d": 86_400, "m": 30 * 86_400, "y": 365 * 86_400}
_FOLDER = {"drafts": "DRAFT", "draft": "DRAFT", "bin": "TRASH", "chats": "CHAT"}
_RECIPIENTS = ("to", "cc", "bcc")


class UnknownTermError(Exception):
    """An operator or value that the search box does not know."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and when (seconds since the epoch)."""

    account: Account
    now: float


def word_term(text: str) -> Term:
    """A word or phrase anywhere in the usual headers or the text."""
    wanted = text.lower()
    names = ("subject", "from", *_RECIPIENTS)

    def matches(message: StoredMessage) -> bool:
        if any(wanted in message.texts.get(name, "") for name in names):
            return True
        shown = (part.content() for part in message.parts if part.is_text)
        return any(wanted in content.decode("utf-8", "replace").lower() for content in shown)

    return matches


def field_term(name: str, value: str, asked: Asked) -> Term:
    """`name:value`; UnknownTermError for a name or value that means nothing."""
    if name in _DATES:
        return _DATES[name](value, asked)
    if name in _LABELS:
        return _LABELS[name](value.lower(), asked)
    if name in _HEADERS:
        wanted = asked.account.email.lower() if value.lower() == "me" else value.lower()
        names = _HEADERS[name]
        return lambda message: any(wanted in message.texts.get(one, "") for one in names)
    if name not in _OTHERS:
        raise UnknownTermError(name)
    return _OTHERS[name](value)


def _moment(value: str) -> float:
    if _EPOCH.fullmatch(value):
        return float(value)
    date = _DATE.fullmatch(value)
    try:
        return datetime(int(date[1]), int(date[2]), int(date[3]), tzinfo=_PACIFIC).timestamp() if date else -1.0
    except ValueError:
        return -1.0


def _since(value: str, asked: Asked) -> Term:
    moment = _moment(value)
    if moment < 0:
        raise UnknownTermError(value)
    return lambda message: message.internal_date >= moment * 1000


def _until(value: str, asked: Asked) -> Term:
    since = _since(value, asked)
    return lambda message: not since(message)


def _newer_than(value: str, asked: Asked) -> Term:
    age = _AGE.fullmatch(value.lower())
    if not age:
        raise UnknownTermError(value)
    moment = asked.now - int(age[1]) * _AGE_S[age[2]]
    return lambda message: message.internal_date >= moment * 1000


def _older_than(value: str, asked: Asked) -> Term:
    newer = _newer_than(value, asked)
    return lambda message: not newer(message)


def _labelled(value: str, asked: Asked) -> Term:
    labels = asked.account.mailbox.labels
    spelled = [one for one in labels.ids() if labels.name(one).lower().replace(" ", "-").replace("/", "-") == value]
    label = labels.find(value) or next(iter(spelled), None)
    if label is None:
        raise UnknownTermError(value)
    return lambda message: label in message.labels


def _in(value: str, asked: Asked) -> Term:
    if value == "anywhere":
        return lambda message: True
    return _labelled(_FOLDER.get(value, value).lower(), asked)


def _is(value: str, asked: Asked) -> Term:
    if value == "read":
        return lambda message: "UNREAD" not in message.labels
    return _labelled(value, asked)


def _category(value: str, asked: Asked) -> Term:
    name = "personal" if value == "primary" else value
    return _labelled(f"category_{name}", asked)


def _has(value: str) -> Term:
    if value.lower() != "attachment":
        raise UnknownTermError(value)
    return lambda message: any(part.filename for part in message.parts)


def _filename(value: str) -> Term:
    wanted = value.lower()
    return lambda message: any(wanted in part.filename.lower() for part in message.parts)


def _message_id(value: str) -> Term:
    wanted = f"<{value.strip('<>')}>"
    return lambda message: wanted in message_ids(*message.block.all("message-id"))


def _larger(value: str) -> Term:
    size = _SIZE.fullmatch(value)
    if not size:
        raise UnknownTermError(value)
    limit = int(size[1]) * {"": 1, "k": 1_024, "m": 1_048_576}[(size[2] or "").lower()[:1]]
    return lambda message: len(message.raw) > limit


def _smaller(value: str) -> Term:
    larger = _larger(value)
    return lambda message: not larger(message)


_DATES = {
    "after": _since,
    "newer": _since,
    "before": _until,
    "older": _until,
    "newer_than": _newer_than,
    "older_than": _older_than,
}
_LABELS = {"in": _in, "is": _is, "label": _labelled, "category": _category}
_HEADERS = {
    "from": ("from",),
    "to": _RECIPIENTS,
    "cc": ("cc",),
    "bcc": ("bcc",),
    "subject": ("subject",),
    "list": ("list-id",),
    "deliveredto": ("delivered-to",),
}
_OTHERS = {
    "has": _has,
    "filename": _filename,
    "rfc822msgid": _message_id,
    "larger": _larger,
    "size": _larger,
    "smaller": _smaller,
}
