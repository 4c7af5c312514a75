"""What of an overview waits for somebody, and what that somebody is to do; nothing that mends itself is named."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from shared.domain.overview import Mailboxes, Need, Outgoing, Overview, ParkedWork, Reason, Waiting, Watches

UNHANDLED_FOR: Final = timedelta(minutes=10)
"""Longer than Gmail's own index ever lags behind its notifications."""
WATCH_LEFT: Final = timedelta(hours=24)
"""`renew_watches` runs every hour, from 36 hours before a watch lapses."""
DOUBT_LASTS: Final = timedelta(hours=1)
"""By then a send in doubt is settled, or is `unknown`."""
ENDING_LASTS: Final = timedelta(hours=3)
PASSES: Final = re.compile(r"(gmail|google|token endpoint|store|blobs|topics|certificates|secret|PageExpired)\b")
"""Reasons of a pause that go away by themselves."""


def attention(overview: Overview) -> tuple[Need, ...]:
    """What needs somebody, the most urgent first: mail that does not flow, sends, then single mails and users."""
    at = overview.at
    return (
        *_late(overview.mailboxes, at),
        *_watches(overview.watches, at),
        *_pauses(overview.mailboxes.paused.reasons),
        *_sends(overview.sends, at),
        *_parked(overview.parked),
        *_grants(overview.mailboxes),
        *_endings(overview.endings, at),
    )


def _late(mailboxes: Mailboxes, at: datetime) -> Iterator[Need]:
    if mailboxes.overdue.count:
        yield Need(
            "mailboxes_overdue",
            f"{many(mailboxes.overdue.count, 'mailbox')} due, and not looked at{_oldest(mailboxes.overdue, at)}.",
            "See whether the schedule of reconcile_mailboxes runs, and process_history takes what it publishes.",
        )
    first = mailboxes.unhandled.oldest
    if first and at - first.since >= UNHANDLED_FOR:
        yield Need(
            "notification_unhandled",
            f"Gmail announced something {age(at - first.since)} ago that is not handled yet, in mailbox {first.id}.",
            "Look at the mailbox: is it paused or catching up, or does a worker die in it? process_history's log says.",
        )


def _watches(watches: Watches, at: datetime) -> Iterator[Need]:
    soon = watches.soonest is not None and (watches.soonest_at is None or watches.soonest_at <= at + WATCH_LEFT)
    if watches.lapsed or soon:
        yield Need(
            "watches_lapse",
            f"{many(watches.lapsed, 'mailbox')} without notifications, {watches.due} to be renewed.",
            "See whether the schedule of renew_watches runs, and what its log says of those that fail. Until then "
            "their mail comes by the hourly look.",
        )


def _pauses(reasons: tuple[Reason, ...]) -> Iterator[Need]:
    for one in reasons:
        if not PASSES.match(one.reason):
            yield Need(
                "pause_unexpected",
                f"{many(one.count, 'mailbox')} paused: {one.reason}.",
                "Set the deployment right if that says how; else it is a bug: report it with process_history's log.",
            )


def _sends(sends: Outgoing, at: datetime) -> Iterator[Need]:
    if sends.overdue.count:
        yield Need(
            "sends_overdue",
            f"{many(sends.overdue.count, 'send')} due, and not taken up{_oldest(sends.overdue, at)}.",
            "See whether the schedule of reconcile_mailboxes runs, and deliver_email takes what it publishes.",
        )
    if sends.in_doubt.oldest and at - sends.in_doubt.oldest.since >= DOUBT_LASTS:
        yield Need(
            "sends_in_doubt",
            f"{many(sends.in_doubt.count, 'send')} in doubt{_oldest(sends.in_doubt, at)}.",
            "Look at the send's mailbox, which does not get on: the send is settled once its mailbox is read again.",
        )
    if sends.unknown.count:
        yield Need(
            "sends_unknown",
            f"{many(sends.unknown.count, 'send')} of which nobody knows the end{_oldest(sends.unknown, at)}.",
            "The CRM asks their users: have them look into Sent and say so, or send again.",
        )


def _parked(parked: ParkedWork) -> Iterator[Need]:
    if parked.stuck:
        yield Need(
            "mail_parked",
            f"{many(parked.stuck, 'mail')} not taken in, and not tried again without you.",
            "List what is parked, mend what its reasons name, then replay it; or drop it, and say why.",
        )


def _grants(mailboxes: Mailboxes) -> Iterator[Need]:
    if mailboxes.reauth_required:
        yield Need(
            "reauth_required",
            f"{many(mailboxes.reauth_required, 'mailbox')} that Google does not accept any more.",
            "Have their users choose Reconnect, as the CRM shows in their profiles.",
        )
    if mailboxes.blocked:
        yield Need(
            "blocked",
            f"{many(mailboxes.blocked, 'mailbox')} that may not be used, by an organisation's settings or Google's.",
            "Have their Google Workspace administrators allow it, then their users choose Reconnect.",
        )


def _endings(endings: Waiting, at: datetime) -> Iterator[Need]:
    if endings.oldest and at - endings.oldest.since >= ENDING_LASTS:
        yield Need(
            "endings_unfinished",
            f"{many(endings.count, 'connection')} ended, but not done with{_oldest(endings, at)}.",
            "See what the log of renew_watches says of them: Google does not take a grant back. After three days it is "
            "dropped here.",
        )


def _oldest(waiting: Waiting, at: datetime) -> str:
    return f", the oldest for {age(at - waiting.oldest.since)} ({waiting.oldest.id})" if waiting.oldest else ""


def many(count: int, of: str) -> str:
    """A number of things, as people say it."""
    plural = "es" if of.endswith("x") else "s"
    return f"{count} {of}{'' if count == 1 else plural}"


def age(past: timedelta) -> str:
    """A stretch of time in a unit that suits it."""
    seconds = max(0, int(past.total_seconds()))
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
