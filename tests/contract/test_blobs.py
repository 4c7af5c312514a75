"""What every place for blobs must do: the folder, the bucket, and the fake that stands for both."""

import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from shared import config
from shared.adapters.blobs.bucket import BucketBlobs
from shared.adapters.blobs.folder import FolderBlobs
from shared.errors import Gone, Transient
from shared.ports.world import Blobs, Shelf
from shared.wiring import blobs as wiring
from tests.contract.bucket_server import Bucket, serving
from tests.fakes.blobs import FakeBlobs

MIB = 1_048_576
Left = Callable[[], int]
"""How many things are kept, unfinished ones included."""


@pytest.fixture(scope="module")
def bucket() -> Iterator[tuple[str, Bucket]]:
    with serving() as served:
        yield served


@pytest.fixture(params=["fake", "folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Blobs, Left]:
    if request.param == "fake":
        fake = FakeBlobs()
        return fake, lambda: len(fake.contents)
    if request.param == "folder":
        return FolderBlobs(tmp_path), lambda: sum(path.is_file() for path in tmp_path.rglob("*"))
    url, held = request.getfixturevalue("bucket")
    held.objects.clear()
    held.uploads.clear()
    return BucketBlobs(client(url), "b"), lambda: len(held.objects)


def client(url: str) -> Client:
    return Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": url})  # type: ignore[no-untyped-call]


@pytest.fixture
def blobs(place: tuple[Blobs, Left]) -> Blobs:
    return place[0]


@pytest.fixture
def shelf(place: tuple[Blobs, Left]) -> Shelf:
    return cast(Shelf, place[0])


@pytest.mark.parametrize("size", [0, 1, 65_536, MIB, MIB + 1, 3 * MIB + 17])
def test_what_is_written_is_read(blobs: Blobs, size: int) -> None:
    content = bytes(at % 251 for at in range(size))

    written = blobs.write("a/b/c", (content[at : at + 70_000] for at in range(0, size, 70_000)))

    assert written == size
    assert b"".join(blobs.read("a/b/c")) == content


@pytest.mark.parametrize("start", [0, 1, 65_536, MIB, 2 * MIB - 1, 2 * MIB])
def test_reading_begins_where_it_is_asked_to(blobs: Blobs, start: int) -> None:
    content = bytes(at % 251 for at in range(2 * MIB))
    blobs.write("a", [content])

    assert b"".join(blobs.read("a", start=start)) == content[start:]


def test_a_blob_that_is_written_again_is_the_new_one(blobs: Blobs) -> None:
    blobs.write("a", [b"old and longer"])
    blobs.write("a", [b"new"])

    assert b"".join(blobs.read("a")) == b"new"


@pytest.mark.parametrize("size", [0, 10, 2 * MIB])
def test_a_writer_that_fails_leaves_nothing(place: tuple[Blobs, Left], size: int) -> None:
    blobs, left = place

    def blocks() -> Iterator[bytes]:
        yield b"x" * size
        raise ValueError("cut off")

    with pytest.raises(ValueError, match="cut off"):
        blobs.write("a", blocks())

    assert left() == 0
    with pytest.raises(Gone):
        b"".join(blobs.read("a"))


def test_a_writer_that_fails_leaves_the_blob_that_was_there(blobs: Blobs) -> None:
    def blocks() -> Iterator[bytes]:
        yield b"new"
        raise ValueError("cut off")

    blobs.write("a", [b"old"])
    with pytest.raises(ValueError, match="cut off"):
        blobs.write("a", blocks())

    assert b"".join(blobs.read("a")) == b"old"


@pytest.mark.parametrize("start", [0, 5])
def test_what_is_not_there_is_gone(blobs: Blobs, start: int) -> None:
    with pytest.raises(Gone):
        b"".join(blobs.read("nothing", start=start))


def test_what_is_deleted_is_gone_and_may_be_deleted_again(blobs: Blobs) -> None:
    blobs.write("a", [b"x"])
    blobs.delete("a")
    blobs.delete("a")

    with pytest.raises(Gone):
        b"".join(blobs.read("a"))


@pytest.mark.parametrize(
    "name", ["", "/a", "a//b", "../a", "a/../b", "a/.", ".a", "a b", "a\n", "a\\b", "\u00e9", "a/" * 20]
)
def test_t21_a_name_that_could_lead_elsewhere_is_refused(tmp_path: Path, bucket: tuple[str, Bucket], name: str) -> None:
    for blobs in (FolderBlobs(tmp_path), BucketBlobs(client(bucket[0]), "b")):
        with pytest.raises(ValueError, match="not a name"):
            blobs.write(name, [b"x"])
        with pytest.raises(ValueError, match="not a name"):
            b"".join(blobs.read(name))
        with pytest.raises(ValueError, match="not a name"):
            blobs.delete(name)


def test_f28_blobs_are_listed_by_name_page_by_page(blobs: Blobs, shelf: Shelf) -> None:
    began = datetime.now(UTC) - timedelta(seconds=1)
    names = ["a-b", "a/b/c", "b", "z/1", "z/10", "z/2"]
    for name in reversed(names):
        blobs.write(name, [b"x"])

    pages = [shelf.list(after="", limit=4), shelf.list(after="b", limit=4), shelf.list(after="z/2", limit=4)]

    assert [[kept.name for kept in page] for page in pages] == [
        ["a-b", "a/b/c", "b", "z/1"],
        ["z/1", "z/10", "z/2"],
        [],
    ]
    assert all(began < kept.written_at < datetime.now(UTC) for page in pages for kept in page)


def test_f28_a_listed_blob_is_dropped_unless_it_was_written_anew(blobs: Blobs, shelf: Shelf) -> None:
    for name in ("a", "b"):
        blobs.write(name, [b"old"])
    first, second = shelf.list(after="", limit=10)
    blobs.write("b", [b"new"])

    assert [shelf.drop(first), shelf.drop(second), shelf.drop(first)] == [True, False, False]
    assert [kept.name for kept in shelf.list(after="", limit=10)] == ["b"]
    assert b"".join(blobs.read("b")) == b"new"


def test_a_folder_tells_only_of_whole_blobs_and_its_time_goes_with_the_clock(tmp_path: Path) -> None:
    moved = timedelta(days=3)
    blobs = FolderBlobs(tmp_path, offset=lambda: moved)
    blobs.write("a", [b"x"])
    (tmp_path / ".writing-cut-off").write_bytes(b"half")

    (kept,) = blobs.list(after="", limit=10)

    assert kept.name == "a"
    assert abs(kept.written_at - datetime.now(UTC) - moved) < timedelta(minutes=1)
    assert blobs.drop(kept)


def test_a_bucket_that_does_not_answer_is_a_passing_trouble() -> None:
    with serving() as (url, _):
        gone = urlsplit(url).port
    blobs = BucketBlobs(client(f"http://127.0.0.1:{gone}"), "b", again_seconds=0.5)

    with pytest.raises(Transient):
        blobs.delete("a")
    with pytest.raises(Transient):
        blobs.list(after="", limit=1)


def test_p9_25_megabytes_go_through_a_folder_in_a_few_blocks(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    block = b"x" * 65_536

    tracemalloc.start()
    blobs.write("a", (block for _ in range(400)))
    size = sum(map(len, blobs.read("a")))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size == 25 * MIB
    assert peak < 2 * MIB


def test_the_address_chooses_the_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for url, kind in ((tmp_path.as_uri(), FolderBlobs), ("gs://some-bucket", BucketBlobs)):
        monkeypatch.setenv("BLOBS_URL", url)
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
        wiring.blobs.cache_clear()
        assert isinstance(wiring.blobs(), kind)
    for url in ("s3://bucket", "gs://bucket/folder", "folder"):
        monkeypatch.setenv("BLOBS_URL", url)
        wiring.blobs.cache_clear()
        with pytest.raises(config.Missing):
            wiring.blobs()
    wiring.blobs.cache_clear()
