"""The blobs: a folder or a bucket, as the address says."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from shared import config
from shared.adapters.blobs.folder import FolderBlobs
from shared.wiring.state import clock

if TYPE_CHECKING:
    from shared.adapters.blobs.bucket import BucketBlobs


@cache
def blobs() -> "FolderBlobs | BucketBlobs":
    """Where bodies and attachments are kept: `file:///folder` or `gs://bucket`."""
    url = urlsplit(config.setting("BLOBS_URL"))
    if url.scheme == "file":
        return FolderBlobs(Path(unquote(url.path)), offset=clock().offset)
    if url.scheme != "gs" or url.path.strip("/"):
        raise config.Missing("BLOBS_URL is file:///folder or gs://bucket")
    from google.cloud.storage import Client  # noqa: PLC0415 - a folder needs no client of the cloud

    from shared.adapters.blobs.bucket import BucketBlobs  # noqa: PLC0415

    return BucketBlobs(Client(project=config.setting("GOOGLE_CLOUD_PROJECT")), url.netloc)
