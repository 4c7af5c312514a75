"""Secrets by reference: a version in Secret Manager, or on a developer's machine a file."""

from pathlib import Path
from urllib.parse import urlsplit

from shared.errors import Transient


def read_secret(reference: str) -> str:
    """The secret behind `projects/P/secrets/S/versions/V` or `file:///path`, without white space around it.

    Google's client is imported only where it is needed: it doubles the time that a function takes to start. Raises
    `Transient` where the secret can't be read: an operator may still put it there, or give the right to read it.
    """
    if reference.startswith("file://"):
        try:
            return Path(urlsplit(reference).path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Transient(f"secret: {type(error).__name__}") from error
    if not reference.startswith("projects/"):
        raise ValueError("a secret is named by projects/... or file:///...")
    from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
    from google.cloud import secretmanager  # noqa: PLC0415

    try:
        answer = secretmanager.SecretManagerServiceClient().access_secret_version(name=reference, timeout=10)
    except (GoogleAPIError, GoogleAuthError) as error:
        raise Transient(f"secret: {type(error).__name__}") from error
    return answer.payload.data.decode("utf-8").strip()
