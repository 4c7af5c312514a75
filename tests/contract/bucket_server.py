"""A stand-in for Cloud Storage: the few calls of its JSON API by which a blob is streamed in and out."""

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import google_crc32c

OBJECT = re.compile(r"/(?:download/)?storage/v1/b/[^/]+/o/([^/]+)")
LISTING = re.compile(r"/storage/v1/b/[^/]+/o")
UPLOAD = re.compile(r"/upload/storage/v1/b/[^/]+/o")


class Bucket:
    """What is stored, and uploads that are not finished."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, tuple[str, bytearray]] = {}
        self.generations: dict[str, tuple[int, datetime]] = {}

    def keep(self, name: str, content: bytes) -> None:
        self.objects[name] = content
        self.generations[name] = len(self.generations) + self.generations.get(name, (0,))[0] + 1, datetime.now(UTC)

    def listed(self, start: str, limit: int) -> list[dict[str, str]]:
        names = sorted(name for name in self.objects if name >= start)[:limit]
        kept = [(name, *self.generations[name]) for name in names]
        return [{"name": one, "generation": str(number), "timeCreated": f"{at:%FT%T.%fZ}"} for one, number, at in kept]


class Calls(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _json(self, status: int, body: Any, **headers: str) -> None:
        self._answer(status, json.dumps(body).encode(), Content_Type="application/json", **headers)

    def _object(self) -> str | None:
        found = OBJECT.fullmatch(urlsplit(self.path).path)
        name = unquote(found[1]) if found else None
        if name not in self.bucket.objects:
            self._json(404, {"error": {"code": 404, "message": "No such object"}})
            return None
        return name

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert UPLOAD.fullmatch(urlsplit(self.path).path)
        session = f"session-{len(self.bucket.uploads)}"
        self.bucket.uploads[session] = told["name"], bytearray()
        self._json(200, {}, Location=f"http://{self.headers['Host']}/upload/session/{session}")

    def do_PUT(self) -> None:
        name, content = self.bucket.uploads[self.path.rpartition("/")[2]]
        content += self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Range"].endswith("/*"):
            self._answer(308, Range=f"bytes=0-{len(content) - 1}")
            return
        self.bucket.keep(name, bytes(content))
        crc32c = base64.b64encode(google_crc32c.value(bytes(content)).to_bytes(4)).decode()
        self._json(200, {"name": name, "bucket": "b", "size": str(len(content)), "crc32c": crc32c})

    def do_GET(self) -> None:
        if LISTING.fullmatch(urlsplit(self.path).path):
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            self._json(200, {"items": self.bucket.listed(asked.get("startOffset", ""), int(asked["maxResults"]))})
            return
        if (name := self._object()) is None:
            return
        content = self.bucket.objects[name]
        if "alt=media" not in self.path:
            self._json(200, {"name": name, "bucket": "b", "size": str(len(content))})
            return
        first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        if int(first) >= len(content):
            self._json(416, {"error": {"code": 416, "message": "Range"}})
            return
        some = content[int(first) : int(last) + 1 if last else None]
        self._answer(206, some, Content_Range=f"bytes {first}-{int(first) + len(some) - 1}/{len(content)}")

    def do_DELETE(self) -> None:
        if self.path.startswith("/upload/session/"):
            del self.bucket.uploads[self.path.rpartition("/")[2]]
            self._answer(204)
        elif name := self._object():
            wanted = parse_qs(urlsplit(self.path).query).get("ifGenerationMatch")
            if wanted and int(wanted[0]) != self.bucket.generations[name][0]:
                self._json(412, {"error": {"code": 412, "message": "conditionNotMet"}})
                return
            del self.bucket.objects[name]
            self._answer(204)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def serving() -> Iterator[tuple[str, Bucket]]:
    """Its address, for STORAGE_EMULATOR_HOST, and what it holds."""
    bucket = Bucket()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundCalls", (Calls,), {"bucket": bucket}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
