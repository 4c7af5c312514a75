"""The store, the clock and chance."""

import secrets
from functools import cache

from google.cloud import firestore

from shared import config
from shared.adapters.clock import SystemClock
from shared.adapters.firestore.store import FirestoreStore


@cache
def clock() -> SystemClock:
    """The instance's clock."""
    return SystemClock(config.clock_url())


@cache
def store() -> FirestoreStore:
    """The project's documents."""
    client = firestore.Client(
        project=config.setting("GOOGLE_CLOUD_PROJECT"), database=config.setting("FIRESTORE_DATABASE")
    )
    return FirestoreStore(client, offset=clock().offset)


class Random:
    """The operating system's randomness."""

    def token(self) -> str:
        """256 random bits, URL-safe."""
        return secrets.token_urlsafe(32)
