"""What filing auto-BCC mail may touch, and for whom a mail is filed."""

from dataclasses import dataclass

from shared.domain.addresses import Address
from shared.domain.identifiers import LocationId, UserId
from shared.ports.store import Store
from shared.ports.world import Blobs, Topics
from shared.usecases.contended import Patience


@dataclass(frozen=True, slots=True)
class Capturing:
    """The ports, and the `domain` of the auto-BCC addresses."""

    store: Store
    blobs: Blobs
    topics: Topics
    patience: Patience
    domain: str


@dataclass(frozen=True, slots=True)
class Target:
    """A user, and the auto-BCC address that the mail came by, of which `token` must still be theirs if it is given."""

    location: LocationId
    user: UserId
    address: Address
    token: str | None = None
