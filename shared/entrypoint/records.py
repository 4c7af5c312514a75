"""The CRM's records as its backend gives them: locations with their policy, users, contacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from shared.domain import keys
from shared.domain.addresses import Address, normalise
from shared.domain.header_encoding import unsafe
from shared.domain.identifiers import ID, ContactId, LocationId, UserId
from shared.domain.location import Contact, Location, User
from shared.domain.session import Role
from shared.entrypoint.answers import Answer
from shared.entrypoint.http import Call, Route
from shared.entrypoint.provider_body import ProviderBody, provider_of, provider_view
from shared.errors import Rejected
from shared.ports.store import Store
from shared.ports.world import Topics
from shared.usecases.absence import found, nothing_here
from shared.usecases.contended import Patience
from shared.usecases.delete_contact import delete_contact
from shared.usecases.delete_location import delete_location
from shared.usecases.delete_user import delete_user
from shared.usecases.grants import Google
from shared.usecases.put_contact import ContactDraft, put_contact
from shared.usecases.put_location import put_location
from shared.usecases.put_user import put_user

Name = Annotated[str, msgspec.Meta(max_length=200)]
Time = Annotated[datetime, msgspec.Meta(tz=True)]
SERVICE = frozenset({Role.SERVICE})
CREATED, REPLACED = 201, 200


class LocationBody(msgspec.Struct, forbid_unknown_fields=True):
    """What may be said of a location."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    preset: str = "known_contacts"
    policy: dict[str, object] = {}
    provider: ProviderBody | None = None


class UserBody(msgspec.Struct, forbid_unknown_fields=True):
    """What may be said of a user."""

    email: str
    name: Name | None = None


class ContactBody(msgspec.Struct, forbid_unknown_fields=True):
    """What may be said of a contact."""

    email: str
    other_emails: Annotated[list[str], msgspec.Meta(max_length=20)] | None = None
    name: Name | None = None
    assigned_to: str | None = None
    created_at: Time | None = None
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """The routes, and what they may touch."""

    store: Store
    google: Google
    topics: Topics
    patience: Patience

    def routes(self) -> Sequence[Route]:
        """Three methods of three paths, for the CRM's backend alone."""
        location, user, contact = (
            "/locations/{location}",
            "/locations/{location}/users/{user}",
            "/locations/{location}/contacts/{contact}",
        )
        return [
            Route("PUT", location, self._put_location, SERVICE),
            Route("GET", location, self._location, SERVICE),
            Route("DELETE", location, self._delete_location, SERVICE),
            Route("PUT", user, self._put_user, SERVICE),
            Route("GET", user, self._user, SERVICE),
            Route("DELETE", user, self._delete_user, SERVICE),
            Route("PUT", contact, self._put_contact, SERVICE),
            Route("GET", contact, self._contact, SERVICE),
            Route("DELETE", contact, self._delete_contact, SERVICE),
        ]

    def _put_location(self, call: Call) -> Answer:
        body = call.body(LocationBody)
        made, new = put_location(
            self.store,
            call.location,
            name=_name(body.name),
            preset=body.preset,
            settings=body.policy,
            provider=provider_of(body.provider, call.location) if body.provider else None,
            patience=self.patience,
        )
        return _written(_location_document(made), new=new)

    def _location(self, call: Call) -> Answer:
        key = keys.location(call.location)
        return Answer(body=_location_document(found(self.store.read(key).value(key))))

    def _delete_location(self, call: Call) -> Answer:
        delete_location(
            call.location,
            by=call.session.user,
            store=self.store,
            google=self.google,
            topics=self.topics,
            patience=self.patience,
        )
        return Answer(204)

    def _put_user(self, call: Call) -> Answer:
        body = call.body(UserBody)
        user = User(UserId(call.path["user"]), _address(body.email), _name(body.name))
        new = put_user(self.store, call.location, user, patience=self.patience)
        return _written(_user_document(user), new=new)

    def _user(self, call: Call) -> Answer:
        place, key = keys.location(call.location), keys.user(call.location, UserId(call.path["user"]))
        reading = self.store.read(place, key)
        found(reading.value(place))
        return Answer(body=_user_document(found(reading.value(key))))

    def _delete_user(self, call: Call) -> Answer:
        delete_user(
            call.location,
            UserId(call.path["user"]),
            by=call.session.user,
            store=self.store,
            google=self.google,
            topics=self.topics,
            patience=self.patience,
        )
        return Answer(204)

    def _put_contact(self, call: Call) -> Answer:
        draft = _draft(ContactId(call.path["contact"]), call.body(ContactBody))
        contact, new = put_contact(self.store, call.location, draft, patience=self.patience)
        return _written(_contact_document(contact), new=new)

    def _contact(self, call: Call) -> Answer:
        return Answer(body=_contact_document(self._living(call.location, ContactId(call.path["contact"]))))

    def _living(self, location: LocationId, contact: ContactId) -> Contact:
        place, key = keys.location(location), keys.contact(location, contact)
        reading = self.store.read(place, key)
        found(reading.value(place))
        read = found(reading.value(key))
        if read.deleted_at:
            raise nothing_here()
        return read

    def _delete_contact(self, call: Call) -> Answer:
        delete_contact(self.store, call.location, ContactId(call.path["contact"]), patience=self.patience)
        return Answer(204)


def _draft(contact: ContactId, body: ContactBody) -> ContactDraft:
    for name in (body.assigned_to, body.replaces):
        if name is not None and not ID.match(name):
            raise Rejected("invalid_request", "An id has letters, digits, - and _ only, at most 128.")
    if body.replaces == contact:
        raise Rejected("invalid_request", "A contact cannot replace itself.")
    return ContactDraft(
        id=contact,
        email=_address(body.email),
        other_emails=tuple(map(_address, body.other_emails or ())),
        name=_name(body.name),
        assigned_to=UserId(body.assigned_to) if body.assigned_to else None,
        created_at=_utc(body.created_at) if body.created_at else None,
        replaces=ContactId(body.replaces) if body.replaces else None,
    )


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise Rejected("invalid_request", "created_at is a time of the years 1 to 9999 in UTC.") from error


def _name(text: str | None) -> str:
    if text and unsafe(text):
        raise Rejected("invalid_request", "A name has control characters or line breaks.")
    return text or ""


def _address(text: str) -> Address:
    address = normalise(text.strip())
    if address is None:
        raise Rejected("invalid_request", "An e-mail address is not valid.")
    return address


def _written(document: object, *, new: bool) -> Answer:
    return Answer(CREATED if new else REPLACED, document)


def _location_document(location: Location) -> dict[str, object]:
    return {
        "id": location.id,
        "name": location.name,
        "preset": location.preset,
        "policy": location.policy,
        "policy_version": location.policy_version,
        "provider": provider_view(location.provider) if location.provider else None,
    }


def _user_document(user: User) -> dict[str, object]:
    return {"id": user.id, "email": user.email, "name": user.name or None}


def _contact_document(contact: Contact) -> dict[str, object]:
    return {
        "id": contact.id,
        "email": contact.email,
        "other_emails": contact.other_emails,
        "name": contact.name or None,
        "assigned_to": contact.assigned_to,
        "created_at": contact.created_at,
        "replaces": contact.replaces,
    }
