"""Where log lines come from, and what libraries may not say in them."""

from shared import config
from shared.entrypoint import library_logs, log


def prepare() -> None:
    """For a process that the platform runs as a function; anywhere else, as in a test, nothing is changed."""
    project, function, revision = config.deployed()
    if function:
        log.written_by(log.Origin(project, function, revision))
        library_logs.withhold()
