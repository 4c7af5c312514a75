"""The published discovery document of the Gmail API, as routes, parameters, scopes and schemas."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tests.sandbox.gmail_simulator.wire import Json, from_json

_DOCUMENT = "discovery_cache/documents/gmail.v1.json"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter: its type and, where it has them, its allowed values (lower case)."""

    name: str
    kind: str
    form: str
    repeated: bool
    allowed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Method:
    """One method: where it answers, what it takes and which scopes allow it."""

    id: str
    http_method: str
    path: str
    query: dict[str, Parameter]
    scopes: frozenset[str]
    body: str | None
    upload_limit: int | None


@dataclass(frozen=True, slots=True)
class Route:
    """A method with the values of its path parameters."""

    method: Method
    path: dict[str, str]


class Discovery:
    """Finds the method behind a path, and the schema behind a name."""

    def __init__(self, document: Json) -> None:
        self.schemas: dict[str, Json] = document["schemas"]
        self.common = {name: _parameter(name, spec) for name, spec in document["parameters"].items()}
        self.methods = {method.id: method for method in _methods(document)}
        self._tree: dict[str, Any] = {}
        for method in self.methods.values():
            node = self._tree
            for segment in [*method.path.split("/"), method.http_method]:
                node = node.setdefault("{}" if segment.startswith("{") else segment, {})
            node["method"] = method

    def route(self, http_method: str, segments: Sequence[str]) -> Route | None:
        """The method that answers `segments` (a path below the root, split at its slashes); None if none does."""
        node, values = self._tree, []
        for segment in segments:
            below = node.get(segment)
            if below is None:
                below = node.get("{}")
                values.append(segment)
            if below is None:
                return None
            node = below
        method = node.get(http_method, {}).get("method")
        if method is None:
            return None
        names = [s[1:-1] for s in method.path.split("/") if s.startswith("{")]
        return Route(method, dict(zip(names, values, strict=True)))


def _parameter(name: str, spec: Json) -> Parameter:
    allowed = frozenset(value.lower() for value in spec.get("enum", ()))
    return Parameter(name, spec["type"], spec.get("format", ""), bool(spec.get("repeated")), allowed)


def _methods(resource: Json) -> list[Method]:
    found = [
        Method(
            id=spec["id"],
            http_method=spec["httpMethod"],
            path=spec["path"],
            query={n: _parameter(n, p) for n, p in spec["parameters"].items() if p["location"] == "query"},
            scopes=frozenset(spec["scopes"]),
            body=spec.get("request", {}).get("$ref"),
            upload_limit=int(spec["mediaUpload"]["maxSize"]) if "mediaUpload" in spec else None,
        )
        for spec in resource.get("methods", {}).values()
        if ":" not in spec["path"]
    ]
    for below in resource.get("resources", {}).values():
        found.extend(_methods(below))
    return found


@cache
def gmail() -> Discovery:
    """The document that google-api-python-client brings along, read once."""
    return Discovery(from_json(files("googleapiclient").joinpath(_DOCUMENT).read_bytes()))
