"""Requests checked against the discovery document: unknown names, wrong types and bad values are refused."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from tests.sandbox.gmail_simulator.discovery import Discovery, Method, Parameter
from tests.sandbox.gmail_simulator.errors import bad_field
from tests.sandbox.gmail_simulator.wire import Json, from_json

Query = dict[str, Any]

_INTEGER = re.compile(r"-?[0-9]+")
_SNAKE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_RANGES = {
    "int32": range(-(2**31), 2**31),
    "uint32": range(2**32),
    "int64": range(-(2**63), 2**63),
    "uint64": range(2**64),
}
_BYTES = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")


def read_query(discovery: Discovery, method: Method, pairs: Iterable[tuple[str, str]]) -> Query:
    """The method's query parameters: int, bool or str; a tuple of them where repeated. GoogleError 400 otherwise."""
    query: Query = {}
    for name, text in pairs:
        parameter = method.query.get(name) or discovery.common.get(name)
        if parameter is None:
            told = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
            raise bad_field(name, f"{told}Field '{name}' could not be found in request message.")
        value = _read(parameter, text)
        query[name] = (*query.get(name, ()), value) if parameter.repeated else value
    return query


def _read(parameter: Parameter, text: str) -> Any:
    if parameter.allowed:
        if text.lower() not in parameter.allowed:
            raise _bad_value(parameter.name, f"({parameter.name})", f'"{text}"')
        return text
    if parameter.form in _RANGES:
        if not _INTEGER.fullmatch(text) or int(text) not in _RANGES[parameter.form]:
            raise _bad_value(parameter.name, f"(TYPE_{parameter.form.upper()})", f'"{text}"')
        return int(text)
    if parameter.kind == "boolean":
        if text.lower() not in {"true", "false", "1", "0", ""}:
            raise _bad_value(parameter.name, "(TYPE_BOOL)", f'"{text}"')
        return text.lower() in {"true", "1", ""}
    return text


def _bad_value(field: str, kind: str, value: str) -> Exception:
    snake = _SNAKE.sub("_", field).lower()
    return bad_field(snake, f"Invalid value at '{snake}' {kind}, {value}")


def read_body(discovery: Discovery, schema: str | None, body: bytes) -> Json:
    """The JSON object of a body, checked against the named schema; {} for an empty one. GoogleError 400 otherwise."""
    if not body.strip():
        return {}
    try:
        value = from_json(body)
    except ValueError as error:
        raise bad_field("", f"Invalid JSON payload received. {error}") from error
    if not isinstance(value, dict):
        raise bad_field("", 'Invalid JSON payload received. Unknown name "": Root element must be a message.')
    if schema is None:
        if value:
            raise _unknown(next(iter(value)), ())
        return {}
    _check_object(discovery, discovery.schemas[schema], value, ())
    return value


def _unknown(name: str, path: Sequence[str]) -> Exception:
    where = f" at '{'.'.join(path)}'" if path else ""
    return bad_field(".".join(path), f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.')


def _check_object(discovery: Discovery, schema: Json, value: Json, path: tuple[str, ...]) -> None:
    properties = schema.get("properties", {})
    for name, member in value.items():
        if name not in properties:
            raise _unknown(name, path)
        if member is not None:
            _check(discovery, properties[name], member, (*path, name))


def _check(discovery: Discovery, spec: Json, value: Any, path: tuple[str, ...]) -> None:
    if "$ref" in spec:
        spec = discovery.schemas[spec["$ref"]]
    kind = spec.get("type")
    if kind == "object" and isinstance(value, dict):
        _check_object(discovery, spec, value, path)
    elif kind == "array" and isinstance(value, list):
        for index, member in enumerate(value):
            _check(discovery, spec["items"], member, (*path[:-1], f"{path[-1]}[{index}]"))
    elif not _scalar(spec, value):
        raise _bad_value(".".join(path), f"(TYPE_{spec.get('format', str(kind)).upper()})", f'"{value}"')


def _scalar(spec: Json, value: Any) -> bool:
    if "enum" in spec:
        return isinstance(value, str) and value.lower() in {one.lower() for one in spec["enum"]}
    form, kind = spec.get("format", ""), spec.get("type")
    if form in _RANGES:
        if isinstance(value, bool) or not isinstance(value, int | str):
            return False
        return bool(_INTEGER.fullmatch(str(value))) and int(value) in _RANGES[form]
    if form == "byte":
        return isinstance(value, str) and bool(_BYTES.fullmatch(value))
    if kind == "string":
        return isinstance(value, str)
    return isinstance(value, bool) if kind == "boolean" else False
