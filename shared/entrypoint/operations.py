"""What operators see of the deployment, and what they may do to it; nothing here shows anything of a mail."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec

from shared.domain.attention import attention
from shared.domain.events_attention import events_attention
from shared.domain.identifiers import ID, GmailId, MailboxId
from shared.domain.mailbox_state import Activity, MailboxState
from shared.domain.session import Role
from shared.entrypoint import operations_views as views
from shared.entrypoint import paging
from shared.entrypoint.answers import Answer
from shared.entrypoint.http import Call, Route
from shared.entrypoint.operations_events import events_view
from shared.errors import Rejected
from shared.usecases.drop_parked import drop_parked
from shared.usecases.list_mailboxes import Wanted, list_mailboxes, read_mailbox
from shared.usecases.list_work import SendState, list_acts, list_parked, list_sends
from shared.usecases.operating import Operating, Target
from shared.usecases.oversee_events import events_status
from shared.usecases.overview import overview
from shared.usecases.reconcile_mailbox import reconcile_mailbox
from shared.usecases.relist_mailbox import Window, relist_mailbox
from shared.usecases.replay_parked import replay_parked

S = TypeVar("S", bound=StrEnum)
OPERATORS = frozenset({Role.OPERATOR})
LONGEST_REASON = 200
ONE_LINE = re.compile(r"(?=.*\S)[^@\x00-\x1f\x7f\u2028\u2029]{1,200}")
"""In an operator's own words, which are kept: one line, and nobody's address."""
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """`{}`."""


class DropBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why the mail is given up."""

    why: str


class WindowBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which mail is gone through again."""

    since: Time
    until: Time | None = None


@dataclass(frozen=True, slots=True)
class Operations:
    """The routes, and what they may touch."""

    ports: Operating

    def routes(self) -> tuple[Route, ...]:
        """For operators alone, who need no location: what they see belongs to none, or names it by id."""
        mailbox = "/mailboxes/{mailbox}"
        parked = f"{mailbox}/parked/{{gmail_id}}"
        return (
            Route("GET", "/status", self.status, OPERATORS),
            Route("GET", "/mailboxes", self.mailboxes, OPERATORS, query=("state", *paging.PARAMETERS)),
            Route("GET", mailbox, self.mailbox, OPERATORS),
            Route("GET", "/parked", self.parked, OPERATORS, query=("mailbox", "reason", *paging.PARAMETERS)),
            Route("GET", "/sends", self.sends, OPERATORS, query=("state", *paging.PARAMETERS)),
            Route("GET", "/acts", self.acts, OPERATORS, query=paging.PARAMETERS),
            Route("POST", f"{parked}/replay", self.replay, OPERATORS),
            Route("POST", f"{parked}/drop", self.drop, OPERATORS),
            Route("POST", f"{mailbox}/relist", self.relist, OPERATORS),
            Route("POST", f"{mailbox}/reconcile", self.reconcile, OPERATORS),
        )

    def status(self, call: Call) -> Answer:
        """How the deployment stands, and what needs somebody."""
        seen, told = overview(self.ports.store, now=call.now), events_status(self.ports.store, call.now)
        needs = (*attention(seen), *events_attention(told, call.now))
        return Answer(body={**views.overview_view(seen, needs), "events": events_view(told)})

    def mailboxes(self, call: Call) -> Answer:
        """The mailboxes, of one state if it is asked for."""
        asked = paging.asked(call.request.path, call.query)
        wanted = _mailbox_state(call.query.get("state"))
        found = list_mailboxes(self.ports.store, wanted, now=call.now, limit=asked.limit, after=asked.after)
        return views.page(found, asked, lambda one: views.mailbox_view(one, call.now))

    def mailbox(self, call: Call) -> Answer:
        """One mailbox."""
        found = read_mailbox(self.ports.store, MailboxId(call.path["mailbox"]))
        return Answer(body=views.mailbox_view(found, call.now))

    def parked(self, call: Call) -> Answer:
        """What is parked, the longest waiting first."""
        asked = paging.asked(call.request.path, call.query)
        mailbox, reason = call.query.get("mailbox"), call.query.get("reason")
        if mailbox is not None and not ID.match(mailbox):
            raise Rejected("invalid_request", "mailbox is no id.")
        if reason is not None and not 0 < len(reason) <= LONGEST_REASON:
            raise Rejected("invalid_request", "reason is one that the list of parked mail shows.")
        found = list_parked(self.ports.store, mailbox=mailbox, reason=reason, limit=asked.limit, after=asked.after)
        return views.page(found, asked, views.parked_view)

    def sends(self, call: Call) -> Answer:
        """The sends of one state, the longest waiting first."""
        asked = paging.asked(call.request.path, call.query)
        state = _one_of(SendState, "state", call.query.get("state", ""))
        found = list_sends(self.ports.store, state, now=call.now, limit=asked.limit, after=asked.after)
        return views.page(found, asked, lambda one: views.send_view(one, call.now))

    def acts(self, call: Call) -> Answer:
        """What operators did, the latest first (R76)."""
        asked = paging.asked(call.request.path, call.query)
        return views.page(list_acts(self.ports.store, limit=asked.limit, after=asked.after), asked, views.act_view)

    def replay(self, call: Call) -> Answer:
        """Has a parked mail tried again now."""
        call.body(Nothing)
        return Answer(202, views.parked_view(replay_parked(self.ports, _target(call))))

    def drop(self, call: Call) -> Answer:
        """Gives a parked mail up."""
        target, why = _target(call), call.body(DropBody).why
        if not ONE_LINE.fullmatch(why):
            raise Rejected("invalid_request", "why is one line of 1 to 200 characters without @.")
        dropped = drop_parked(self.ports, target, why=why.strip())
        return Answer(body=views.drop_view(target, dropped))

    def relist(self, call: Call) -> Answer:
        """Has a window of the mailbox gone through again."""
        asked = call.body(WindowBody)
        window = Window(_utc(asked.since), _utc(asked.until) if asked.until else None)
        mailbox = relist_mailbox(self.ports, _target(call), window)
        return Answer(202, views.mailbox_view(mailbox, call.now))

    def reconcile(self, call: Call) -> Answer:
        """Has the mailbox looked at now."""
        call.body(Nothing)
        return Answer(202, views.mailbox_view(reconcile_mailbox(self.ports, _target(call)), call.now))


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise Rejected("invalid_request", "since and until are times of the years 1 to 9999 in UTC.") from error


def _target(call: Call) -> Target:
    path = call.path
    return Target(call.session.user, MailboxId(path["mailbox"]), GmailId(path.get("gmail_id", "")))


def _mailbox_state(text: str | None) -> Wanted | None:
    if text is None:
        return None
    return MailboxState(text) if text in set(MailboxState) else _one_of(Activity, "state", text, *MailboxState)


def _one_of(kind: type[S], name: str, text: str, *others: str) -> S:
    if text not in set(kind):
        raise Rejected("invalid_request", f"{name} is one of {', '.join([*others, *kind])}.")
    return kind(text)
