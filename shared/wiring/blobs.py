"""The blobs: a folder or a bucket, as the address says."""

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from shared import config
from shared.adapters.blobs.folder import FolderBlobs
from shared.ports.world import Blobs


@cache
def blobs() -> Blobs:
    """Where bodies and attachments are kept: `file:///folder` or `gs://bucket`."""
    url = urlsplit(config.setting("BLOBS_URL"))
    if url.scheme == "file":
        return FolderBlobs(Path(unquote(url.path)))
    if url.scheme != "gs" or url.path.strip("/"):
        raise config.Missing("BLOBS_URL is file:///folder or gs://bucket")
    from google.cloud.storage import Client  # noqa: PLC0415 - a folder needs no client of the cloud

    from shared.adapters.blobs.bucket import BucketBlobs  # noqa: PLC0415

    return BucketBlobs(Client(project=config.setting("GOOGLE_CLOUD_PROJECT")), url.netloc)
