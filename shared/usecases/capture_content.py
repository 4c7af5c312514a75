"""Keeps the body and the files of a mail that came by auto-BCC, as those of Gmail's mail are kept."""

from dataclasses import replace

from shared.domain import keys
from shared.domain.blob_owner import folder_of
from shared.domain.content import AttachedFile, read_content
from shared.domain.identifiers import LocationId, MessageId
from shared.domain.message import Attachment, Body
from shared.ports.world import Blobs
from shared.usecases.capture_letter import Letter
from shared.usecases.capturing import Capturing
from shared.usecases.place_mail import own_name
from shared.usecases.store_content import Content, attachment, keep_body


def keep_content(blobs: Blobs, location: LocationId, message: MessageId, letter: Letter) -> Content:
    """What the message's document is to hold; every blob is written before it, under a name of the message's (F28)."""
    content = read_content(letter.payload)
    folder = folder_of(location, message, own_name(letter.mail), letter.digest)
    files = tuple(_file(blobs, folder, one) for one in content.attachments)
    body = keep_body(blobs, folder, Body(content.text, content.html))
    return Content(body, files, content.partial or letter.partial)


def discard_content(ports: Capturing, location: LocationId, name: MessageId, content: Content) -> None:
    """Takes back those blobs that the message does not have after all: another one was there first."""
    key = keys.message(location, name)
    message = ports.store.read(key).value(key)
    had = {message.body.blob, *(one.blob for one in message.attachments)} if message and not message.purged else set()
    for blob in (content.body.blob, *(one.blob for one in content.attachments)):
        if blob and blob not in had:
            ports.blobs.delete(blob)


def _file(blobs: Blobs, folder: str, one: AttachedFile) -> Attachment:
    listed = attachment(one)
    if one.octets is None:
        return listed
    blob = f"{folder}/attachments/{listed.id}"
    return replace(listed, state="ready", size=blobs.write(blob, [one.octets]), blob=blob)
