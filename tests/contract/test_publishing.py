"""How the topics' adapter speaks to Pub/Sub when Pub/Sub is in a bad mood, which the emulator never is."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import urllib3

from shared.adapters.pubsub.topics import PubSubTopics
from shared.domain.identifiers import MailboxId
from shared.errors import Transient


@dataclass(slots=True)
class Moody:
    """`statuses` are given one a request, the last one for ever."""

    statuses: list[int]
    authorizations: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def moody() -> Iterator[Moody]:
    kept = Moody([200])

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            kept.authorizations.append(self.headers.get("Authorization", ""))
            status = kept.statuses.pop(0) if len(kept.statuses) > 1 else kept.statuses[0]
            self.send_response(status)
            self.send_header("Retry-After", "30")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/v1/projects/p"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()


def topics(moody: Moody, authorization: str = "") -> PubSubTopics:
    return PubSubTopics(
        urllib3.PoolManager(),
        moody.url,
        work=lambda: "work",
        outbox=lambda: "outbox",
        events=lambda: "events",
        again=lambda: "again",
        authorization=lambda: authorization,
    )


def test_every_request_says_who_publishes(moody: Moody) -> None:
    topics(moody, "Bearer t").wake([MailboxId(f"m{n}") for n in range(501)])
    assert moody.authorizations == ["Bearer t", "Bearer t"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_refusal_is_tried_again_at_once(moody: Moody, status: int) -> None:
    moody.statuses = [status, 200]
    topics(moody).wake([MailboxId("m")])
    assert len(moody.authorizations) == 2


def test_F20_a_lasting_refusal_is_tried_three_times_and_then_told(moody: Moody) -> None:
    moody.statuses = [503]
    with pytest.raises(Transient):
        topics(moody).wake([MailboxId("m")])
    assert len(moody.authorizations) == 3


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404])
def test_a_refusal_that_stays_is_not_tried_again(moody: Moody, status: int) -> None:
    moody.statuses = [status]
    with pytest.raises(Transient):
        topics(moody).wake([MailboxId("m")])
    assert len(moody.authorizations) == 1
