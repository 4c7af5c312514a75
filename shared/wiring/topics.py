"""The topics."""

from functools import cache, partial

import urllib3

from shared import config
from shared.adapters.pubsub.authorization import OwnAuthorization
from shared.adapters.pubsub.topics import GOOGLE, PubSubTopics, Traces
from shared.entrypoint import log, tracing


@cache
def topics() -> PubSubTopics:
    """The project's topics; a function needs the settings of those only that it publishes to."""
    pool = urllib3.PoolManager(maxsize=8, timeout=urllib3.Timeout(connect=5, read=10))
    emulator = config.emulated("PUBSUB")
    base = f"http://{emulator}" if emulator else GOOGLE
    return PubSubTopics(
        pool,
        f"{base}/v1/projects/{config.setting('GOOGLE_CLOUD_PROJECT')}",
        work=partial(config.setting, "WORK_TOPIC"),
        outbox=partial(config.setting, "OUTBOX_TOPIC"),
        events=partial(config.setting, "EVENTS_TOPIC"),
        again=partial(config.setting, "EVENTS_AGAIN_TOPIC"),
        authorization=(lambda: "") if emulator else OwnAuthorization(pool),
        traces=Traces(tracing.carried, log.published),
    )
