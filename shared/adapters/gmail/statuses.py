"""Google's error answers in our words: the one place where they are read.

The same cause comes with different statuses, so the reason and the message decide before the status does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from shared.errors import Gone, GrantLost, Refused, Remedy, Transient

RATE = {"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "RATE_LIMIT_EXCEEDED", "quotaExceeded"}
SCOPE = {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}
ADMINISTRATOR = {"domainPolicy", "admin_policy_enforced"}
NOT_SET_UP = {"accessNotConfigured", "SERVICE_DISABLED"}
RETRY_AFTER = re.compile(r"[Rr]etry after (\d{4}-\d\d-\d\dT[\d:.]+Z)")
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TIMED_OUT, TOO_MANY, SERVER = 401, 403, 404, 408, 429, 500
NOT_SET_UP_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Told:
    reasons: frozenset[str]
    message: str


def _read(body: bytes) -> _Told:
    try:
        error = msgspec.json.decode(body, type=dict[str, Any])["error"]
        listed = [*error.get("errors", ()), *error.get("details", ())]
        reasons = {str(one["reason"]) for one in listed if isinstance(one, Mapping) and "reason" in one}
        return _Told(frozenset({*reasons, str(error.get("status", ""))}), str(error.get("message", "")))
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError):
        return _Told(frozenset(), "")


def retry_at(message: str, headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The time that Gmail names in the text, or by a Retry-After header in seconds."""
    if found := RETRY_AFTER.search(message):
        try:
            return datetime.fromisoformat(found[1]).astimezone(UTC)
        except ValueError:
            return None
    seconds = headers.get("retry-after", "")
    return now + timedelta(seconds=int(seconds)) if seconds.isascii() and seconds.isdigit() else None


def failure(status: int, body: bytes, headers: Mapping[str, str], now: datetime) -> Exception:
    """The error that an answer of 400 or more means; `headers` by lower-case names."""
    told = _read(body)
    if told.reasons & RATE or status == TOO_MANY:
        return Transient("gmail: rate limit", retry_at=retry_at(told.message, headers, now))
    if status >= SERVER or status == TIMED_OUT:
        return Transient(f"gmail: {status}", retry_at=retry_at(told.message, headers, now))
    if told.reasons & NOT_SET_UP:
        return Transient("deployment: the Gmail API is not enabled in this project", retry_at=now + NOT_SET_UP_WAIT)
    if told.reasons & ADMINISTRATOR:
        return GrantLost(Remedy.ADMINISTRATOR, "domainPolicy")
    if told.reasons & SCOPE:
        return GrantLost(Remedy.RECONNECT, "insufficientPermissions")
    return _by_status(status, told)


def _by_status(status: int, told: _Told) -> Exception:
    if status == UNAUTHORIZED:
        return GrantLost(Remedy.RECONNECT, "authError")
    if status == NOT_FOUND:
        return Gone("gmail: not found")
    if "FAILED_PRECONDITION" in told.reasons or "failedPrecondition" in told.reasons:
        if "Mail service not enabled" in told.message:
            return GrantLost(Remedy.ADMINISTRATOR, "mail service not enabled")
        return Transient("gmail: failed precondition")
    if "Only one user push notification client" in told.message:
        return Refused("watch_elsewhere", "Another topic has this mailbox's watch.")
    if status == FORBIDDEN and "PubSub" in told.message:
        return Transient("deployment: Gmail may not publish to the topic")
    reason = next(iter(sorted(told.reasons - {""})), str(status))
    return Refused(reason, f"Gmail refused the request ({status}).")


def token_failure(status: int, body: bytes) -> Exception:
    """What a refusal of the token endpoint means."""
    try:
        error = str(msgspec.json.decode(body, type=dict[str, Any]).get("error", ""))
    except (msgspec.DecodeError, UnicodeDecodeError):
        error = ""
    if error == "invalid_grant":
        return GrantLost(Remedy.RECONNECT, "invalid_grant")
    if error == "admin_policy_enforced":
        return GrantLost(Remedy.ADMINISTRATOR, "admin_policy_enforced")
    return Transient(f"token endpoint: {error or status}")
