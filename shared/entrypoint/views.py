"""How a mail looks to the CRM: every key always there, null where there is nothing to say."""

from collections.abc import Collection, Iterable

from shared.domain.addresses import Person
from shared.domain.claims import Marker
from shared.domain.identifiers import LocationId
from shared.domain.message import Attachment, Bounce, Failure, Source
from shared.domain.sanitise import link_inline
from shared.usecases.show_message import Shown


def message_view(shown: Shown, at: LocationId, seen: Collection[LocationId]) -> dict[str, object]:
    """A Message of the contract; inline images lead to `/locations/{l}/messages/{m}/attachments/{a}`.

    Of the other locations, only those of the caller's token, `seen`, are named.
    """
    one = shown.message
    return {
        "id": one.id,
        "conversation": one.conversation or None,
        "direction": one.direction,
        "origin": one.origin,
        "status": one.status,
        "failure": failure_view(one.failure),
        "bounces": [_bounce(each) for each in one.bounces],
        "from": _person(one.sender) if one.sender else None,
        "to": _people(one.to),
        "cc": _people(one.cc),
        "bcc": _people(one.bcc),
        "subject": one.subject,
        "date": one.at,
        "text": one.body.text,
        "html": _html(shown, at),
        "attachments": [_attachment(each) for each in one.attachments],
        "read": one.read,
        "starred": one.starred,
        "automatic": one.automatic,
        "message_id": one.message_id,
        "in_reply_to": one.in_reply_to,
        "gmail": _gmail(shown.source),
        "authenticated": one.authenticated,
        "reference": shown.reference,
        "ambiguous_contacts": list(one.ambiguous),
        "claimed_elsewhere": _elsewhere(shown.elsewhere, seen) if shown.elsewhere else None,
    }


def _elsewhere(told: Marker, seen: Collection[LocationId]) -> dict[str, object]:
    return {"location": told.location if told.location in seen else None}


def _html(shown: Shown, at: LocationId) -> str | None:
    html = shown.message.body.html
    if html is None:
        return None
    place = f"/locations/{at}/messages/{shown.message.id}/attachments/"
    found = ((one.content_id or "", place + one.id) for one in shown.message.attachments)
    inline = {name.strip("<>"): url for name, url in found if name}
    return link_inline(html, inline)


def _people(people: Iterable[Person]) -> list[object]:
    return [_person(one) for one in people]


def _person(person: Person) -> dict[str, object]:
    return {"name": person.name or None, "address": person.address}


def _attachment(one: Attachment) -> dict[str, object]:
    return {
        "id": one.id,
        "filename": one.filename,
        "content_type": one.content_type,
        "size": one.size,
        "content_id": one.content_id,
        "state": one.state,
    }


def failure_view(failure: Failure | None) -> dict[str, object] | None:
    """Why a send did not go out, as the contract has it."""
    if failure is None:
        return None
    return {
        "code": failure.code,
        "message": failure.message,
        "action": failure.action,
        "retry_at": failure.retry_at,
    }


def _bounce(one: Bounce) -> dict[str, object]:
    return {"address": one.address, "status": one.status, "reason": one.reason, "at": one.at}


def _gmail(source: Source | None) -> dict[str, object] | None:
    return {"id": source.gmail_id, "thread_id": source.thread_id} if source else None
