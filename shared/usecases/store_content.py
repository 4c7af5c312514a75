"""Keeps the body and the files of one mail in a location: a small body goes with the message, the rest into blobs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from shared.domain import bodies, budget
from shared.domain.content import AttachedFile, read_content
from shared.domain.identifiers import AttachmentId, GmailId
from shared.domain.message import Attachment, Body
from shared.errors import Gone, Refused
from shared.ports.gmail import FullMail
from shared.ports.world import Blobs
from shared.usecases.sync_work import Work

LARGEST_TEXT = 8_000_000


@dataclass(frozen=True, slots=True)
class Content:
    """What a message shows of its mail; `partial` if something was beyond a limit."""

    body: Body = field(default_factory=Body)
    attachments: tuple[Attachment, ...] = ()
    partial: bool = False


def store_content(work: Work, folder: str, full: FullMail) -> Content:
    """Reads the mail's parts, streams its files into blobs, and gives what the message's document is to hold.

    Every blob is written before the document that names it, under a name that a repeat writes again (F28).
    """
    gmail_id = full.headers.gmail_id
    content = read_content(full.payload)
    if content.wanted:
        texts = {part: _text(work, gmail_id, remote) for part, remote in content.wanted}
        content = read_content(full.payload, fetched=texts)
    files = tuple(_file(work, gmail_id, folder, one) for one in content.attachments)
    body = keep_body(work.ports.blobs, folder, Body(content.text, content.html))
    return Content(body, files, content.partial)


def copy_content(blobs: Blobs, content: Content, folder: str) -> Content:
    """The same in another location, without asking Gmail again; each location has blobs of its own."""
    files = []
    for one in content.attachments:
        name = f"{folder}/attachments/{one.id}" if one.blob else ""
        if name:
            blobs.write(name, blobs.read(one.blob))
        files.append(replace(one, blob=name))
    body = content.body
    if body.blob:
        name = bodies.blob_name(folder)
        blobs.write(name, blobs.read(body.blob))
        body = replace(body, blob=name)
    return replace(content, body=body, attachments=tuple(files))


def keep_body(blobs: Blobs, folder: str, body: Body) -> Body:
    """The body as the document holds it: itself, or where it is large the name of its blob, which is written here."""
    if bodies.fits(body):
        return body
    name = bodies.blob_name(folder)
    blobs.write(name, [bodies.packed(body)])
    return Body(blob=name)


def _text(work: Work, gmail_id: GmailId, remote: str) -> bytes:
    """A text part that Gmail keeps apart for its size; beyond the limit the rest is left."""
    work.spend(budget.GET)
    octets = bytearray()
    for block in work.gmail.attachment(gmail_id, remote):
        octets += block
        if len(octets) > LARGEST_TEXT:
            break
    return bytes(octets[:LARGEST_TEXT])


def attachment(one: AttachedFile) -> Attachment:
    """A file as a message lists it while its octets are not there."""
    name = AttachmentId(f"part-{one.part_id.replace('.', '-') or 'root'}")
    return Attachment(name, one.filename, one.content_type, one.size, one.content_id, state="failed")


def _file(work: Work, gmail_id: GmailId, folder: str, one: AttachedFile) -> Attachment:
    listed = attachment(one)
    if not one.obtainable:
        return listed
    blob = f"{folder}/attachments/{listed.id}"
    try:
        size = work.ports.blobs.write(blob, _octets(work, gmail_id, one))
    except Gone:
        if work.careful:
            return listed
        raise  # the whole mail may be gone, or not there yet: it is asked for once more by itself (F16)
    except Refused:
        return listed
    return replace(listed, state="ready", size=size, blob=blob)


def _octets(work: Work, gmail_id: GmailId, one: AttachedFile) -> Iterable[bytes]:
    if one.octets is not None or one.remote_id is None:
        return [one.octets or b""]
    work.spend(budget.GET)
    return _kept_alive(work, work.gmail.attachment(gmail_id, one.remote_id))


def _kept_alive(work: Work, blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        work.keep()
        yield block
