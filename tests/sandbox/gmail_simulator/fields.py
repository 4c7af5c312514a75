"""Partial answers: the `fields` parameter."""

import re
from typing import Any

from tests.sandbox.gmail_simulator.errors import bad_field
from tests.sandbox.gmail_simulator.wire import from_json, to_json

Mask = dict[str, Any]

_TOKEN = re.compile(r"\s*([A-Za-z0-9_*]+|[,/()])")


def chosen(body: bytes, selector: str) -> bytes:
    """The JSON with only the members that `selector` names; GoogleError 400 for one that cannot be read."""
    tokens = _TOKEN.findall(selector)
    if "".join(tokens) != re.sub(r"\s", "", selector):
        raise _bad(selector)
    mask = _members(tokens, selector)
    if tokens or not mask:
        raise _bad(selector)
    return to_json(_pick(from_json(body), mask))


def _bad(selector: str) -> Exception:
    return bad_field("fields", f"Invalid field selection {selector}")


def _members(tokens: list[str], selector: str) -> Mask:
    mask: Mask = {}
    while tokens and tokens[0] != ")":
        name = tokens.pop(0)
        if name in {",", "/", "(", ")"}:
            raise _bad(selector)
        mask[name] = _below(tokens, selector)
        if tokens and tokens[0] == ",":
            tokens.pop(0)
    return mask


def _below(tokens: list[str], selector: str) -> Mask:
    if tokens and tokens[0] == "/":
        tokens.pop(0)
        if not tokens:
            raise _bad(selector)
        name = tokens.pop(0)
        return {name: _below(tokens, selector)}
    if tokens and tokens[0] == "(":
        tokens.pop(0)
        mask = _members(tokens, selector)
        if not tokens:
            raise _bad(selector)
        tokens.pop(0)
        return mask
    return {}


def _pick(value: Any, mask: Mask) -> Any:
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [_pick(one, mask) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _pick(value[name], below) for name, below in mask.items() if name in value}
