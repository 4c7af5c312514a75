"""What a sync may touch."""

from functools import cache

from shared import config
from shared.domain.addresses import Address
from shared.domain.identifiers import MailboxId
from shared.usecases.sync_work import SyncPorts
from shared.wiring.auto_bcc import capture_domain
from shared.wiring.blobs import blobs
from shared.wiring.google import gmail_access, sealer
from shared.wiring.instance import stopping
from shared.wiring.state import clock, store
from shared.wiring.topics import topics


@cache
def sync_ports() -> SyncPorts:
    """The ports of `process_history`, for the instance's life."""
    addresses: dict[Address, MailboxId] = {}
    return SyncPorts(
        store=store(),
        gmail=gmail_access(),
        blobs=blobs(),
        topics=topics(),
        clock=clock(),
        sealer=sealer(),
        addresses=addresses,
        units_per_minute=int(config.setting("GMAIL_UNITS_PER_MINUTE")),
        capture_domain=capture_domain(),
        stopping=stopping,
    )
