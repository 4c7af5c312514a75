"""The floor: only the calls to Gmail that are necessary, by a plain client that keeps nothing of the answers.

As a process of its own: `floor < SPEC`, SPEC: `{"host", "port", "token", "since", "bodies": [ids] or null for all,
"threads": n}`.
"""

import http.client
import json
import sys
import threading
import time
from typing import Any


class Client:
    """One connection that is kept."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection(host, port)
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> Any:
        """The answer, parsed; anything but 200 ends the process."""
        self._connection.request("GET", f"/gmail/v1/users/me/{path}", headers=self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            sys.exit(f"floor: {answer.status} {content[:200]!r}")
        return json.loads(content)


def added(client: Client, since: int) -> list[str]:
    """The ids of the mails that came after `since`, all pages."""
    ids: list[str] = []
    page = ""
    while True:
        told = client.get(f"history?startHistoryId={since}&historyTypes=messageAdded&maxResults=500{page}")
        ids += [one["message"]["id"] for record in told.get("history", ()) for one in record["messagesAdded"]]
        if "nextPageToken" not in told:
            return ids
        page = f"&pageToken={told['nextPageToken']}"


def read(client: Client, ids: list[str], bodies: set[str] | None) -> None:
    """The headers of each mail, and the whole of those whose body is wanted (None: of all)."""
    for one in ids:
        client.get(f"messages/{one}?format=metadata")
    for one in ids:
        if bodies is None or one in bodies:
            client.get(f"messages/{one}?format=full")


def main() -> None:
    """Prints the wall time of the calls and the CPU time of the whole process, in seconds."""
    spec = json.loads(sys.stdin.read())
    where = spec["host"], spec["port"], spec["token"]
    bodies = None if spec["bodies"] is None else set(spec["bodies"])
    started = time.perf_counter()
    ids = added(Client(*where), spec["since"])
    lanes = spec["threads"]
    threads = [threading.Thread(target=read, args=(Client(*where), ids[at::lanes], bodies)) for at in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - started
    print(json.dumps({"wall_s": wall, "cpu_s": time.process_time(), "mails": len(ids)}))


if __name__ == "__main__":
    main()
