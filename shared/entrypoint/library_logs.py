"""What libraries log: that they did, from which place, about which kind of error; never their texts.

Gunicorn and Flask print the text of an exception, urllib3 the addresses that it asks for, Google's clients bodies.
"""

import logging
import threading

from shared.entrypoint import log

NOWHERE = -1
"""A level below that of any handler, which so has nothing to print."""
SEVERITIES = ((logging.CRITICAL, "CRITICAL"), (logging.ERROR, "ERROR"), (logging.WARNING, "WARNING"))
"""Anything lower is never made."""


def withhold() -> None:
    """For the rest of the process: debugging output off, whoever turns it on; all else as lines without text."""
    logging.disable(logging.INFO)
    logging.setLogRecordFactory(_record)
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_failed


def _record(
    name: str,
    level: int,
    pathname: str,
    lineno: int,
    _msg: object,
    _args: object,
    exc_info: object,
    func: str | None = None,
    *_more: object,
    **_extra: object,
) -> logging.LogRecord:
    """In place of `logging.LogRecord`, which is called like this."""
    error = exc_info[1] if isinstance(exc_info, tuple) else None
    place = f"{pathname}:{lineno} {func or ''}".rstrip()
    if isinstance(error, BaseException):
        log.failure("library failed", error, logger=name, place=place)
    else:
        severity = next((word for least, word in SEVERITIES if level >= least), "INFO")
        log.record(severity, "library", logger=name, place=place)
    return logging.LogRecord(name, NOWHERE, pathname, lineno, "", (), None)


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    error = failed.exc_value or failed.exc_type()
    log.failure("thread failed", error.with_traceback(failed.exc_traceback))
