"""Whether the sender of a mail is who it claims, in the words of Gmail, which received it (R35; RFC 8601)."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from shared.domain.addresses import normalise, read_sender
from shared.domain.message import Authenticated

_GMAIL: Final = "mx.google.com"
_NESTS: Final = re.compile(r'\\.|[()"]', re.DOTALL)
_RESULT: Final = re.compile(r"\s*(dmarc|dkim|spf)\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY: Final = re.compile(
    r"(?<!\S)(header\.from|header\.d|header\.i|smtp\.mailfrom)\s*=\s*([^\s;]+)", re.IGNORECASE
)
"""Never within another one's value: a selector can be `header.d=bank.example`."""
_VOUCHES: Final = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}


def verdict(results: Iterable[str], senders: Sequence[str]) -> Authenticated:
    """Gmail's verdict, from all Authentication-Results and From values, topmost first.

    Gmail's own topmost counts, those of others never do. DMARC's pass or fail for the domain in From decides. Where the
    domain has no DMARC policy, a DKIM or SPF pass for that domain, its parent or its child is a pass; failing that, an
    outright fail of either is a fail.
    """
    ours = next((value for value in results if _server(value) == _GMAIL), "")
    sender = read_sender(senders)
    claimed = sender.address.rpartition("@")[2] if sender else ""
    found = _results(ours)
    dmarc = {word for method, word, _ in found if method == "dmarc" and word in {"pass", "fail"}}
    if dmarc:
        named = {_domain(about.get("header.from", claimed)) for method, _, about in found if method == "dmarc"}
        if "fail" in dmarc:
            return Authenticated.FAIL
        return Authenticated.PASS if claimed and named == {claimed} else Authenticated.NONE
    return _without_policy(found, claimed)


def vouched(results: Iterable[str], senders: Sequence[str], *, server: str) -> bool:
    """Whether our own mail receiver, called `server`, proves the sender in From (R63).

    Its topmost Authentication-Results alone counts (RFC 8601 5): DMARC's pass for the domain in From, or where DMARC
    did not fail, a DKIM pass of a domain aligned with it. SPF proves the envelope's sender only: it counts for nothing.
    """
    sender = read_sender(senders)
    claimed = sender.address.rpartition("@")[2] if sender else ""
    found = _results(next((value for value in results if _server(value) == server.lower()), ""))
    dmarc = [(word, _domain(about.get("header.from", claimed))) for method, word, about in found if method == "dmarc"]
    if not claimed or any(word == "fail" for word, _ in dmarc):
        return False
    if any(word == "pass" for word, _ in dmarc):
        return all(domain == claimed for word, domain in dmarc if word == "pass")
    signed = (about for method, word, about in found if method == "dkim" and word == "pass")
    return any(_aligned(_domain(about.get("header.d") or about.get("header.i", "")), claimed) for about in signed)


def _without_policy(results: list[tuple[str, str, dict[str, str]]], claimed: str) -> Authenticated:
    for method, word, about in results:
        vouching = (about[name] for name in _VOUCHES.get(method, ()) if name in about)
        if word == "pass" and any(_aligned(_domain(domain), claimed) for domain in vouching):
            return Authenticated.PASS
    failed = any(word == "fail" for _, word, _ in results)
    return Authenticated.FAIL if failed else Authenticated.NONE


def _server(value: str) -> str:
    return re.split(r"[;\s]", _bare(value).strip(), maxsplit=1)[0].lower()


def _results(value: str) -> list[tuple[str, str, dict[str, str]]]:
    """Each method's name, verdict and properties."""
    found = []
    for statement in _bare(value).split(";")[1:]:
        if result := _RESULT.match(statement):
            about = {name.lower(): what for name, what in _PROPERTY.findall(statement)}
            found.append((result[1].lower(), result[2].lower(), about))
    return found


def _bare(value: str) -> str:
    """Drop comments and quoted strings, in which a sender's own words may stand."""
    kept, depth, quoted, at = [], 0, False, 0
    for match in _NESTS.finditer(value):
        if depth == 0 and not quoted:
            kept.append(value[at : match.start()])
        if match[0] == '"' and depth == 0:
            quoted = not quoted
        elif match[0] in "()" and not quoted:
            depth = max(0, depth + (1 if match[0] == "(" else -1))
        at = match.end()
    return "".join(kept) + (value[at:] if depth == 0 and not quoted else "")


def _domain(text: str) -> str:
    """Return the domain of a domain, `@domain` or address in A-labels; empty if it is none."""
    address = normalise(f"x@{text.rpartition('@')[2]}")
    return address.partition("@")[2] if address else ""


def _aligned(domain: str, claimed: str) -> bool:
    """Relaxed alignment without a list of public suffixes: equal, or one above the other and no top-level domain."""
    if not domain or not claimed:
        return False
    above, below = sorted((domain, claimed), key=len)
    return above == below or ("." in above and below.endswith(f".{above}"))
