"""A server of certificates as Google's is, whose keys, lifetime and mood a test decides."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID


def new_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=2_048)


def certificate(key: RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "federated-signon.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=36_500))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


@dataclass(slots=True)
class CertificateServer:
    """`keys` by key id; `asked` counts the requests."""

    keys: dict[str, RSAPrivateKey]
    cache_control: str = "public, max-age=3600, must-revalidate"
    status: int = 200
    garbage: bytes = b""
    asked: int = 0
    url: str = ""
    certificates: dict[int, str] = field(default_factory=dict)

    def body(self) -> bytes:
        for key in self.keys.values():
            self.certificates.setdefault(id(key), certificate(key))
        return self.garbage or msgspec.json.encode({kid: self.certificates[id(key)] for kid, key in self.keys.items()})


@contextmanager
def serving(keys: dict[str, RSAPrivateKey]) -> Iterator[CertificateServer]:
    """The server, on a port of its own."""
    kept = CertificateServer(keys)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kept.asked += 1
            body = kept.body()
            self.send_response(kept.status)
            self.send_header("Cache-Control", kept.cache_control)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/oauth2/v1/certs"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
