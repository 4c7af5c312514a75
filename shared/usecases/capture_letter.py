"""A mail that came to an auto-BCC address, read once for all of its recipients."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from shared.domain.authentication_results import vouched
from shared.domain.identifiers import GmailId, ThreadId
from shared.domain.mail import SENT, Mail, read_mail
from shared.domain.message import Authenticated
from shared.domain.mime import MOST_HEADER_OCTETS, Parsed, parse_mail
from shared.domain.quarantine import Reason
from shared.ports.inbound_mail import Arrival

LARGEST: Final = 36_700_160
"""Octets of a mail that is filed (R53)."""
HEADERS_READ: Final = MOST_HEADER_OCTETS + 1
RECENT: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Letter:
    """The mail; `at` is when it was sent, as far as its Date can be believed. `fault`: why it can't be filed."""

    mail: Mail
    payload: Mapping[str, Any]
    raw: bytes
    digest: str
    at: datetime
    proved: bool
    partial: bool
    fault: Reason | None = None


def read_letter(arrival: Arrival, *, now: datetime) -> Letter:
    """The mail as it counts for the decision, at the time of its arrival. Never raises."""
    try:
        return _read(arrival, arrival.raw, now)
    except Exception:  # noqa: BLE001 - whatever somebody sends, its user sees that it came, and nobody is asked again
        return replace(_read(arrival, b"", now), fault=Reason.UNREADABLE)


def _read(arrival: Arrival, raw: bytes, now: datetime) -> Letter:
    large = len(raw) > LARGEST
    parsed = parse_mail(raw[:HEADERS_READ] if large else raw)
    headers = parsed.headers
    proved = _vouched(arrival, parsed)
    name = hashlib.sha256(arrival.raw).hexdigest()[:40]
    mail = read_mail(
        gmail_id=GmailId(name),
        thread_id=ThreadId(""),
        labels=frozenset({SENT}),
        internal_at=now,
        history_id=0,
        headers=headers,
    )
    verdict = Authenticated.PASS if proved else Authenticated.NONE
    mail = replace(mail, authenticated=verdict, automatic=mail.automatic or not arrival.sender)
    fault = Reason.TOO_LARGE if large else None
    return Letter(mail, parsed.payload, raw, name, _sent_at(mail, now), proved, parsed.partial, fault or _fault(parsed))


def _vouched(arrival: Arrival, parsed: Parsed) -> bool:
    """Whether the sender is proved: by nothing where others may have read another From in the same mail (T38)."""
    headers = parsed.headers
    results = headers.all("authentication-results") if arrival.results is None else (arrival.results,)
    return parsed.sound and vouched(results, headers.all("from"), server=arrival.server)


def _fault(parsed: Parsed) -> Reason | None:
    return None if parsed.headers.fields else Reason.UNREADABLE


def _sent_at(mail: Mail, now: datetime) -> datetime:
    """The Date, if it is of the last hour: Gmail's copy of the mail then finds the contact that this one makes."""
    try:
        date = parsedate_to_datetime(mail.date)
        date = (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return now
    return date if now - RECENT <= date <= now else now
