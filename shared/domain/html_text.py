"""The text of an HTML mail, as a reader without HTML would want it."""

import re
from html import unescape
from typing import Final

from shared.domain.sanitise import sanitise

_PIECE: Final = re.compile(r'<(/?)([a-z0-9]+)((?: [a-z-]+="[^"]*")*)>|([^<]+)')
_ALT: Final = re.compile(r' alt="([^"]*)"')
_SPACE: Final = re.compile(r"[ \t\r\n\f]+")
_PARAGRAPHS: Final = re.compile("p|blockquote|h[1-6]|ul|ol|dl|table|figure|hr")
_LINES: Final = re.compile(
    "div|tr|li|dt|dd|br|address|article|aside|caption|center|figcaption|footer|header|main|nav|section"
)
_CELLS: Final = frozenset({"td", "th"})


def text_of(html: str) -> str:
    """Convert HTML to text: blocks on lines of their own, paragraphs set apart, scripts and styles gone; linear."""
    return text_of_safe(sanitise(html))


def text_of_safe(html: str) -> str:
    """The same, of HTML that is sanitised already."""
    writer = _Writer()
    for closing, tag, attributes, text in _PIECE.findall(html):
        if text:
            writer.write(unescape(text))
        elif tag == "pre":
            writer.end_line(blank=True)
            writer.verbatim = not closing
        elif _LINES.fullmatch(tag):
            writer.end_line(always=tag == "br")
        elif _PARAGRAPHS.fullmatch(tag):
            writer.end_line(blank=True)
        elif tag in _CELLS and not closing:
            writer.write(" ")
        elif tag == "img" and (alt := _ALT.search(attributes)):
            writer.write(unescape(alt[1]))
    return writer.text()


class _Writer:
    """Lines as they grow; empty ones never come more than one in a row."""

    def __init__(self) -> None:
        self.verbatim = False
        self._lines: list[str] = []
        self._line: list[str] = []

    def write(self, text: str) -> None:
        if not self.verbatim:
            self._line.append(_SPACE.sub(" ", text))
            return
        first, *rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._line.append(first)
        for line in rest:
            self.end_line(always=True)
            self._line.append(line)

    def end_line(self, *, blank: bool = False, always: bool = False) -> None:
        line = "".join(self._line)
        line = line.rstrip() if self.verbatim else _SPACE.sub(" ", line).strip(" ")
        self._line = []
        if line or always:
            self._add(line)
        if blank:
            self._add("")

    def text(self) -> str:
        self.end_line()
        return "\n".join(self._lines).strip("\n")

    def _add(self, line: str) -> None:
        if line or (self._lines and self._lines[-1]):
            self._lines.append(line)
