"""Takes back the blobs of mail that turned out not to belong after all: it leaves nothing behind (R23)."""

from shared.domain import keys
from shared.usecases.fetch_mail import Fetched
from shared.usecases.sync_work import Work


def discard_blobs(work: Work, fetched: Fetched) -> None:
    """Deletes what was written for mail that was fetched and then not committed, unless a message has it meanwhile.

    For when the decision changed under way: a contact or a connection that went while the body was being fetched.
    """
    for place, content in fetched.contents.items():
        if place in fetched.committed:
            continue
        key = keys.message(place[0], fetched.names[place])
        message = work.ports.store.read(key).value(key)
        if message and not message.purged:
            continue
        for blob in (content.body.blob, *(one.blob for one in content.attachments)):
            if blob:
                work.ports.blobs.delete(blob)
