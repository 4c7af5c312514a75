"""One JSON line an outcome, as Cloud Logging reads them: ids, counts and reasons, never content or addresses."""

import sys
import traceback
from types import TracebackType

import msgspec


def record(severity: str, message: str, **fields: object) -> None:
    """Writes one line; control characters in values are escaped by the encoding."""
    line = msgspec.json.encode({"severity": severity, "message": message, **fields}, enc_hook=str)
    sys.stdout.write(line.decode("utf-8") + "\n")
    sys.stdout.flush()


def failure(message: str, error: BaseException, **fields: object) -> None:
    """A bug: where it was raised and what kind it is, but not its text, which may quote a mail."""
    record("ERROR", message, error=type(error).__name__, stack=_places(error.__traceback__), **fields)


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-12:]]
