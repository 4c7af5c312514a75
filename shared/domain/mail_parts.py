"""Gmail's tree of a mail's parts, walked without recursion and sorted into text to show and files."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.domain import charsets
from shared.domain.filename import shown_filename
from shared.domain.flowed import unflow
from shared.domain.headers import Headers, decode_text
from shared.domain.media_type import parameterised

MOST_PARTS: Final = 10_000
LARGEST_TEXT: Final = 8_000_000
"""Octets of one part that are read as text."""
DEEPEST: Final = 100
_SHOWN: Final = frozenset({"text/plain", "text/html"})
_UNSHOWN_ALTERNATIVES: Final = frozenset({"text/x-amp-html", "text/watch-html", "text/enriched", "text/richtext"})
_SUFFIXES: Final = {"message/rfc822": ".eml", "text/calendar": ".ics", "application/pdf": ".pdf", "image/png": ".png"}
_PART_ID: Final = re.compile(r"[0-9.]{1,250}")
_NOT_BASE64: Final = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_ID: Final = 250


@dataclass(frozen=True, slots=True)
class Leaf:
    """One part without parts of its own, or a forwarded mail; `octets` if they came along, `parameters` of its type."""

    part_id: str
    content_type: str
    filename: str
    size: int
    content_id: str | None
    remote_id: str | None
    octets: bytes | None
    parameters: Mapping[str, str]
    attached: bool

    def text(self, fetched: bytes | None = None) -> str:
        """Decode the part as text, its lines ended by line feeds alone and flowed ones joined."""
        octets = self.octets if fetched is None else fetched
        text = charsets.decode_body((octets or b"")[:LARGEST_TEXT], self.parameters.get("charset"))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if self.content_type == "text/plain" and self.parameters.get("format", "").lower() == "flowed":
            delete_space = self.parameters.get("delsp", "").lower() == "yes"
            return unflow(text, delete_space=delete_space)
        return text


@dataclass(slots=True)
class Node:
    """A place in the tree: a leaf that is shown, or several places below by their number."""

    alternative: bool = False
    leaf: Leaf | None = None
    children: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Tree:
    """All places, parents before children; `partial` if there were too many."""

    nodes: list[Node] = field(default_factory=list)
    texts: list[Leaf] = field(default_factory=list)
    files: list[Leaf] = field(default_factory=list)
    partial: bool = False


def read_tree(payload: Mapping[str, Any]) -> Tree:
    """Sort the parts of Gmail's `payload` in their order; of more than `MOST_PARTS` the rest is not looked at.

    What is nested deeper than `DEEPEST` counts as standing there.
    """
    tree = Tree(nodes=[Node()])
    waiting: list[tuple[Mapping[str, Any], int, int, str]] = [(payload, 0, 0, "")]
    for _ in range(MOST_PARTS):
        if not waiting:
            return tree
        part, parent, depth, place = waiting.pop()
        number, below = parent, _children(part)
        if below is None or depth < DEEPEST:
            number = len(tree.nodes)
            tree.nodes.append(Node(alternative=below is not None and _kind(part) == "multipart/alternative"))
            tree.nodes[parent].children.append(number)
        if below is None:
            _sort(tree, tree.nodes[number], _leaf(part, place), alternative=tree.nodes[parent].alternative)
        for at, one in reversed(list(enumerate(below or ()))):
            waiting.append((one, number, depth + 1, f"{place}.{at}" if place else str(at)))
    tree.partial = bool(waiting)
    return tree


def _sort(tree: Tree, node: Node, leaf: Leaf, *, alternative: bool) -> None:
    if leaf.content_type in _SHOWN and not leaf.attached:
        node.leaf = leaf
        tree.texts.append(leaf)
    elif leaf.attached or not (alternative and leaf.content_type in _UNSHOWN_ALTERNATIVES):
        tree.files.append(leaf)


def _children(part: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return the parts below, None for a leaf; a forwarded mail keeps its own to itself."""
    parts = part.get("parts")
    if not isinstance(parts, list) or not parts or not _kind(part).startswith("multipart/"):
        return None
    return [one for one in parts if isinstance(one, Mapping)]


def _kind(part: Mapping[str, Any]) -> str:
    return parameterised(str(part.get("mimeType") or "")).kind or "text/plain"


def _leaf(part: Mapping[str, Any], place: str) -> Leaf:
    headers = _headers(part)
    declared, disposition = (parameterised(headers.first(f"content-{one}")) for one in ("type", "disposition"))
    told_id = str(part.get("partId") or "")
    part_id = told_id if _PART_ID.fullmatch(told_id) else place or "0"
    kind = "text/plain" if _kind(part).startswith("multipart/") else _kind(part)
    body = part["body"] if isinstance(part.get("body"), Mapping) else {}
    remote_id = str(body["attachmentId"]) if body.get("attachmentId") else None
    size = body["size"] if isinstance(body.get("size"), int) and body["size"] > 0 else 0
    told = part.get("filename") or disposition.parameters.get("filename") or declared.parameters.get("name") or ""
    name = shown_filename(decode_text(str(told)))
    nameless = f"attachment-{part_id}{_SUFFIXES.get(kind, '')}"
    return Leaf(
        part_id=part_id,
        content_type=kind,
        filename=name or nameless,
        size=size,
        content_id=(headers.first("content-id") or "").strip().strip("<>").strip()[:_LONGEST_ID] or None,
        remote_id=remote_id,
        octets=_octets(body.get("data"), elsewhere=bool(remote_id or size or kind.startswith("message/"))),
        parameters=declared.parameters,
        attached=bool(name) or disposition.kind == "attachment",
    )


def _headers(part: Mapping[str, Any]) -> Headers:
    listed = part.get("headers")
    fields = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    return Headers(tuple((str(one.get("name", "")), str(one.get("value", ""))) for one in fields))


def _octets(data: object, *, elsewhere: bool) -> bytes | None:
    """Decode base64url as far as it goes; no data at all is an empty part, unless its octets are elsewhere.

    Octets that are there as they are (`parse_mail`) stay so.
    """
    if isinstance(data, bytes):
        return data
    if not isinstance(data, str) or (not data and elsewhere):
        return None if elsewhere else b""
    clean = _NOT_BASE64.sub("", data.replace("+", "-").replace("/", "_"))
    clean = clean[:-1] if len(clean) % 4 == 1 else clean
    return base64.urlsafe_b64decode(clean + "=" * (-len(clean) % 4))
