"""How a pushed function knows its own pushes."""

from functools import cache

import urllib3

from shared import config
from shared.adapters.push_tokens.certificates import Certificates
from shared.adapters.push_tokens.tokens import PushTokens
from shared.entrypoint.push import PushGate
from shared.wiring.state import clock


@cache
def push_gate() -> PushGate:
    """The gate of the function's push subscriptions."""
    pool = urllib3.PoolManager(maxsize=2, timeout=urllib3.Timeout(connect=5, read=5))
    certificates = Certificates(pool, config.setting("PUSH_CERTS_URL"), now=clock().now)
    tokens = PushTokens(
        certificates.key,
        audience=config.setting("PUSH_AUDIENCE"),
        account=config.setting("PUSH_SERVICE_ACCOUNT"),
        now=clock().now,
    )
    return PushGate(tokens.verify, clock().now)
