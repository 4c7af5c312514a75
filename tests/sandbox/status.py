"""`make status`: how a deployment stands, or the local stack; asked as its operators ask."""

import os
from pathlib import Path
from typing import Any

import urllib3

from tests.client.endpoints import Endpoints
from tests.client.wire import Answer, RefusedError, call
from tests.sandbox.status_text import told
from tests.sandbox.trouble import TroubleError

URL, TOKEN = "OPERATIONS_URL", "OPERATIONS_TOKEN"
WELL, NEEDED = 0, 1
REFUSALS = {
    401: f"The deployment does not accept the token: put a fresh one, of role operator, into {TOKEN}.",
    403: f"The token is no operator's: {TOKEN} needs one of role operator.",
    404: f"There are no operations at this address: {URL} is the base URL of the function `operations`.",
    503: "The deployment's store or keys cannot be reached at the moment: try again, then look at the function's log.",
}


def status(run_dir: Path, url: str | None) -> int:
    """Prints the overview → 0 if nothing needs anybody, 1 if something does; TroubleError says why there is none."""
    where, token = _deployment(url) if url or os.environ.get(URL) else _stack(run_dir)
    overview = _overview(where, token)
    print(told(overview))
    return NEEDED if overview["attention"] else WELL


def _deployment(url: str | None) -> tuple[str, str]:
    token = os.environ.get(TOKEN)
    if not token:
        raise TroubleError(f"{TOKEN} is not set: it takes a token of your CRM's issuer, of role operator.")
    return url or os.environ[URL], token


def _stack(run_dir: Path) -> tuple[str, str]:
    try:
        endpoints = Endpoints.read(run_dir / "endpoints.json")
        return endpoints.functions["operations"], endpoints.token("operator", [], "operator")
    except FileNotFoundError as error:
        raise TroubleError(
            f"No stack runs in {run_dir}: start one with `make run`, or name a deployment by {URL} and {TOKEN}."
        ) from error
    except (KeyError, TypeError, ValueError, RefusedError, urllib3.exceptions.HTTPError) as error:
        raise TroubleError(f"The stack in {run_dir} does not answer: start it again with `make run`.") from error


def _overview(url: str, token: str) -> dict[str, Any]:
    try:
        answer = call("GET", f"{url.rstrip('/')}/status", token=token)
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise TroubleError(f"Nothing answers at {url}: {type(error).__name__}.") from error
    if answer.status != 200:
        raise TroubleError(REFUSALS.get(answer.status, f"The deployment answered {answer.status}: {_said(answer)}"))
    try:
        return dict(answer.json())
    except ValueError as error:
        raise TroubleError(f"What answers at {url} is not the function `operations`.") from error


def _said(answer: Answer) -> str:
    try:
        told = answer.json()["error"]
        return f"{told['message']} Correlation id {told['correlation_id']}."
    except (ValueError, KeyError, TypeError):
        return "no more was said."
