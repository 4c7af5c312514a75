"""Takes in a chunk; if that raises what nobody expected, mail by mail, so that only the one at fault waits (F29)."""

from shared.domain.history import Chunk
from shared.usecases.fetch_mail import OF_THE_MAILBOX
from shared.usecases.park_suspect import park_suspect, write_suspect
from shared.usecases.sync_work import Work
from shared.usecases.take_in import take_in


def take_carefully(work: Work, chunk: Chunk) -> None:
    """Settles the chunk. A careful worker goes mail by mail from the start and writes down which comes next."""
    if not chunk.items:
        work.settle(chunk.cursor)
        return
    if not work.careful:
        try:
            take_in(work, chunk)
        except OF_THE_MAILBOX:
            raise
        except Exception:  # noqa: BLE001 - found mail by mail below, where it is parked with its reason
            work.careful = True
        else:
            return
    for item in chunk.items:
        _alone(work, Chunk(f"{chunk.first}-{item.gmail_id}", (item,), 0))
    work.settle(chunk.cursor)


def _alone(work: Work, chunk: Chunk) -> None:
    write_suspect(work, chunk.items[0].gmail_id)
    try:
        take_in(work, chunk)
    except OF_THE_MAILBOX:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        park_suspect(work, reason=f"failed: {type(error).__name__}")
