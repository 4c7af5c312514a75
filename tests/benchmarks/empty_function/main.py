"""HTTP: answers, and nothing else."""

import flask
import functions_framework


@functions_framework.http
def empty_function(_request: flask.Request) -> flask.Response:
    """Answers 200."""
    return flask.Response("")
