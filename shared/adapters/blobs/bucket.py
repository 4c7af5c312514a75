"""Blobs in a bucket of Cloud Storage: `gs://bucket`."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import requests
from google.api_core import exceptions as api
from google.auth.exceptions import TransportError
from google.cloud.storage import Client
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY

from shared.adapters.blobs.names import checked
from shared.errors import Gone, Transient
from shared.ports.world import Kept

CHUNK = 1_048_576
SECONDS = 60
AGAIN_SECONDS = 20.0
"""For how long a request is repeated: a name is written with one content only, so that repeating changes nothing."""


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except api.NotFound as error:
        raise Gone("blob") from error
    except (api.ServerError, api.TooManyRequests, api.RetryError) as error:
        raise Transient(f"blobs: {type(error).__name__}") from error
    except (requests.RequestException, TransportError, InvalidResponse, DataCorruption) as error:
        raise Transient(f"blobs: {type(error).__name__}") from error


class BucketBlobs:
    """Streams in chunks of 1 MiB both ways; an upload that is not finished leaves nothing."""

    def __init__(self, client: Client, bucket: str, *, again_seconds: float = AGAIN_SECONDS) -> None:
        self._bucket = client.bucket(bucket)
        self._again = DEFAULT_RETRY.with_timeout(again_seconds)

    def write(self, name: str, blocks: Iterable[bytes]) -> int:
        """Streams the blocks into the object, whole or not at all; the bytes written."""
        size = 0
        with (
            _failures(),
            self._bucket.blob(checked(name)).open(
                "wb", chunk_size=CHUNK, content_type="application/octet-stream", timeout=SECONDS, retry=self._again
            ) as file,
        ):
            for block in blocks:
                size += file.write(block)
        return size

    def read(self, name: str, *, start: int = 0) -> Iterator[bytes]:
        """The object's bytes from `start` on."""
        with (
            _failures(),
            self._bucket.blob(checked(name)).open("rb", chunk_size=CHUNK, timeout=SECONDS, retry=self._again) as file,
        ):
            if start:
                file.seek(start)
            while block := file.read(CHUNK):
                yield block

    def delete(self, name: str) -> None:
        """No such object any more."""
        try:
            with _failures():
                self._bucket.blob(checked(name)).delete(timeout=SECONDS, retry=self._again)
        except Gone:
            return

    def list(self, *, after: str, limit: int) -> Sequence[Kept]:
        """The objects whose names come after `after`, in the order of their names."""
        with _failures():
            # The list begins with the name that it is to come after, if that is there.
            found = self._bucket.list_blobs(
                start_offset=after or None,
                max_results=limit + 1,
                fields="items(name,timeCreated,generation),nextPageToken",
                timeout=SECONDS,
                retry=self._again,
            )
            listed = [Kept(one.name, one.time_created, str(one.generation)) for one in found]
        return [kept for kept in listed if kept.name != after][:limit]

    def drop(self, kept: Kept) -> bool:
        """Deletes the object if it is still the one that was listed; whether it did."""
        try:
            with _failures():
                self._bucket.blob(kept.name).delete(
                    timeout=SECONDS, retry=self._again, if_generation_match=int(kept.version)
                )
        except (Gone, api.PreconditionFailed):
            return False
        return True
