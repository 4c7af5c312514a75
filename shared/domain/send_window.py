"""The rolling limit on individual mail: what a mailbox sent in the last 24 hours, in buckets of five minutes (R54)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.domain.mailbox import Mailbox
from shared.domain.policy import Policy

WINDOW = timedelta(hours=24)
BUCKET_SECONDS = 300
CONSUMER_LIMIT = 500
WORKSPACE_LIMIT = 2_000


def limit(mailbox: Mailbox, policy: Policy) -> int:
    """How many mails a location may let the mailbox send in 24 hours: Google's limit, or the location's lower one."""
    google = WORKSPACE_LIMIT if mailbox.hosted_domain else CONSUMER_LIMIT
    return google if policy.daily_limit is None else min(google, policy.daily_limit)


def used(mailbox: Mailbox, now: datetime) -> int:
    """How many sends count now; a bucket counts until the last moment that it may hold is 24 hours old."""
    return sum(_counting(mailbox.sent, now).values())


def left(mailbox: Mailbox, policy: Policy, now: datetime) -> int:
    """How many more may be sent now."""
    return max(0, limit(mailbox, policy) - used(mailbox, now))


def next_at(mailbox: Mailbox, policy: Policy, now: datetime) -> datetime | None:
    """When sends become possible again; `None` if one is possible now."""
    counting = _counting(mailbox.sent, now)
    over = sum(counting.values()) - limit(mailbox, policy)
    for bucket in sorted(counting, key=int):
        if over < 0:
            break
        over -= counting[bucket]
        freed = _freed(bucket)
        if over < 0:
            return freed
    return None


def reserved(mailbox: Mailbox, now: datetime, *, count: int = 1) -> Mailbox:
    """The mailbox with `count` more sends at `now`; buckets that no longer count are dropped."""
    sent = _counting(mailbox.sent, now)
    bucket = bucket_of(now)
    return replace(mailbox, sent={**sent, bucket: sent.get(bucket, 0) + count})


def returned(mailbox: Mailbox, at: datetime) -> Mailbox:
    """One send that was reserved at `at` given back, because nothing went out (I7)."""
    bucket = bucket_of(at)
    remaining = mailbox.sent.get(bucket, 0) - 1
    sent = {name: count for name, count in mailbox.sent.items() if name != bucket}
    return replace(mailbox, sent={**sent, bucket: remaining} if remaining > 0 else sent)


def seeded(mailbox: Mailbox, now: datetime, count: int) -> Mailbox:
    """The mailbox that had sent `count` mails when it was connected; when is not known, so all count as the newest."""
    return replace(mailbox, sent={bucket_of(now): count} if count else {})


def bucket_of(at: datetime) -> str:
    """The key in `Mailbox.sent` of the five minutes that `at` lies in."""
    return str(int(at.timestamp()) // BUCKET_SECONDS)


def _freed(bucket: str) -> datetime:
    return datetime.fromtimestamp((int(bucket) + 1) * BUCKET_SECONDS, UTC) + WINDOW


def _counting(sent: Mapping[str, int], now: datetime) -> dict[str, int]:
    return {bucket: count for bucket, count in sent.items() if _freed(bucket) > now}
