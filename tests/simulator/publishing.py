"""The one call of Pub/Sub that the simulator makes, answered by a server of the test's own."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.simulator.running import until


class PubSub:
    """Takes messages for its topics, answers 404 for others."""

    def __init__(self, topics: set[str]) -> None:
        self.published: list[dict[str, Any]] = []
        published = self.published

        class Endpoint(BaseHTTPRequestHandler):
            """Answers the publish call."""

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                known = self.path.removeprefix("/v1/").removesuffix(":publish") in topics
                if known:
                    published.append(body)
                self.send_response(200 if known else 404)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
                """Keeps quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *gone: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """The bodies published, once there are so many."""
        until(lambda: len(self.published) >= count)
        return self.published
