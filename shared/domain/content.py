"""What is in a mail: its text, its HTML made safe, and its files, from Gmail's tree of parts."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from shared.domain.html_text import text_of, text_of_safe
from shared.domain.mail_parts import LARGEST_TEXT, Leaf, Tree, read_tree
from shared.domain.sanitise import sanitise

LONGEST_BODY: Final = 2_000_000
"""Characters of text, and of HTML, that are kept of one mail."""
MOST_ATTACHMENTS: Final = 500
_EMBEDDED: Final = re.compile(r"data:image/[a-z+.-]{1,30};base64,[A-Za-z0-9+/=%\s]*")
"""Images written into the HTML itself: never shown, and large."""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file of a mail: its octets if Gmail gave them along, else the id by which they can be had from this reading.

    Gmail makes a new `remote_id` each time that the mail is read. A file with neither (a forwarded mail, at times) is
    listed but cannot be had: `obtainable` is false.
    """

    part_id: str
    filename: str
    content_type: str
    size: int
    content_id: str | None = None
    remote_id: str | None = None
    octets: bytes | None = None

    @property
    def obtainable(self) -> bool:
        """Whether there is a way to its octets."""
        return self.remote_id is not None or self.octets is not None


@dataclass(frozen=True, slots=True)
class Content:
    """A mail's body and files; `html` is sanitised, None if the mail has none; `text` is always there.

    `wanted` names text parts so large that Gmail did not give them along, as part id and id to fetch: with them
    fetched, `read_content` is called again. `partial` if something was beyond a limit or is still wanted.
    """

    text: str
    html: str | None
    attachments: tuple[AttachedFile, ...]
    wanted: tuple[tuple[str, str], ...]
    partial: bool


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the body in the forms that it came in."""

    plain: str | None
    html: str | None


def read_content(payload: Mapping[str, Any], *, fetched: Mapping[str, bytes] | None = None) -> Content:
    """Read the `payload` of a message that Gmail gave with `format=full`; `fetched` has octets by part id.

    Of alternatives the plainest is the text and the richest HTML the HTML; other inline text parts follow each other.
    A forwarded mail is one attachment. Never raises, whatever the tree holds; time is linear in its size.
    """
    tree = read_tree(payload)
    pieces = _pieces(tree, fetched or {})
    html = _html(pieces)
    safe = None if html is None else sanitise(_storable(html[:LONGEST_BODY]))
    alone = safe is not None and len(pieces) == 1 and pieces[0].plain is None
    text = text_of_safe(safe or "") if alone else _text(pieces)
    wanted = tuple(
        (leaf.part_id, leaf.remote_id)
        for leaf in tree.texts
        if leaf.remote_id and leaf.octets is None and leaf.part_id not in (fetched or {})
    )
    files = tuple(_file(leaf) for leaf in tree.files[:MOST_ATTACHMENTS])
    cut = len(files) < len(tree.files) or max(len(text), len(html or "")) > LONGEST_BODY
    cut = cut or any(len(leaf.octets or b"") > LARGEST_TEXT for leaf in tree.texts)
    return Content(
        text=_storable(text[:LONGEST_BODY]),
        html=safe,
        attachments=files,
        wanted=wanted,
        partial=cut or tree.partial or bool(wanted),
    )


def _pieces(tree: Tree, fetched: Mapping[str, bytes]) -> list[_Piece]:
    """Fold the tree from its leaves up; parents come before their children in `nodes`."""
    folded: dict[int, list[_Piece]] = {}
    for number in range(len(tree.nodes) - 1, -1, -1):
        node = tree.nodes[number]
        below = [folded.pop(child, []) for child in node.children]
        if node.leaf is not None:
            folded[number] = [_piece(node.leaf, fetched)]
        elif node.alternative:
            folded[number] = [_chosen([one for one in below if one])] if any(below) else []
        else:
            folded[number] = [piece for one in below for piece in one]
    return folded.get(0, [])


def _piece(leaf: Leaf, fetched: Mapping[str, bytes]) -> _Piece:
    text = leaf.text(fetched.get(leaf.part_id))
    if leaf.content_type == "text/html":
        return _Piece(None, _EMBEDDED.sub("", text)[: LONGEST_BODY + 1])
    return _Piece(text[: LONGEST_BODY + 1], None)


def _chosen(choices: list[list[_Piece]]) -> _Piece:
    plain = next((one for one in choices if any(piece.plain is not None for piece in one)), None)
    rich = next((one for one in reversed(choices) if any(piece.html is not None for piece in one)), None)
    return _Piece(None if plain is None else _text(plain), None if rich is None else _html(rich))


def _text(pieces: list[_Piece]) -> str:
    texts = (piece.plain if piece.plain is not None else text_of(piece.html or "") for piece in pieces)
    return _joined(text for text in texts if text)


def _html(pieces: list[_Piece]) -> str | None:
    if all(piece.html is None for piece in pieces):
        return None
    return _joined(piece.html if piece.html is not None else _as_html(piece.plain or "") for piece in pieces)


def _joined(texts: Iterable[str]) -> str:
    """Put texts on lines of their own, as far as a body may go and a little more, which shows that it was cut."""
    kept, room = [], LONGEST_BODY
    for text in texts:
        kept.append(text[: room + 1])
        room -= len(text)
        if room < 0:
            break
    return "\n".join(kept)


def _as_html(text: str) -> str:
    return f"<p>{escape(text, quote=False)}</p>".replace("\n", "<br>\n")


def _file(leaf: Leaf) -> AttachedFile:
    octets = leaf.octets
    return AttachedFile(
        part_id=leaf.part_id,
        filename=leaf.filename,
        content_type=leaf.content_type,
        size=leaf.size if octets is None else len(octets),
        content_id=leaf.content_id,
        remote_id=leaf.remote_id,
        octets=octets,
    )


def _storable(text: str) -> str:
    """Drop what no store takes: NUL and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
