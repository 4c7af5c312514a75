"""Locations and who belongs to them: users, contacts, and the index of their addresses."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.addresses import Address
from shared.domain.identifiers import ContactId, LocationId, UserId
from shared.domain.policy import Policy
from shared.domain.provider import Provider


@dataclass(frozen=True, slots=True)
class Location:
    """A CRM sub-account: the tenant wall."""

    id: LocationId
    name: str
    preset: str = "known_contacts"
    policy: Policy = field(default_factory=Policy)
    policy_version: int = 1
    provider: Provider | None = None
    """What its bulk and workflow mail goes through; None: the deployment's own, if there is one."""


@dataclass(frozen=True, slots=True)
class LastPolicy:
    """What is kept of a location that was deleted, so that no version of its policy is ever two policies."""

    policy_version: int


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who works in a location; their address is internal there."""

    id: UserId
    email: Address
    name: str = ""
    auto_bcc: str = ""
    """The token of their auto-BCC address here (R60); empty until they have one."""


@dataclass(frozen=True, slots=True)
class Contact:
    """An outside person. A deleted one stays as a name for its conversation and matches nothing (R39)."""

    id: ContactId
    email: Address
    created_at: datetime
    name: str = ""
    other_emails: tuple[Address, ...] = ()
    assigned_to: UserId | None = None
    replaces: ContactId | None = None
    deleted_at: datetime | None = None
    replaced_by: ContactId | None = None
    """Who took its place: what counts on its conversation counts on theirs."""
    filed_by: dict[UserId, datetime] = field(default_factory=dict)
    """Who filed mail with it by auto-BCC, and when: later mail of theirs syncs whatever the policy asks for (R62)."""


@dataclass(frozen=True, slots=True)
class IndexedContact:
    """What placing a mail needs to know of a contact, kept under its address."""

    address: Address
    primary: bool
    created_at: datetime
    name: str = ""
    assigned_to: UserId | None = None
    filed_by: dict[UserId, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AddressEntry:
    """Everybody of a location who answers to one address, as equal as Gmail holds addresses to be.

    `contacts` match by their exact address; `internal` (key: `user:<id>`, `mailbox:<id>`, `alias:<mailbox>:<address>`)
    match by the entry itself, so that doubt keeps mail out (R21, R35).
    """

    contacts: dict[ContactId, IndexedContact] = field(default_factory=dict)
    internal: dict[str, Address] = field(default_factory=dict)
