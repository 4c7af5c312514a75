"""Who may call from outside: the CRM's sessions, and the origins of its pages."""

from functools import cache

import urllib3

from shared import config
from shared.adapters.sessions.key_set import KeySet
from shared.adapters.sessions.tokens import TokenSessions
from shared.entrypoint.http import Gate
from shared.wiring.state import clock


@cache
def gate() -> Gate:
    """The gate of the functions that the CRM calls."""
    pool = urllib3.PoolManager(maxsize=2, timeout=urllib3.Timeout(connect=5, read=5))
    sessions = TokenSessions(
        KeySet(pool, config.setting("CRM_JWKS_URL")).key,
        issuer=config.setting("CRM_ISSUER"),
        audience=config.setting("CRM_AUDIENCE"),
        now=clock().now,
    )
    return Gate(sessions.authenticate, config.listed("CRM_ORIGINS"), clock().now)
