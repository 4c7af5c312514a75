"""`multipart/form-data` read while it arrives: no part is ever held whole, in memory or in a temporary file."""

from collections.abc import Iterator

import flask
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from shared.entrypoint.http import too_large
from shared.errors import Rejected
from shared.ports.form import FormPart

BLOCK = 65_536
MOST_BUFFERED = 524_288
MOST_PARTS = 501


def parts(request: flask.Request) -> Iterator[FormPart]:
    """The parts in their order. Raises `Rejected` (`invalid_request`) for what is no such form, or is cut off."""
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary.isascii() or not 0 < len(boundary) <= 200:  # noqa: PLR2004
        raise Rejected("invalid_request", "The request must be multipart/form-data.")
    events = _events(request, MultipartDecoder(boundary.encode(), MOST_BUFFERED, max_parts=MOST_PARTS))
    event = next(events, None)
    while event is not None:
        if not isinstance(event, Field | File):
            event = next(events, None)
            continue
        rest = _Rest(events)
        yield _part(event, rest.blocks())
        for _ in rest.blocks():
            """What the reader of the part left over."""
        event = rest.after


class _Rest:
    """The blocks of the part that has begun; `after` is the event that follows them."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self.after: Event | None = None
        self._ended = False

    def blocks(self) -> Iterator[bytes]:
        while not self._ended:
            event = next(self._events, None)
            if not isinstance(event, Data):
                self.after, self._ended = event, True
                return
            self._ended = not event.more_data
            if self._ended:
                self.after = next(self._events, None)
            yield event.data


def _part(event: Field | File, blocks: Iterator[bytes]) -> FormPart:
    return FormPart(
        name=event.name,
        filename=event.filename if isinstance(event, File) else None,
        content_type=event.headers.get("Content-Type", ""),
        content_id=event.headers.get("Content-ID"),
        blocks=blocks,
    )


def _events(request: flask.Request, decoder: MultipartDecoder) -> Iterator[Event]:
    try:
        yield from _decoded(request, decoder)
    except (HTTPException, ValueError, OSError) as error:
        raise Rejected("invalid_request", f"The form cannot be read: {type(error).__name__}.") from error


def _decoded(request: flask.Request, decoder: MultipartDecoder) -> Iterator[Event]:
    while True:
        try:
            block = request.stream.read(BLOCK)
        except RequestEntityTooLarge:
            limit = request.max_content_length or 0
            raise too_large(limit + 1, limit) from None
        decoder.receive_data(block or None)
        while not isinstance(event := decoder.next_event(), NeedData):
            yield event
            if isinstance(event, Epilogue):
                return
        if not block:
            raise ValueError("the form ends early")
