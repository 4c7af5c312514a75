"""Text whose lines were broken by the sender's mailer, put together again (RFC 3676)."""

import re
from typing import Final

_QUOTES: Final = re.compile(">*")
SIGNATURE: Final = "-- "


def unflow(text: str, *, delete_space: bool) -> str:
    """Join the lines of `format=flowed` text into paragraphs; `delete_space` is the DelSp parameter.

    A line that ends in a space goes on in the next one of the same quote depth; the signature's mark never does.
    """
    lines: list[list[str]] = []
    depth, flowing = 0, False
    for line in text.split("\n"):
        here = len(_QUOTES.match(line)[0])  # type: ignore[index]
        content = line[here:].removeprefix(" ")
        if not (flowing and here == depth and content != SIGNATURE):
            lines.append([">" * here + (" " if here and content else "")])
        depth, flowing = here, content.endswith(" ") and content != SIGNATURE
        lines[-1].append(content[:-1] if flowing and delete_space else content)
    return "\n".join("".join(pieces) for pieces in lines)
