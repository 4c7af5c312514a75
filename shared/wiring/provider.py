"""Mail providers: the deployment's own, and how the passwords of all of them are found."""

from functools import cache, lru_cache, partial

from shared import config
from shared.adapters.secret_manager import read_secret
from shared.adapters.smtp.providers import SmtpProviders
from shared.domain.provider import SECRET_PREFIX, Provider, Security, sender_of
from shared.errors import Refused
from shared.wiring.state import clock

KEPT_SECONDS = 300
"""How long an instance goes by a password that it has read."""


@cache
def default_provider() -> Provider | None:
    """The provider of locations that have none of their own; None where none is set."""
    host, address = config.setting("SMTP_HOST"), config.setting("SMTP_FROM")
    if not (host and address):
        return None
    return Provider(
        host=host,
        port=int(config.setting("SMTP_PORT")),
        security=Security(config.setting("SMTP_SECURITY")),
        sender=sender_of(address, config.setting("SMTP_FROM_NAME")),
        username=config.setting("SMTP_USERNAME"),
    )


@cache
def providers() -> SmtpProviders:
    """The way out by SMTP."""
    reference = config.setting("SMTP_CA_CERTIFICATES")
    project = f"projects/{config.setting('GOOGLE_CLOUD_PROJECT')}/secrets"
    return SmtpProviders(
        partial(_password, config.setting("SMTP_SECRETS") or project, config.setting("SMTP_PASSWORD")),
        authorities=read_secret(reference) if reference else "",
        inside={config.setting("SMTP_HOST")},
    )


def _password(secrets: str, own: str, provider: Provider) -> str:
    """The password of a provider with a user name; of a location's own, under secrets with our prefix only."""
    if not provider.password_secret:
        reference = own
    elif not provider.password_secret.startswith(SECRET_PREFIX):
        raise Refused("password", "not a provider's secret")
    elif secrets.startswith("file://"):
        reference = f"{secrets}/{provider.password_secret}"
    else:
        reference = f"{secrets}/{provider.password_secret}/versions/latest"
    if not reference:
        raise Refused("password", "no password is set")
    return _read(reference, int(clock().now().timestamp()) // KEPT_SECONDS)


@lru_cache(maxsize=256)
def _read(reference: str, _period: int) -> str:
    return read_secret(reference)
