"""An operator's calls of `operations`."""

from dataclasses import dataclass
from typing import Any

from tests.client.endpoints import Endpoints
from tests.client.wire import Answer, call, ok

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operator:
    """Whoever holds an operator's token."""

    url: str
    token: str

    @classmethod
    def of(cls, endpoints: Endpoints, name: str = "olga") -> "Operator":
        """An operator of a running stack."""
        return cls(endpoints.functions["operations"], endpoints.token(name, [], "operator"))

    def ask(self, method: str, path: str, *, body: Any = None, **query: object) -> Answer:
        """One call, whatever its answer."""
        return call(method, f"{self.url.rstrip('/')}{path}", token=self.token, body=body, query=query)

    def get(self, path: str, **query: object) -> Row:
        """What a call shows."""
        return dict(ok(self.ask("GET", path, **query), path))

    def items(self, path: str, **query: object) -> list[Row]:
        """All items of a list."""
        page = self.get(path, **query)
        found = list(page["items"])
        while page["next_cursor"]:
            page = self.get(path, **query, cursor=page["next_cursor"])
            found += page["items"]
        return found

    def act(self, path: str, **body: object) -> Row:
        """What an act answers."""
        return dict(ok(self.ask("POST", path, body=body), path))

    def mailbox_of(self, location: str) -> Row:
        """The mailbox that is connected in a location, where there is just one."""
        mailboxes = self.items("/mailboxes", state="connected")
        (found,) = [one for one in mailboxes if location in {link["location"] for link in one["locations"]}]
        return found
