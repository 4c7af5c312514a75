"""The receivers that may bring mail, and what filing it may touch."""

from functools import cache

from shared import config
from shared.adapters.inbound_mail.raw import RawMail
from shared.adapters.inbound_mail.sendgrid import SendGridMail, public_keys
from shared.adapters.secret_manager import read_secret
from shared.domain.webhook_signature import secrets_of
from shared.entrypoint.inbound_mail import Door
from shared.ports.inbound_mail import InboundFormat
from shared.wiring.state import clock


@cache
def door() -> Door:
    """The ways in; SendGrid's is closed unless it has a key."""
    formats: dict[str, InboundFormat] = {
        "/raw": RawMail(
            secrets_of(read_secret(config.setting("INBOUND_SECRET"))), config.setting("INBOUND_AUTHSERV_ID")
        )
    }
    if keys := config.listed("INBOUND_SENDGRID_KEYS"):
        formats["/sendgrid"] = SendGridMail(public_keys(sorted(keys)))
    return Door(formats, clock().now)
