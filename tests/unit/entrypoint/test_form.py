"""Forms read while they arrive."""

import tracemalloc
from collections.abc import Iterator
from io import BytesIO

import flask
import pytest
from werkzeug.test import EnvironBuilder

from shared.entrypoint.form import parts
from shared.errors import Rejected
from shared.ports.form import FormPart
from tests.unit.entrypoint.requests import request

KIND = {"Content-Type": "multipart/form-data; boundary=cut"}
MAIL = b'--cut\r\nContent-Disposition: form-data; name="mail"\r\nContent-Type: application/json\r\n\r\n{"a": 1}\r\n'
END = b"--cut--\r\n"


def file(name: str, content: bytes, more: str = "Content-Type: image/png\r\n") -> bytes:
    head = f'--cut\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n{more}\r\n'
    return head.encode() + content + b"\r\n"


def posted(body: bytes, headers: dict[str, str] = KIND, *, chunked: bool = False) -> flask.Request:
    asked = request("POST", "/", body=body, chunked=chunked)
    asked.environ["CONTENT_TYPE"] = headers["Content-Type"]
    return asked


def taken(asked: flask.Request) -> list[tuple[FormPart, bytes]]:
    return [(part, b"".join(part.blocks)) for part in parts(asked)]


@pytest.mark.parametrize("chunked", [False, True])
def test_the_parts_come_in_their_order_with_their_bytes(chunked: bool) -> None:
    content = bytes(range(256)) * 2_000

    (mail, json), (image, seen), (empty, nothing) = taken(
        posted(MAIL + file("Größe.png", content) + file("empty", b"", "") + END, chunked=chunked)
    )

    assert (mail.name, mail.filename, mail.content_type, json) == ("mail", None, "application/json", b'{"a": 1}')
    assert (image.name, image.filename, image.content_type, seen) == ("file", "Größe.png", "image/png", content)
    assert (empty.filename, empty.content_type, nothing) == ("empty", "", b"")


@pytest.mark.parametrize(
    "content", [b"\r\n", b"\r\n--cu", b"x--cut", b"\r\n--cutter\r\n", b"\r" * 70_000, b"--cu\n" * 9_000]
)
def test_a_file_may_contain_what_looks_like_a_boundary(content: bytes) -> None:
    assert taken(posted(file("a", content) + END))[0][1] == content


def test_a_part_that_nobody_reads_is_passed_over() -> None:
    names = [part.name for part in parts(posted(file("a", b"x" * 300_000) + MAIL + END))]

    assert names == ["file", "mail"]


def test_an_inline_image_tells_its_content_id() -> None:
    ((image, _),) = taken(posted(file("a.png", b"x", "Content-Type: image/png\r\nContent-ID: <logo>\r\n") + END))

    assert image.content_id == "<logo>"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {"Content-Type": "application/json"}),
        (MAIL + END, {"Content-Type": "multipart/form-data"}),
        (MAIL + END, {"Content-Type": "multipart/form-data; boundary=\u00e9"}),
        (MAIL + END, {"Content-Type": f"multipart/form-data; boundary={'x' * 201}"}),
        (MAIL + END, {"Content-Type": "multipart/form-data; boundary=other"}),
        (b"", KIND),
        (MAIL, KIND),
        (file("a", b"x" * 1_000)[:-500], KIND),
        (b"--cut\r\nContent-Type: text/plain\r\n\r\nx\r\n" + END, KIND),
        (b"--cut\r\nContent-Disposition: form-data; name=\xff\r\n\r\nx\r\n" + END, KIND),
        (b"--cut\r\n" + b"X-Long: " + b"x" * 600_000 + b"\r\n\r\nx\r\n" + END, KIND),
        (file("a", b"x") * 502 + END, KIND),
    ],
)
def test_what_is_no_form_or_ends_early_is_refused(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(Rejected, match="invalid_request"):
        taken(posted(body, headers))


def test_a_form_of_unknown_length_beyond_the_limit_is_too_large() -> None:
    asked = posted(file("a", b"x" * 500_000) + END, chunked=True)
    asked.max_content_length = 400_000

    with pytest.raises(Rejected, match="too_large"):
        taken(asked)


def test_p9_a_large_file_is_never_held_whole() -> None:
    class Endless(BytesIO):
        """A form whose file is made while it is read."""

        def __init__(self) -> None:
            super().__init__()
            self.blocks = self._blocks()

        def _blocks(self) -> Iterator[bytes]:
            yield file("a", b"")[:-2]
            for _ in range(400):
                yield b"x" * 65_536
            yield b"\r\n" + END

        def read(self, size: int | None = -1, /) -> bytes:
            return next(self.blocks, b"")

    environ = EnvironBuilder(method="POST").get_environ() | {"CONTENT_TYPE": KIND["Content-Type"]}
    environ |= {"wsgi.input": Endless(), "wsgi.input_terminated": True}
    tracemalloc.start()
    form = parts(flask.Request(environ))
    size = sum(len(block) for part in form for block in part.blocks)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size == 400 * 65_536
    assert peak < 2 * 1_048_576
