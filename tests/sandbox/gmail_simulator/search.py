"""The search box's language: a query becomes a test of messages; what cannot be read finds nothing."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.sandbox.gmail_simulator.message import StoredMessage
from tests.sandbox.gmail_simulator.search_terms import HIDDEN_FOLDERS, Asked, UnknownTermError, field_term, word_term

Term = Callable[[StoredMessage], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<open>[({])|(?P<close>[)}])|(?P<or>\||OR(?=[\s(){}]|$))|(?P<and>AND(?=[\s(){}]|$))|(?P<not>-(?=\S))"
    r"|(?P<field>[A-Za-z_0-9]+):(?P<value>\"[^\"]*\"|[^\s(){}\"]+|(?=\())|\"(?P<quoted>[^\"]*)\"|(?P<word>[^\s(){}\"|]+))"
)


@dataclass(frozen=True, slots=True)
class Search:
    """A query made into a test; `everywhere` says that it looks into spam and trash too."""

    matches: Term
    everywhere: bool


def parse(query: str, asked: Asked) -> Search | None:
    """The test that a query stands for; None for one that Gmail would find nothing with."""
    try:
        reader = _Reader(query, asked)
        term = reader.sequence(closing="")
    except (UnknownTermError, RecursionError):
        return None
    everywhere = any(f":{folder}" in query.lower() for folder in HIDDEN_FOLDERS)
    return Search(term, everywhere)


class _Reader:
    """Reads a query from left to right."""

    def __init__(self, query: str, asked: Asked) -> None:
        self._query, self._asked, self._at = query.rstrip(), asked, 0

    def _peek(self) -> re.Match[str] | None:
        if self._at >= len(self._query):
            return None
        token = _TOKEN.match(self._query, self._at)
        if token is None:
            raise UnknownTermError(self._query)
        return token

    def sequence(self, *, closing: str, field: str | None = None) -> Term:
        """Terms up to the closing bracket; all of them must match, in braces any."""
        terms: list[Term] = []
        while (token := self._peek()) is not None and not token["close"]:
            self._at = token.end()
            if token["or"]:
                if not terms:
                    raise UnknownTermError(self._query)
                terms.append(_any([terms.pop(), self._next(field)]))
            elif not token["and"]:
                terms.append(self._term(token, field))
        if (token["close"] if token else "") != closing:
            raise UnknownTermError(self._query)
        self._at = token.end() if token else self._at
        return _any(terms) if closing == "}" else _all(terms)

    def _next(self, field: str | None) -> Term:
        token = self._peek()
        if token is None or token["close"] or token["or"] or token["and"]:
            raise UnknownTermError(self._query)
        self._at = token.end()
        return self._term(token, field)

    def _term(self, token: re.Match[str], field: str | None) -> Term:
        if token["not"]:
            inner = self._next(field)
            return lambda message: not inner(message)
        if token["open"]:
            return self.sequence(closing=")" if token["open"] == "(" else "}", field=field)
        if token["field"]:
            name = token["field"].lower()
            if token["value"]:
                return field_term(name, token["value"].strip('"'), self._asked)
            self._at = self._query.index("(", token.end()) + 1
            return self.sequence(closing=")", field=name)
        text = token["quoted"] if token["quoted"] is not None else token["word"]
        return field_term(field, text, self._asked) if field else word_term(text)


def _all(terms: list[Term]) -> Term:
    return lambda message: all(term(message) for term in terms)


def _any(terms: list[Term]) -> Term:
    return lambda message: any(term(message) for term in terms)
