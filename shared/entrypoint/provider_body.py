"""A location's mail provider as its record has it."""

import msgspec

from shared.domain.identifiers import LocationId
from shared.domain.provider import Provider, Security, checked, sender_of


class SenderBody(msgspec.Struct, forbid_unknown_fields=True):
    """The address that a provider sends for."""

    address: str
    name: str | None = None


class ProviderBody(msgspec.Struct, forbid_unknown_fields=True):
    """What may be said of a location's mail provider; the password itself never is."""

    host: str
    port: int
    security: Security
    sender: SenderBody = msgspec.field(name="from")
    username: str | None = None
    password_secret: str | None = None


def provider_of(body: ProviderBody, location: LocationId) -> Provider:
    """The provider that the location's record describes. Raises `Rejected` (`invalid_request`)."""
    sender = sender_of(body.sender.address, body.sender.name or "")
    username, secret = body.username or "", body.password_secret or ""
    return checked(Provider(body.host, body.port, body.security, sender, username, secret), location)


def provider_view(provider: Provider) -> dict[str, object]:
    """The record's answer."""
    return {
        "host": provider.host,
        "port": provider.port,
        "security": provider.security,
        "username": provider.username or None,
        "password_secret": provider.password_secret or None,
        "from": {"address": provider.sender.address, "name": provider.sender.name or None},
    }
