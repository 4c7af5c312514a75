"""A form as it comes in, part by part: each part's blocks must be used up before the next part is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FormPart:
    """One part; `filename` is None for what is no file, `content_id` what an inline image is called in the HTML."""

    name: str
    filename: str | None
    content_type: str
    content_id: str | None
    blocks: Iterator[bytes]
