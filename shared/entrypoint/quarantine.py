"""The user's own auto-BCC mail that was not filed: looked at, filed after all, dropped."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from shared.domain.addresses import Person
from shared.domain.quarantine import Quarantined
from shared.domain.session import Role
from shared.entrypoint import paging
from shared.entrypoint.answers import Answer, Page
from shared.entrypoint.http import Call, Route
from shared.entrypoint.views import message_view
from shared.usecases.capturing import Capturing
from shared.usecases.list_quarantine import list_quarantine
from shared.usecases.settle_quarantine import drop_quarantined, file_quarantined
from shared.usecases.show_message import show_message

OWNERS = frozenset({Role.USER})


class ActBody(msgspec.Struct, forbid_unknown_fields=True):
    """What becomes of the mail."""

    act: Literal["file", "drop"]


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The routes, and what they may touch."""

    capturing: Capturing

    def routes(self) -> tuple[Route, ...]:
        """For the user whose address the mail came to, and nobody else."""
        path = "/locations/{location}/quarantine"
        return (
            Route("GET", path, self.list, OWNERS, query=paging.PARAMETERS),
            Route("POST", f"{path}/{{mail}}", self.settle, OWNERS),
        )

    def list(self, call: Call) -> Answer:
        """The mails that are held, the newest first."""
        pages = paging.asked(call.request.path, call.query)
        held = list_quarantine(
            self.capturing.store, call.location, call.session.user, now=call.now, limit=pages.limit, after=pages.after
        )
        following = pages.cursor(held[-1].received_ms, held[-1].id) if len(held) == pages.limit else None
        return Answer(body=Page([_item(one) for one in held], following))

    def settle(self, call: Call) -> Answer:
        """Files it, and shows the Message that it became; or drops it."""
        ports, user, name = self.capturing, call.session.user, call.path["mail"]
        if call.body(ActBody).act == "drop":
            drop_quarantined(ports, call.location, user, name)
            return Answer(204)
        message = file_quarantined(ports, call.location, user, name)
        shown = show_message(call.location, message, caller=user, store=ports.store, blobs=ports.blobs)
        return Answer(body=message_view(shown, call.location, call.session.locations))


def _item(one: Quarantined) -> dict[str, object]:
    return {
        "id": one.id,
        "reason": one.reason,
        "from": _person(one.sender) if one.sender else None,
        "to": [_person(each) for each in one.to],
        "subject": one.subject,
        "received_at": one.received_at,
        "expires_at": one.expires_at,
    }


def _person(person: Person) -> dict[str, object]:
    return {"name": person.name or None, "address": person.address}
