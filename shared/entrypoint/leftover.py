"""What a client is still sending when its answer is ready: read away in blocks, never held in memory.

The framework reads the rest of a request whole before it answers, however large it says it is, and whoever sends it.
"""

import flask
from werkzeug.exceptions import HTTPException

BLOCK = 65_536
MOST = 67_108_864
"""More than the platform lets through; what would be more is answered without being read."""


def finished(made: flask.Response, request: flask.Request) -> flask.Response:
    """The answer, with nothing of the request left to read; or as a stream, which the framework sends as it is."""
    if made.is_streamed or _read_away(request):
        return made
    whole = made.get_data()
    made.response = iter([whole])
    made.headers["Content-Length"] = str(len(whole))
    return made


def _read_away(request: flask.Request) -> bool:
    """Whether the request was read to its end."""
    if (request.content_length or 0) > MOST:
        return False
    left = MOST
    try:
        while left and (block := request.stream.read(min(BLOCK, left))):
            left -= len(block)
    except (HTTPException, OSError):
        return False
    return left > 0
