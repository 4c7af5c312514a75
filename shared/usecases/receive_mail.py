"""Takes in the form of a send: the mail's JSON, and its files straight into blobs, counted and hashed on their way."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from shared.domain.composition import LARGEST_FILES
from shared.domain.draft import Uploaded
from shared.domain.filename import shown_filename
from shared.domain.header_encoding import unsafe
from shared.errors import Rejected, Transient
from shared.ports.form import FormPart
from shared.ports.world import Blobs

LARGEST_JSON: Final = 2_097_152
_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}")
_CONTENT_ID: Final = re.compile(r"<?([A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]{1,200})>?")
_OPAQUE: Final = "application/octet-stream"


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...


class _TooMuch(Exception):
    """The files are larger in all than a mail may have."""


@dataclass(slots=True)
class Received:
    """What came: the JSON part, and the files, which are kept until `discard`."""

    blobs: Blobs
    folder: str
    content: bytes | None = None
    files: list[Uploaded] = field(default_factory=list)
    size: int = 0
    kept: list[str] = field(default_factory=list)

    def discard(self) -> None:
        """Deletes what was kept; what cannot be deleted now is an orphan that no document names."""
        for name in self.kept:
            try:
                self.blobs.delete(name)
            except Transient:
                continue

    def keep(self, name: str, blocks: Iterable[bytes]) -> tuple[str, int]:
        """A blob of this request: its full name and its size."""
        blob = f"{self.folder}/{name}"
        size = self.blobs.write(blob, blocks)
        self.kept.append(blob)
        return blob, size

    def _counted(self, blocks: Iterator[bytes], seen: "_Digest") -> Iterator[bytes]:
        for block in blocks:
            self.size += len(block)
            if self.size > LARGEST_FILES:
                raise _TooMuch
            seen.update(block)
            yield block

    def take(self, part: FormPart) -> None:
        """One more part of the form."""
        if part.name == "mail":
            self._take_mail(part)
        elif part.name == "file" and part.filename is not None:
            self._take_file(part)
        else:
            raise Rejected("invalid_request", "The form has one part `mail` and any number of files named `file`.")

    def _take_mail(self, part: FormPart) -> None:
        if self.content is not None:
            raise Rejected("invalid_request", "The form has more than one part `mail`.")
        if part.content_type.partition(";")[0].strip().lower() != "application/json":
            raise Rejected("invalid_request", "The part `mail` must be application/json.")
        content = bytearray()
        for block in part.blocks:
            content += block
            if len(content) > LARGEST_JSON:
                raise _too_large("The part `mail` has", len(content) + sum(map(len, part.blocks)), LARGEST_JSON)
        self.content = bytes(content)

    def _take_file(self, part: FormPart) -> None:
        filename = _filename(part.filename or "")
        seen = hashlib.sha256()
        try:
            blob, size = self.keep(str(len(self.files)), self._counted(part.blocks, seen))
        except _TooMuch:
            self.size += sum(map(len, part.blocks))
            return
        self.files.append(
            Uploaded(filename, _content_type(part.content_type), size, seen.hexdigest(), blob, _content_id(part))
        )


def receive_mail(parts: Iterable[FormPart], blobs: Blobs, *, folder: str) -> Received:
    """The form, its files kept as blobs under `folder`. Raises `Rejected`, and then keeps nothing.

    What is too large is counted to its end, so that the refusal can say how large it was (R53).
    """
    received = Received(blobs, folder)
    try:
        for part in parts:
            received.take(part)
        if received.size > LARGEST_FILES:
            raise _too_large("The files have in all", received.size, LARGEST_FILES)
        if received.content is None:
            raise Rejected("invalid_request", "The form has no part `mail`.")
    except BaseException:
        received.discard()
        raise
    return received


def _too_large(what: str, size: int, limit: int) -> Rejected:
    return Rejected("too_large", f"{what} {size} bytes; the limit is {limit}.", details={"size": size, "limit": limit})


def _filename(given: str) -> str:
    """The name without folders; what could break a header is refused, what hides its ending dropped (T15, T21)."""
    if unsafe(given):
        raise Rejected("invalid_request", "A filename has control characters or line breaks.")
    return shown_filename(given) or "file"


def _content_type(given: str) -> str:
    """The type without parameters; what is none, or may not be base64 (RFC 2046 5), is just bytes."""
    token = given.partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(token) or token.startswith(("multipart/", "message/")):
        return _OPAQUE
    return token


def _content_id(part: FormPart) -> str | None:
    found = _CONTENT_ID.fullmatch((part.content_id or "").strip())
    return found[1] if found else None
