"""The CRM's receiver of events, and what delivering one may touch."""

from functools import cache

from shared import config
from shared.adapters.secret_manager import read_secret
from shared.adapters.webhooks.client import HttpWebhook
from shared.adapters.webhooks.target import target_of
from shared.domain.webhook_signature import secrets_of
from shared.ports.webhooks import Webhook
from shared.usecases.contended import Patience
from shared.usecases.deliver_event import Delivering
from shared.wiring.state import Random, clock, store


@cache
def delivering() -> Delivering:
    """The ports of `deliver_events`, for the instance's life."""
    return Delivering(store(), Patience(clock(), Random()), webhook())


def webhook() -> Webhook | None:
    """The receiver; None where the deployment has none. It may be on this machine only where the local stack is."""
    url, secret = config.setting("EVENTS_WEBHOOK_URL"), config.setting("EVENTS_WEBHOOK_SECRET")
    if not url:
        return None
    if not secret:
        raise config.Missing("EVENTS_WEBHOOK_SECRET")
    keys = secrets_of(read_secret(secret))
    try:
        return HttpWebhook(target_of(url, local=config.clock_url() is not None), keys)
    except ValueError as error:
        raise config.Missing(f"EVENTS_WEBHOOK_URL: {error}") from error
