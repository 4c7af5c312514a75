"""HTML of strangers made safe to keep and to show: an allow-list, nothing that runs, nothing that fetches (T18-T20)."""

import re
from collections.abc import Mapping
from functools import cache
from html import escape, unescape
from typing import Final
from urllib.parse import unquote

import nh3

_SHOWN: Final = (
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl"
    " dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q rp rt"
    " ruby s samp section small span strike strong sub sup table tbody td tfoot th thead time tr tt u ul var wbr"
)
_DROPPED_WHOLE: Final = (
    "script style title svg math template noscript iframe object embed applet audio video canvas select textarea"
    " frameset noframes noembed xmp plaintext"
)
_NEVER_NESTED: Final = "br hr img wbr col area base input link meta p li dt dd td th tr"
_CELL: Final = frozenset({"colspan", "rowspan", "align", "valign", "width", "height", "bgcolor"})
_ATTRIBUTES: Final = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "data-remote-src", "alt", "width", "height"},
    "font": {"color", "size", "face"},
    "table": {"border", "cellpadding", "cellspacing", "align", "width", "bgcolor"},
    "td": set(_CELL),
    "th": set(_CELL),
    "tr": {"align", "valign", "bgcolor"},
    "col": {"span", "width"},
    "ol": {"start", "type"},
    "li": {"value"},
}
_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "cid"})
_REMOTE: Final = re.compile(r"https?://[^/]", re.IGNORECASE)
_LINK: Final = re.compile(r"(?:https?:|mailto:|tel:)", re.IGNORECASE)
_INVISIBLE: Final = re.compile(r"[\x00-\x20\x7f-\x9f]+")
_IMAGE: Final = re.compile(r'<img((?: [a-z-]+="[^"]*")*)>')
_ATTRIBUTE: Final = re.compile(r' ([a-z-]+)="([^"]*)"')
_MARKUP: Final = re.compile(r"""<!--(?:.*?-->|.*)|<(/?)([a-zA-Z][^\s/<>]*+)(?:"[^"]*"|'[^']*'|[^<>"'])*+>""", re.DOTALL)
_NAME: Final = re.compile(r"""[^\s/>="']+""")
"""What may be an attribute's name."""
_CHARACTERS: Final = re.compile(r"[^\n\x21-\x25\x27-\x3b=\x3f-\x7e\xa1-\ud7ff\ue000-\U0010ffff]+")
"""All but the characters that stand for themselves in HTML."""
_FIRST_LINE_END: Final = re.compile(r'<pre(?: [a-z-]+="[^"]*")*>\n')
"""Parsers drop it, nh3 does not write it twice."""
_TAG: Final = re.compile(r"<[^<>]*>?")
_PASSES: Final = 8
_FEW, DEEPEST, MOST_TAGS, MOST_REFERENCES = 4_000, 500, 30_000, 100_000
MOST_MARKS, MOST_FLAT, MOST_DEPTHS = 200_000, 60_000, 6_000_000
"""Signs `<`, tags of elements that do not nest, and the depths of all tags together."""
MOST_ATTRIBUTES, MOST_NAMES, _LONG = 5_000, 30_000, 10_000
"""Different names in one tag, and in all; characters of what is counted."""
_CELLS: Final = frozenset({"col", "td", "th", "tr"})


def sanitise(html: str) -> str:
    """Reduce HTML to what mail may show; doing it again changes nothing.

    Images of the mail itself keep `src="cid:…"`; the address of a remote one moves to `data-remote-src`, so that
    nothing is fetched until a reader asks (T20). Links go to http, https, mailto and tel only, with
    `rel="noopener noreferrer"`. Cleaned again until it stays the same, since elements that were badly nested may move
    when they are read again. HTML that never settles or would keep a parser busy for long (nested too deep, too many
    tags or character references) loses its tags and the characters `<`, `>` and `&`.
    """
    if _is_crowded(html):
        html = _plain(html)
    for _ in range(_PASSES):
        before, html = html, _plain(html) if _is_wild(html) else _cleaned(html)
        if html == before:
            return html
    return _plain(html)


def _plain(html: str) -> str:
    return f"<pre>{_CHARACTERS.sub(' ', unescape(_TAG.sub(' ', html))).strip()}</pre>"


def _cleaned(html: str) -> str:
    clean = _cleaner().clean(html)
    return _IMAGE.sub(_without_fetch, _FIRST_LINE_END.sub(r"\g<0>\n", clean))


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_SHOWN.split()),
        clean_content_tags=set(_DROPPED_WHOLE.split()),
        attributes=_ATTRIBUTES,
        attribute_filter=_filtered,
        url_schemes=set(_SCHEMES),
        link_rel="noopener noreferrer",
        strip_comments=True,
    )


def link_inline(html: str, urls: Mapping[str, str]) -> str:
    """Point the mail's own images in sanitised HTML to where their bytes are: `urls` by Content-ID, without brackets.

    An image whose id has no URL stays as it is.
    """

    def linked(image: re.Match[str]) -> str:
        held = dict(_ATTRIBUTE.findall(image[1]))
        source = unescape(held.get("src", ""))
        name = source[4:] if source[:4].lower() == "cid:" else ""
        url = urls.get(name) or urls.get(unquote(name))
        return _image({**held, "src": escape(url)}) if name and url else image[0]

    return _IMAGE.sub(linked, html)


def _filtered(tag: str, attribute: str, value: str) -> str | None:
    if attribute not in {"href", "src", "data-remote-src"}:
        return value
    url = _INVISIBLE.sub("", value)
    if url.startswith("//"):
        url = f"https:{url}"
    if tag == "a":
        return url if _LINK.match(url) else None
    own = attribute == "src" and url[:4].lower() == "cid:"
    return url if own or _REMOTE.match(url) else None


def _without_fetch(image: re.Match[str]) -> str:
    held = dict(_ATTRIBUTE.findall(image[1]))
    source = held.get("src", "")
    if _REMOTE.match(source):
        held = {name: value for name, value in held.items() if name not in {"src", "data-remote-src"}}
        held["data-remote-src"] = source
    return _image(held)


def _image(held: Mapping[str, str]) -> str:
    return "<img" + "".join(f' {name}="{value}"' for name, value in held.items()) + ">"


def _is_crowded(html: str) -> bool:
    """Whether a tag may have so many attributes that finding doubles among them takes long.

    Where a tag begins and ends depends on all that is before it: so each stretch that can be one counts, and lest its
    values hide its end, the words of the whole.
    """
    if len(html) <= _LONG:
        return False
    tags = (text[text.find("<") :] for text in html.split(">") if len(text) > _LONG and "<" in text)
    return any(_names(tag) > MOST_ATTRIBUTES for tag in tags) or _names(html) > MOST_NAMES


def _names(text: str) -> int:
    return len(set(_NAME.findall(text)))


def _is_wild(html: str) -> bool:
    """Whether parsing might take long: what is not closed in order counts as still open."""
    references = html.count("&") + html.count("\xa0")
    marks = html.count("<")
    if marks < _FEW or marks > MOST_MARKS or references > MOST_REFERENCES:
        return marks > MOST_MARKS or references > MOST_REFERENCES
    flat = frozenset(_NEVER_NESTED.split())
    stack: list[str] = []
    opened = lying = depths = 0
    for markup in _MARKUP.finditer(html):
        name = (markup[2] or "").lower()
        depths += len(stack)
        if depths > MOST_DEPTHS:
            return True
        if not name or name in flat:
            lying += name not in _CELLS
            if lying > MOST_FLAT:
                return True
            continue
        if not markup[1]:
            opened += 1
            stack.append(name)
        elif stack and stack[-1] == name:
            stack.pop()
        if len(stack) > DEEPEST or opened > MOST_TAGS:
            return True
    return False
