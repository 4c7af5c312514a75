"""The bytes of an attachment out of the JSON that Gmail wraps them in, without holding either whole."""

import base64
import re
from collections.abc import Iterable, Iterator

from shared.errors import Transient

DATA = re.compile(rb'"data"\s*:\s*"')
MOST_BEFORE = 65_536
EMPTY = re.compile(rb'\s*\{(?:[^"{}]|"[^"]*")*\}\s*')
"""A whole answer without data: a file of no bytes."""


def decoded(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The decoded `data` of an attachments.get answer, in blocks; padded or not, URL-safe alphabet."""
    found, rest = False, b""
    for block in blocks:
        rest += block
        if not found:
            match = DATA.search(rest)
            if not match:
                if len(rest) > MOST_BEFORE:
                    break
                continue
            found, rest = True, rest[match.end() :]
        text, quote, _ = rest.partition(b'"')
        cut = len(text) if quote else len(text) // 4 * 4
        if cut:
            yield base64.urlsafe_b64decode(text[:cut] + b"=" * (-cut % 4))
        if quote:
            return
        rest = text[cut:]
    if not found and EMPTY.fullmatch(rest):
        return
    raise Transient("gmail: the answer ended inside an attachment")
