"""Header address lists (RFC 5322 3.4) cut into their elements, strictly and in linear time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

MOST: Final = 25_000
"""Elements that are read of one list; far more than any mail can be sent to."""

_SEPARATORS: Final = frozenset(",;:")
_FOLD: Final = re.compile(r"\r?\n(?=[ \t])")
_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t]+)
    |(?P<word>=\?[^?\s@<>"()\\]{1,80}\?[bBqQ]\?[^?\s@<>"()\\]*\?=)
    |(?P<atom>[^\x00-\x20\x7f-\x9f\u2028\u2029"()<>,;:@\[\]\\]+)
    |(?P<quoted>"(?:[^"\\]|\\.)*+")
    |(?P<mark>[<>,;:@])
    |(?P<comment>\()
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_PARENTHESIS: Final = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_BARE: Final = re.compile(r"[aq]@a")
_ANGLED: Final = re.compile(r"[aq@]*<(?:@a[,@a]*:)?([aq]@a)>")


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a list: the names given to it, as written, and what stands for its address, None if unreadable."""

    names: tuple[str, ...]
    address: str | None
    grouped: bool = False


UNREADABLE: Final = Element((), None)


@dataclass(slots=True)
class _Part:
    """The tokens of one element as they come: `kinds` has one letter or mark for each of `texts`."""

    kinds: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    spaced: list[bool] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: int = -1

    def takes(self, mark: str) -> bool:
        """Whether a separator belongs to the element: in a source route, `<@a,@b:c@d>`."""
        return mark in ",:" and self.angle >= 0 and self.kinds[self.angle + 1 : self.angle + 2] == ["@"]

    def add(self, kind: str, text: str, *, spaced: bool) -> None:
        """Append the next token."""
        if kind in "<>":
            self.angle = len(self.kinds) if kind == "<" else -1
        self.kinds.append(kind)
        self.texts.append(text)
        self.spaced.append(spaced)


def elements(value: str) -> Iterator[Element]:
    """Cut a list into its elements, in order, members of groups among them; what cannot be read has no address.

    Comments, folding, quoted strings, groups, empty elements, source routes and semicolons as separators are
    understood. After a quote or comment that is never closed, and after `MOST` elements, nothing more is read.
    """
    cut = _elements(value)
    yield from islice(cut, MOST)
    if next(cut, None):
        yield UNREADABLE


def _elements(value: str) -> Iterator[Element]:
    part, group, bad_group = _Part(), False, False
    for kind, text, spaced in _tokens(_FOLD.sub("", value)):
        if kind == "c":
            part.comments.append(text)
        elif kind not in _SEPARATORS or part.takes(kind):
            part.add(kind, text, spaced=spaced)
        elif kind == ":":
            bad_group = group or not set(part.kinds) <= {"a", "q"} or _has_address(part)
            group, part = True, _Part()
            if bad_group:
                yield UNREADABLE
        else:
            if part.kinds or part.comments:
                yield from _element(part, group=group, bad=bad_group)
                part = _Part()
            if kind == ";":
                group = bad_group = False
    yield from _element(part, group=group, bad=bad_group)
    if group:
        yield UNREADABLE


def _tokens(value: str) -> Iterator[tuple[str, str, bool]]:
    """Kind, text and whether white space came before: `a` atom, `q` quoted, `c` comment, `x` broken, or a mark."""
    at, spaced = 0, False
    while match := _TOKEN.match(value, at):
        kind, text, at = match.lastgroup, match[0], match.end()
        if kind == "space":
            spaced = True
            continue
        if kind == "comment":
            end = _comment_end(value, at)
            yield ("c", value[at : end - 1], spaced) if end > 0 else ("x", "", spaced)
            at = end if end > 0 else len(value)
        elif kind == "other":
            yield "x", "", spaced
            at = len(value) if text == '"' else at
        else:
            yield text if kind == "mark" else "q" if kind == "quoted" else "a", text, spaced
        spaced = kind == "comment"


def _comment_end(value: str, start: int) -> int:
    """Where the comment whose parenthesis opened before `start` is closed, or -1."""
    depth = 1
    for match in _PARENTHESIS.finditer(value, start):
        if match[0] in "()":
            depth += 1 if match[0] == "(" else -1
            if depth == 0:
                return match.end()
    return -1


def _element(part: _Part, *, group: bool, bad: bool) -> Iterator[Element]:
    if not part.kinds:
        return
    kinds = "".join(part.kinds)
    angled = _ANGLED.fullmatch(kinds)
    if bad or not (angled or _BARE.fullmatch(kinds)):
        yield UNREADABLE
        return
    at = angled.start(1) if angled else 0
    names = ((_phrase(part, kinds.index("<")),) if angled else ()) + tuple(map(_unescaped, part.comments))
    yield Element(names, "".join(part.texts[at : at + 3]), grouped=group)


def _phrase(part: _Part, end: int) -> str:
    pieces = []
    for kind, text, spaced in zip(part.kinds[:end], part.texts, part.spaced, strict=False):
        pieces.append(" " if spaced else "")
        pieces.append(_unescaped(text[1:-1]) if kind == "q" else text)
    return "".join(pieces).strip()


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def _has_address(part: _Part) -> bool:
    return any("@" in text for text in (*part.texts, *part.comments))
