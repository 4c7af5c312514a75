"""A function that does everything that could get a mail into the log, for the test that looks whether it does.

Deployed it would be `functions/NAME/main.py`: it imports the wiring, and the framework serves it.
"""

import logging
import warnings
from collections.abc import Iterator
from typing import NoReturn

import flask
import functions_framework
import urllib3

import shared.wiring  # noqa: F401 - as every function does
from shared.entrypoint import schedule
from shared.errors import Transient

CANARY = "canary-of-a-mail"
for talkative in (None, "urllib3", "google", "gunicorn.error", "gunicorn.access"):
    logging.getLogger(talkative).setLevel(logging.DEBUG)
    logging.getLogger(talkative).addHandler(logging.StreamHandler())


@functions_framework.http
def leaking(request: flask.Request) -> flask.Response:
    """Does what the path says."""
    match request.path.strip("/"):
        case "escape":
            raise ValueError(CANARY)
        case "stream":
            return flask.Response(_broken())
        case "warn":
            warnings.simplefilter("always")
            warnings.warn(CANARY, UserWarning, stacklevel=1)
            return flask.Response(status=204)
        case "urllib3":
            retries = urllib3.Retry(total=1, backoff_factor=0)
            try:
                urllib3.PoolManager().request("POST", f"http://127.0.0.1:9/{CANARY}", body=CANARY, retries=retries)
            except urllib3.exceptions.HTTPError:
                logging.getLogger("google.auth").exception("%s", CANARY)
            return flask.Response(status=204)
        case _:
            return schedule.run(request, _failing, _failing)


def _broken() -> Iterator[bytes]:
    yield b"a"
    raise LookupError(CANARY)


def _failing() -> NoReturn:
    raise RuntimeError(CANARY) from Transient(CANARY)
