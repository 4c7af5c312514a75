"""Reads a body in that may be kept as a blob."""

from shared.domain import bodies
from shared.domain.message import Body
from shared.ports.world import Blobs


def read_body(body: Body, blobs: Blobs) -> Body:
    """The body with its text and HTML. Raises `Gone` if its blob is not there any more, `Transient`."""
    return bodies.unpacked(b"".join(blobs.read(body.blob)), body.blob) if body.blob else body
