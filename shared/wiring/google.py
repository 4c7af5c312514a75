"""Google's grants, the keys that seal them, and the mailboxes that they open."""

from functools import cache, partial
from typing import TYPE_CHECKING

import urllib3

from shared import config
from shared.adapters.gmail.grants import ConsentClient, GoogleGrants
from shared.adapters.gmail.identity import Identities
from shared.adapters.sealing.keyset import parsed
from shared.adapters.sealing.sealer import KeysetSealer
from shared.adapters.secret_manager import read_secret
from shared.wiring.state import clock

if TYPE_CHECKING:
    from shared.adapters.gmail.access import GoogleMailboxes


@cache
def sealer() -> KeysetSealer:
    """The project's keyset, read once per instance."""
    return KeysetSealer(parsed(read_secret(config.setting("KEYSET"))))


@cache
def client_secret() -> str:
    """The OAuth client's secret, read once per instance."""
    return read_secret(config.setting("OAUTH_CLIENT_SECRET"))


@cache
def grants() -> GoogleGrants:
    """Google's authorization server."""
    pool = urllib3.PoolManager(maxsize=4, timeout=urllib3.Timeout(connect=5, read=20), retries=False)
    client = ConsentClient(
        id=config.setting("OAUTH_CLIENT_ID"),
        secret=client_secret(),
        authorize_url=config.setting("OAUTH_AUTHORIZE_URL"),
        token_url=config.setting("OAUTH_TOKEN_URL"),
        revoke_url=config.setting("OAUTH_REVOKE_URL"),
        redirect_url=partial(config.setting, "OAUTH_REDIRECT_URL"),
    )
    return GoogleGrants(
        pool, client, Identities(pool, certs_url=config.setting("OAUTH_CERTS_URL"), client_id=client.id)
    )


@cache
def gmail_access() -> "GoogleMailboxes":
    """Gmail, mailbox by mailbox; imported only here, because its client library is what costs a cold start most."""
    from shared.adapters.gmail.access import GoogleClient, GoogleMailboxes  # noqa: PLC0415

    client = GoogleClient(
        id=config.setting("OAUTH_CLIENT_ID"),
        secret=client_secret(),
        token_url=config.setting("OAUTH_TOKEN_URL"),
        api_url=config.setting("GMAIL_API_URL"),
    )
    return GoogleMailboxes(client, sealer(), clock().now)


def gmail_topic() -> str:
    """The full name of the topic that Gmail publishes its notifications to."""
    name = config.setting("GMAIL_TOPIC")
    return name if "/" in name else f"projects/{config.setting('GOOGLE_CLOUD_PROJECT')}/topics/{name}"


def return_urls() -> frozenset[str]:
    """The pages of the CRM that a consent may return to."""
    return config.listed("RETURN_URLS")
