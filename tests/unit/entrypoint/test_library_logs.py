"""What libraries log, at any level and with any handler: that and where it happened, never what they would say."""

import io
import logging
import threading
from collections.abc import Iterator
from typing import NoReturn

import flask
import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from shared.entrypoint import library_logs
from tests.unit.entrypoint.lines import lines

CANARY = "canary-of-a-mail"
NAMES = ["urllib3.connectionpool", "google.auth.transport", "google.api_core", "flufl.bounce", "gunicorn.error", "root"]
LEVELS = [1, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL, 60]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Iterator[io.StringIO]:
    """What a handler prints that takes everything, the root logger being at its most talkative."""
    root, factory, hook = logging.getLogger(), logging.getLogRecordFactory(), threading.excepthook
    level, stream = root.level, io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setLevel(logging.NOTSET)
    root.addHandler(handler)
    root.setLevel(1)
    library_logs.withhold()
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
    logging.setLogRecordFactory(factory)
    logging.captureWarnings(capture=False)
    logging.disable(logging.NOTSET)
    threading.excepthook = hook


def raised() -> NoReturn:
    raise ValueError(CANARY) from KeyError(CANARY)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("level", LEVELS)
def test_T28_no_logger_prints_its_text_at_any_level(
    name: str, level: int, printed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logging.getLogger(None if name == "root" else name)
    logger.setLevel(1)
    logger.log(level, "%s", CANARY, extra={"httpRequest": CANARY})
    logger.log(level, CANARY)
    try:
        raised()
    except ValueError:
        logger.log(level, CANARY, exc_info=True, stack_info=True)
    logger.setLevel(logging.NOTSET)
    out, err = capsys.readouterr()
    told = lines(out)
    assert CANARY not in out + err + printed.getvalue()
    assert printed.getvalue() == ""
    if level <= logging.INFO:
        assert told == []
        return
    plain, _, failed = told
    assert (plain["message"], plain["logger"], "test_library_logs.py" in plain["place"]) == ("library", name, True)
    assert plain["severity"] == {60: "CRITICAL"}.get(level, logging.getLevelName(level))
    assert (failed["message"], failed["severity"], failed["error"]) == ("library failed", "ERROR", "ValueError")
    assert failed["stack_trace"].endswith("in raised\nValueError")


def test_T28_the_web_server_does_not_print_what_broke_an_answer(
    printed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Config()
    config.set("loglevel", "debug")
    config.set("accesslog", "-")
    log = Logger(config)
    log.debug("GET /explain?address=%s", CANARY)
    log.warning("Invalid request: %s", CANARY)
    log.access_log.info(CANARY)
    try:
        raised()
    except ValueError as error:
        log.critical(error)
        log.exception("Error handling request %s", f"/explain?address={CANARY}")
    out, err = capsys.readouterr()
    assert CANARY not in out + err + printed.getvalue()
    assert [line["message"] for line in lines(out)] == ["library", "library", "library failed"]


def test_T28_flask_does_not_print_what_escaped_from_a_function(
    printed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    app = flask.Flask("canary")
    app.add_url_rule("/", view_func=raised)
    assert app.test_client().get(f"/?{CANARY}").status_code == 500
    out, err = capsys.readouterr()
    assert CANARY not in out + err + printed.getvalue()
    assert [line["error"] for line in lines(out)] == ["ValueError"]


def test_T28_a_thread_that_fails_is_told_without_its_text(
    printed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    thread = threading.Thread(target=raised)
    thread.start()
    thread.join()
    out, err = capsys.readouterr()
    assert CANARY not in out + err + printed.getvalue()
    assert [(line["message"], line["error"]) for line in lines(out)] == [("thread failed", "ValueError")]
