"""Who calls: a person of the CRM, its backend, or an operator."""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.identifiers import LocationId, UserId


class Role(StrEnum):
    """What a caller's token says they are."""

    USER = "user"
    ADMIN = "admin"
    SERVICE = "service"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Session:
    """A verified token; `impersonated` where somebody is logged in as the user, who then may only read (R01)."""

    user: UserId
    locations: frozenset[LocationId]
    role: Role
    impersonated: bool = False
